"""``tk infer`` on decoupled models as a user sees it, against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from free_ports import free_ports
from running_server import serving
from stream_server import copy_models, remember

from triton_kit.cli import run
from triton_kit.client import connection


@pytest.fixture
def known(stream_server, tmp_path):
    """The server with the streams, known to tk; its models are in no repository here."""
    remember(stream_server, tmp_path)
    return stream_server


@pytest.fixture
def tk(known, capsys):
    """Run ``tk infer``, which finds the server by itself; gives the exit code, stdout and stderr."""

    def infer(*args: object) -> tuple[int, str, str]:
        code = run(["infer", *map(str, args)])
        return code, *capsys.readouterr()

    return infer


@contextlib.contextmanager
def started(*args: str) -> Iterator[subprocess.Popen[str]]:
    """``tk infer`` as a process with a pipe, as a script has it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "triton_kit", "infer", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def numbers(out: str) -> list[int]:
    """What a JSON document has of the output NUMBER, in order."""
    return [
        output["values"][0]
        for answer in json.loads(out)["answers"]
        for output in answer["outputs"]
        if output["name"] == "NUMBER"
    ]


def test_each_response_is_printed_as_it_comes_and_not_at_the_end(known):
    with started("counter", "COUNT=10", "PAUSE=0.2") as process:
        assert process.stdout is not None
        came = [(time.monotonic(), line) for line in process.stdout]
    rows = [at for at, line in came if " NUMBER " in line]
    assert len(rows) == 10
    # The stream takes nine pauses from its first response to its last one; printed at the end, all come at once.
    assert rows[-1] - rows[0] > 0.5 * 9 * 0.2
    assert process.returncode == 0


def test_the_address_for_grpc_is_that_of_the_server_that_tk_knows(tk, stream_server):
    code, out, err = tk("counter", "COUNT=2")
    assert code == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == f"counter version 1 at grpc://{stream_server.endpoints.grpc}"
    assert lines[2].split() == ["response", "ms", "output", "type", "shape", "values"]
    assert lines[3].split()[0] == "1"
    assert lines[3].split()[2:] == ["NUMBER", "INT32", "[1]", "1"]
    assert lines[4].split() == ["WORDS", "BYTES", "[1]", '"1é', '"']
    assert lines[6].split()[:4] == ["WORDS", "BYTES", "[2]", '"2é']
    assert lines[8].startswith("2 responses in ")
    assert lines[9].startswith("time to first response ms  ")
    assert lines[10].startswith("inter-response latency ms  min ")


def test_an_ensemble_with_a_decoupled_member_is_a_stream_too(tk):
    code, out, _ = tk("counter_pipe", "COUNT=3", "--format", "json")
    assert code == 0
    assert numbers(out) == [1, 2, 3]


def test_a_server_whose_grpc_port_is_not_known_is_named_by_the_user(stream_server, capsys):
    assert run(["infer", "counter", "COUNT=1", "--url", stream_server.endpoints.http]) == 2
    assert "the server's gRPC port is not known\n  hint: add --grpc" in capsys.readouterr().err
    assert run(["infer", "counter", "COUNT=1", "--url", stream_server.endpoints.grpc, "--grpc"]) == 0


def test_beside_the_usual_http_port_the_usual_grpc_port_is_asked(stream_server, monkeypatch, capsys):
    http, grpc = (
        int(where.rpartition(":")[2]) for where in (stream_server.endpoints.http, stream_server.endpoints.grpc)
    )
    monkeypatch.setattr(connection, "HTTP_PORT", http)
    monkeypatch.setattr(connection, "GRPC_PORT", grpc)
    ask = ["infer", "counter", "COUNT=1", "--url", f"127.0.0.1:{http}"]
    assert run(ask) == 0
    assert f"at grpc://127.0.0.1:{grpc}\n" in capsys.readouterr().out
    (unused, *_) = free_ports()
    monkeypatch.setattr(connection, "GRPC_PORT", unused)
    assert run(ask) == 3
    err = capsys.readouterr().err
    assert f"its responses come over gRPC: nothing listens at grpc://127.0.0.1:{unused}\n" in err
    assert "give its gRPC port with --grpc --url HOST:PORT" in err


def test_without_grpc_the_remedy_is_to_install_it(tk, monkeypatch):
    monkeypatch.setitem(sys.modules, "tritonclient.grpc", None)
    code, out, err = tk("counter", "COUNT=1")
    assert (code, out) == (2, "")
    assert "the model is decoupled, and its responses come over gRPC: gRPC is not installed" in err
    assert "pip install 'triton-kit[grpc]'" in err


def test_joined_texts_do_not_mix(tk):
    assert "one text after the other" in tk("counter", "COUNT=1", "--join", "--async", 2)[2]
    assert "no output is a text" in tk("counter", "COUNT=1", "--join", "--outputs", "NUMBER")[2]


def test_the_json_counts_responses_and_times_them(tk):
    code, out, _ = tk("counter", "COUNT=3", "PAUSE=0.2", "--repeat", 2, "--format", "json")
    assert code == 0
    found = json.loads(out)
    assert [(a["request"], a["response"]) for a in found["answers"]] == [(0, 0), (0, 1), (0, 2)]
    assert [a["ms"] for a in found["answers"]] == sorted(a["ms"] for a in found["answers"])
    stream = found["stream"]
    assert (stream["responses"], stream["fewest"], stream["most"]) == (6, 3, 3)
    assert found["summary"]["sent"] == 2
    assert stream["inter_response_latency"]["mean"] > 50
    assert stream["time_to_first_response"]["max"] < found["summary"]["max"]
    assert found["interrupted"] is False


