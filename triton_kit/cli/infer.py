"""``tk infer``: send a request to a model and show its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.infer_options import (
    AnswerOptions,
    DataOptions,
    MadeUpOptions,
    RequestOptions,
    SequenceOptions,
)
from triton_kit.cli.support.infer_output import AnswerView, Asked, Came, JoinedView, JsonView, LinesView, TextView
from triton_kit.cli.support.option_groups import build_request
from triton_kit.cli.support.options import format_option
from triton_kit.cli.support.refusal import explained
from triton_kit.cli.support.request_progress import RequestProgress
from triton_kit.cli.support.server_options import ModelVersion, RequestTimeout, ServerOptions
from triton_kit.cli.support.terminal import say, warn
from triton_kit.client import NoAnswer, ServerError
from triton_kit.client.answer import Answer, check_target, read_labels, save
from triton_kit.client.exchange import read_answer, send
from triton_kit.client.request import InferPlan, InferRequest
from triton_kit.client.tally import Tally
from triton_kit.client.trial import plan_accepted
from triton_kit.errors import UsageError, assert_never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from triton_kit.cli.support.server_options import ServerAddress
    from triton_kit.client.input_slots import Slot
    from triton_kit.client.types import Array

InferFormat = Literal["text", "json", "ndjson"]


def infer(
    model: Annotated[str, Argument(metavar="MODEL", help="The model to ask.")],
    inputs: Annotated[
        list[str] | None,
        Argument(metavar="[NAME=VALUE]...", help="An input as JSON, as text for BYTES, or as @FILE."),
    ] = None,
    model_version: ModelVersion = "",
    *,
    made_up: MadeUpOptions,
    data: DataOptions,
    request: RequestOptions,
    sequence: SequenceOptions,
    repeat: Annotated[int, Option(min=1, metavar="N", help="Send it that many times, and sum up.")] = 1,
    in_flight: Annotated[int, Option("--async", min=1, metavar="N", help="Keep N requests in flight.")] = 1,
    shown: AnswerOptions,
    server: ServerOptions,
    timeout: RequestTimeout = 60.0,
    format_: Annotated[
        InferFormat, format_option("How to print the result; ndjson has a line for each response, as it comes.")
    ] = "text",
) -> int:
    """Send a request to a model and show its answer.

    An output that the server has labels for is shown as its best classes. The responses of a decoupled model come over
    gRPC, and each is shown as it arrives. Ends with 1 when the server refuses a request, with 3 when it does not
    answer, with 130 on Ctrl-C, after a sum of what came.
    """
    fill = made_up.fill()
    sequence.check()
    if shown.output is not None:
        check_target(shown.output)
    if shown.join and in_flight > 1:
        raise UsageError("--join prints one text after the other", hint="leave out --async")
    view = _view(format_, shown)
    labels = read_labels(shown.labels) if shown.labels is not None else ()
    place = server.place([model])
    question = build_request(
        InferRequest,
        data,
        model=model,
        version=model_version,
        inline=inputs or (),
        fill=fill,
        seed=made_up.seed,
        batch=made_up.batch,
        shapes=made_up.shapes or (),
        top=shown.top,
        values=shown.output is not None or shown.labels is not None or shown.join,
        outputs=request.names(),
        parameters=request.values(),
        request_id=request.request_id,
        examples=_examples(place, model) if made_up.random else None,
    )
    with server.connect(place, timeout=timeout) as client:
        try:
            plan = sequence.of(plan_accepted(client, question))
        except ServerError as error:
            raise explained(error) from None
        sequence.check_order(plan, in_flight)
        for note in plan.notes:
            say(note)
        asked = Asked(client=client, plan=plan, model=model, version=model_version, top=shown.top, labels=labels)
        if asked.streamed:
            asked = replace(asked, client=client.streaming())
        return _exchange(asked, view, shown.output, repeat, in_flight)


def _view(format_: InferFormat, shown: AnswerOptions) -> AnswerView:
    if shown.join:
        if format_ != "text":
            raise UsageError(f"--join and --format {format_} exclude each other", hint="choose one")
        return JoinedView()
    match format_:
        case "text":
            return TextView()
        case "json":
            return JsonView()
        case "ndjson":
            return LinesView()
    assert_never(format_)


def _exchange(asked: Asked, view: AnswerView, output: Path | None, repeat: int, in_flight: int) -> int:
    """Send the requests and show what comes; the exit code."""
    plan = asked.plan
    view.begin(asked)
    progress = RequestProgress(len(plan.requests) * repeat)
    tally = Tally(streamed=asked.streamed)
    # What was shown as it came is not kept unless a file is to hold it: a stream may be endless.
    keep = output is not None or view.keeps
    answers: list[Answer] = []
    counts: dict[int, int] = {}
    interrupted = False
    try:
        with progress:
            for outcome in send(asked.client, plan, repeat, in_flight):
                tally.add(outcome)
                index = outcome.index
                # Of what is repeated only the first answer is kept, so that memory does not grow.
                if outcome.result is not None and index < len(plan.requests):
                    number = counts[index] = counts.get(index, -1) + 1
                    outputs = read_answer(plan, outcome.result, asked.top, asked.labels)
                    version = outcome.result.version
                    answer = Answer(
                        request=index, response=number, seconds=outcome.seconds, outputs=outputs, version=version
                    )
                    if keep:
                        answers.append(answer)
                    view.show(answer)
                if outcome.last and (not asked.streamed or index >= len(plan.requests)):
                    progress.ended(tally.ended, len(tally.failures))
    except KeyboardInterrupt:
        interrupted = True
    tally.stop()
    answers.sort(key=lambda answer: (answer.request, answer.response))
    return _finish(asked, view, output, Came(answers=answers, tally=tally, interrupted=interrupted))


def _finish(asked: Asked, view: AnswerView, output: Path | None, came: Came) -> int:
    """Show the sums, keep the outputs, and say what failed; the exit code."""
    tally, interrupted = came.tally, came.interrupted
    failures, single = tally.failures, tally.ended == 1 and not interrupted
    if failures and single and not tally.responses:
        raise explained(failures[0], asked.plan.metadata)
    if output is not None:
        save(output, [answer.outputs for answer in came.answers])
    view.end(came)
    if output is not None:
        say(f"saved to {output}")
    if tally.client_is_the_limit:
        warn(
            f"tk itself computed for {100 * tally.client_busy:.0f} % of the time: the figures show its own limit",
            hint="measure the server with perf_analyzer, or with several tk infer at once",
        )
    if failures and single:
        raise explained(failures[0], asked.plan.metadata)
    code = _warn(tally, asked.plan) if failures else 0
    return 130 if interrupted else code


def _warn(tally: Tally, plan: InferPlan) -> int:
    """Say how many requests failed, and the worst reason; the exit code."""
    failures = tally.failures
    worst = next((e for e in failures if isinstance(e, NoAnswer)), failures[0])
    failure = explained(worst, plan.metadata)
    warn(f"{len(failures)} of {tally.ended} requests failed: {failure.message}", hint=failure.hint)
    return worst.exit_code


def _examples(place: ServerAddress, model: str) -> Callable[[Mapping[str, Slot]], Mapping[str, Sequence[Array]]] | None:
    """The inputs of the model's golden cases, where the server is one of tk's and its repository known."""
    if place.running is None:
        return None
    from functools import partial

    from triton_kit.versions.golden_arrays import example_inputs

    return partial(example_inputs, place.running.repository / model)
