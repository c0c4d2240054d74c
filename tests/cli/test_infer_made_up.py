"""What ``tk infer`` makes up by itself, sequences and refusals, against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from stream_server import STREAM_MODELS, copy_models, remember

from triton_kit.cli import run


@pytest.fixture
def repository(tmp_path):
    """The models' folders, as the server that tk started would have them."""
    return copy_models(tmp_path)


@pytest.fixture
def tk(stream_server, repository, capsys):
    """Run ``tk infer``, which finds the server by itself; gives the exit code, stdout and stderr."""
    remember(stream_server, repository)

    def infer(*args: object) -> tuple[int, str, str]:
        code = run(["infer", *map(str, args)])
        return code, *capsys.readouterr()

    return infer


def value(out: str) -> object:
    """The first element of the only output."""
    (answer,) = json.loads(out)["answers"]
    found = np.array(answer["outputs"][0]["values"], dtype=object)
    return found.ravel()[0]


def test_sizes_that_are_refused_are_followed_by_others_and_the_one_that_worked_is_said(tk):
    code, out, err = tk("fussy", "--random", "--format", "json")
    assert code == 0
    assert value(out) == 16000
    assert "SOUND as [16000]" in err
    assert tk("fussy_pipe", "--zeros")[0] == 0


def test_the_sizes_of_a_golden_case_come_first(tk, repository):
    case = {"inputs": {"SOUND": [0.5] * 401}, "outputs": {"LENGTH": [401]}}
    (repository / "fussy" / "tests").mkdir()
    (repository / "fussy" / "tests" / "one.json").write_text(json.dumps(case))
    code, out, err = tk("fussy", "--random", "--format", "json")
    assert code == 0
    assert value(out) == 401
    assert "SOUND as [401]" in err


def test_sizes_that_the_user_gives_are_the_only_ones(tk):
    code, out, err = tk("fussy", "--random", "--shape", "SOUND:3")
    assert (code, out) == (1, "")
    assert err == "error: 3 samples are less than a window of 400\n"


def test_a_model_that_decodes_pictures_gets_one(tk):
    pytest.importorskip("PIL")
    code, out, err = tk("reader", "--random", "--format", "json")
    assert code == 0
    assert json.loads(str(value(out)))["id"] == ""
    assert "DATA as a picture, after 2 other guesses failed" in err


def test_parameters_priority_and_the_id_go_along(tk):
    pytest.importorskip("PIL")
    code, out, _ = tk(
        "reader", "--random", "--format", "json", "--request-id", "mine", "--parameter", "n=5", "--parameter", "t=a=b",
        "--parameter", "on=true", "--parameter", "share=0.5", "--request-timeout", "2.5",
    )  # fmt: skip
    assert code == 0
    seen = json.loads(str(value(out)))
    assert seen["id"] == "mine"
    assert {"n": 5, "t": "a=b", "on": True}.items() <= seen["parameters"].items()


def test_a_stream_carries_parameters_too(tk):
    assert tk("counter", "COUNT=1", "--parameter", "n=5", "--priority", 1, "--request-id", "x")[0] == 0


@pytest.mark.parametrize("model", ["total_direct", "total_oldest"])
def test_random_requests_to_a_sequence_model_are_whole_sequences(tk, model):
    code, out, err = tk(model, "--random", "--repeat", 20, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["summary"]["failed"] == 0
    first = value(out)
    # No sequence goes on where another one ended: the total begins again.
    assert value(tk(model, "--random", "--format", "json")[1]) == first


def test_the_requests_of_a_file_are_one_sequence(tk, tmp_path):
    (tmp_path / "rows.json").write_text('[{"IN": [1]}, {"IN": [2]}, {"IN": [3]}]')
    ask = ("total_oldest", "--data", tmp_path / "rows.json", "--sequence-id", 7)
    code, out, _ = tk(*ask, "--sequence-start", "--sequence-end", "--format", "json")
    assert code == 0
    assert [a["outputs"][0]["values"] for a in json.loads(out)["answers"]] == [[[1]], [[3]], [[6]]]
    code, _, err = tk(*ask, "--async", 2)
    assert code == 2
    assert "go one after the other" in err


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        pytest.param(["total_direct", "IN=1"], "--sequence-id N", id="no correlation id"),
        pytest.param(["total_oldest", "IN=1", "--sequence-id", "99"], "--sequence-start", id="no start"),
    ],
)
def test_a_refusal_about_the_sequence_has_its_remedy(tk, args, hint):
    code, out, err = tk(*args)
    assert (code, out) == (1, "")
    assert hint in err.partition("hint: ")[2]


@pytest.mark.parametrize("model", ["fussy", "fussy_pipe"])
def test_a_correct_request_is_not_blamed_for_what_a_model_or_a_member_says(tk, model):
    code, _, err = tk(model, "SOUND=[1,2]")
    assert code == 1
    assert "2 samples are less than a window of 400" in err
    assert "takes SOUND" not in err


def test_many_requests_are_summed_up_and_the_clients_share_is_told(tk):
    code, out, _ = tk("total_oldest", "--random", "--repeat", 50, "--async", 4, "--format", "json")
    assert code == 0
    found = json.loads(out)
    assert found["summary"]["sent"] == 50
    assert 0 < found["client_busy"] <= 1


def test_every_model_of_the_repository_takes_random_data(tk):
    for path in STREAM_MODELS.iterdir():
        if path.name not in ("counter", "counter_pipe"):
            assert tk(path.name, "--random")[0] == 0, path.name


def test_repetitions_show_how_far_they_are_and_ctrl_c_sums_them_up(stream_server, repository):
    remember(stream_server, repository)
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "triton_kit", "infer", "total_oldest", "--random", "--repeat", "1000000"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    with process, contextlib.suppress(OSError):
        # The bar has counted something once it no longer begins at 0.
        while not re.search(rb"[1-9]\d*/1000000", shown):
            shown += os.read(terminal, 4096)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        out = process.stdout.read()
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    assert process.returncode == 130
    found = re.search(r"(\d+) requests, interrupted in [\d.]+ s, [\d.]+ requests/s\nlatency ms  min ", out)
    assert found is not None
    assert 1 < int(found[1]) < 1_000_000
    assert b"Traceback" not in shown
