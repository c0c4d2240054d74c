"""What many requests come to, and what is made of a refusal."""

from __future__ import annotations

import pytest

from triton_kit.cli.support.refusal import explained
from triton_kit.client.concurrency import InferOutcome
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.summary import client_is_the_limit
from triton_kit.client.tally import Tally
from triton_kit.client.types import InferResult, ModelMetadata, TensorMetadata

METADATA = ModelMetadata(
    name="m",
    versions=("1",),
    platform="",
    inputs=(TensorMetadata(name="x", datatype="FP32", shape=(-1, 4)),),
    outputs=(),
)
RESULT = InferResult(model="m", version="1", outputs={}, datatypes={}, seconds=0.0)


def response(index: int, seconds: float) -> InferOutcome:
    return InferOutcome(index=index, result=RESULT, error=None, seconds=seconds, last=False)


def end(index: int, seconds: float, *, failed: bool = False) -> InferOutcome:
    error = ServerError("no", status="400") if failed else None
    return InferOutcome(index=index, result=None, error=error, seconds=seconds)


def test_streams_that_run_side_by_side_are_timed_apart():
    tally = Tally(streamed=True)
    for outcome in (
        response(0, 1.0), response(1, 0.25), response(0, 1.5), end(0, 1.75), response(1, 4.25), response(2, 0.5),
        end(1, 5.0, failed=True),
    ):  # fmt: skip
        tally.add(outcome)
    tally.stop()
    stream = tally.stream_summary()
    assert stream is not None
    assert stream.responses == 5
    assert (stream.fewest, stream.most) == (2, 2)
    assert stream.time_to_first_response is not None
    assert (stream.time_to_first_response.min, stream.time_to_first_response.max) == (250.0, 1000.0)
    assert stream.inter_response_latency is not None
    assert (stream.inter_response_latency.min, stream.inter_response_latency.max) == (500.0, 4000.0)
    summary = tally.summary()
    assert (summary.sent, summary.failed, summary.max) == (2, 1, 1750.0)


@pytest.mark.parametrize(
    ("busy", "seconds", "limit"),
    [
        pytest.param(0.95, 10.0, True, id="busy"),
        pytest.param(0.5, 10.0, False, id="waiting"),
        pytest.param(1.0, 0.1, False, id="just started"),
    ],
)
def test_the_client_is_the_limit_where_it_computes_most_of_the_time(busy, seconds, limit):
    assert client_is_the_limit(busy, seconds) is limit


SHAPE = "unexpected shape for input 'x' for model 'm'. Expected [-1,4], got [1,3]"


TAKES = "model m takes x FP32 [-1, 4]"


@pytest.mark.parametrize(
    ("message", "part"),
    [
        pytest.param(SHAPE, TAKES, id="wrong shape"),
        pytest.param("expected 2 inputs but got 1 inputs for model 'm'", TAKES, id="too few"),
        pytest.param(
            "inference request to model 'm' must specify a non-zero or non-empty correlation ID",
            "--sequence-id",
            id="no correlation id",
        ),
        pytest.param(
            "in ensemble 'e', inference request for sequence 4 to model 'm' must specify the START flag on the first "
            "request of the sequence",
            "--sequence-start",
            id="no start in a member",
        ),
        pytest.param("Stub process 'm_0' is not healthy.", "model.py", id="a dead process"),
    ],
)
def test_a_refusal_gets_the_hint_that_belongs_to_it(message, part):
    assert part in str(explained(ServerError(message, status="400"), METADATA).hint)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("in ensemble 'e', boom", id="a member's own words"),
        pytest.param(f"in ensemble 'e', {SHAPE}", id="a member that got a wrong shape"),
        pytest.param("Stub process 'm_0' is not healthy.", id="a dead process"),
    ],
)
def test_a_correct_request_is_not_blamed(message):
    assert TAKES not in str(explained(ServerError(message, status="400"), METADATA).hint)


def test_the_models_own_words_have_no_hint():
    assert explained(ServerError("boom", status="400"), METADATA).hint is None


def test_a_hint_that_is_there_and_an_answer_that_is_not_stay():
    given = ServerError(SHAPE, status="401", hint="log in")
    assert explained(given, METADATA) is given
    silent = NoAnswer("nobody")
    assert explained(silent, METADATA) is silent