def test_lines_of_json_come_one_by_one_and_sum_up(tk):
    code, out, _ = tk("counter", "COUNT=2", "--format", "ndjson")
    assert code == 0
    first, second, last = map(json.loads, out.splitlines())
    assert [one["event"] for one in (first, second, last)] == ["response", "response", "summary"]
    assert [one["response"] for one in (first, second)] == [0, 1]
    assert {one["version"] for one in (first, second, last)} == {1}
    assert last["stream"]["responses"] == 2


def test_texts_are_joined_alone_on_stdout(tk):
    code, out, err = tk("counter", "COUNT=3", "--join")
    assert code == 0
    assert out == "1é 2é 2é 3é 3é 3é \n"
    assert "3 responses in " in err
    assert tk("counter", "COUNT=3", "--join", "--quiet")[2] == ""


def test_only_the_outputs_that_are_asked_for_come(tk):
    code, out, _ = tk("counter", "COUNT=1", "--outputs", "NUMBER", "--format", "json")
    assert code == 0
    assert [[o["name"] for o in a["outputs"]] for a in json.loads(out)["answers"]] == [["NUMBER"]]


def test_an_empty_stream_is_no_failure(tk):
    code, out, err = tk("counter", "COUNT=0")
    assert (code, err) == (0, "")
    assert "0 responses in " in out
    assert "the model ended the stream without a response" in out


def test_an_error_in_the_midst_leaves_what_came_before_and_after(tk):
    code, out, err = tk("counter", "COUNT=3", "FAULT=error:2", "--format", "json")
    assert code == 1
    assert numbers(out) == [1, 3]
    assert json.loads(out)["errors"] == ["number 2 is missing"]
    assert err == "error: number 2 is missing\n"


def test_the_time_limit_is_that_of_the_whole_stream(tk):
    code, out, err = tk("counter", "COUNT=1000", "PAUSE=0.1", "--timeout", 1, "--format", "json")
    assert code == 3
    assert 1 <= len(numbers(out)) < 10
    assert json.loads(out)["summary"]["seconds"] < 2
    assert "did not end the stream within 1 s, after " in err
    assert "raise --timeout" in err


def test_a_stream_that_never_ends_and_one_that_never_begins_are_given_up(tk):
    code, out, err = tk("counter", "COUNT=1", "FAULT=hang", "--timeout", 1)
    assert code == 3
    assert "1 response, 1 request failed in " in out
    assert "after 1 response\n" in err
    code, out, err = tk("counter", "COUNT=0", "FAULT=hang", "--timeout", 1)
    assert (code, out) == (3, "")
    assert "did not answer within 1 s" in err


def test_several_streams_are_kept_in_flight(tk):
    code, out, _ = tk("counter", "COUNT=2", "PAUSE=0.2", "--repeat", 4, "--async", 4, "--format", "json")
    assert code == 0
    found = json.loads(out)
    assert found["stream"]["responses"] == 8
    # One after the other they take four times as long as the slowest.
    assert found["summary"]["seconds"] * 1000 < 2 * found["summary"]["max"]


def test_ctrl_c_within_a_stream_keeps_and_sums_up_what_came(known, tmp_path):
    with started("counter", "COUNT=1000", "PAUSE=0.05", "--output", str(tmp_path / "kept.json")) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        next(line for line in lines if " NUMBER " in line)
        process.send_signal(signal.SIGINT)
        rest = "".join(lines)
        code = process.wait(30)
        assert process.stderr is not None
        said = process.stderr.read()
    assert code == 130
    assert ", interrupted in " in rest
    assert "time to first response ms" in rest
    assert "Traceback" not in said
    assert said.endswith("interrupted\n")
    kept = json.loads((tmp_path / "kept.json").read_text())["answers"]
    printed = 1 + rest.count(" NUMBER ")
    # One may have come at the very moment.
    assert printed <= len(kept) <= printed + 1


def test_ctrl_c_at_any_moment_ends_with_130_and_sums_up_once_the_stream_is_open(known):
    # How long tk takes to open the stream depends on the machine: each try is interrupted later than the one before.
    for tenths in (3, 6, 12, 25, 50, 100, 200):
        with started("counter", "COUNT=1", "PAUSE=600", "--timeout", "600") as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(tenths / 10)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        if "triton_kit" not in err and process.returncode != 130:
            continue  # Python itself was still starting.
        assert process.returncode == 130
        assert "Traceback" not in err
        if "0 responses, interrupted in " in out:
            break
    else:
        pytest.fail("no interrupted stream was summed up")


def test_a_reader_that_leaves_ends_the_stream(known):
    with started("counter", "COUNT=1000", "PAUSE=0.02") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_terminal_is_not_moved_by_what_a_model_sends(known):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "triton_kit", "infer", "counter", "COUNT=1", "FAULT=bell", "--join"],
        stdout=slave,
        stderr=subprocess.DEVNULL,
    )
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(master, 1024):
            shown += part
    os.close(master)
    assert process.wait(30) == 0
    assert b"\\x07" in shown
    assert b"\x07" not in shown


def test_a_server_that_dies_within_a_stream_is_said_after_what_came(embedded, tmp_path, capsys):
    with serving(embedded, copy_models(tmp_path), "counter") as server:
        # The pause lets the first response leave the server before it dies.
        ask = ["counter", "COUNT=3", "PAUSE=1", "FAULT=die:2"]
        code = run(["infer", *ask, "--grpc", "--url", server.endpoints.grpc])
        out, err = capsys.readouterr()
    assert code == 3
    assert "1 response, 1 request failed in " in out
    assert "broke off the stream after 1 response\n  hint: look at the server's log" in err
