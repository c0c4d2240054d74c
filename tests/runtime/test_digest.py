"""A whole log is read into its problems: each once, by whatever it was stored, of any length, in linear time."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from triton_kit.runtime.log.causes import MANY, Digest
from triton_kit.runtime.log.digest import digest
from triton_kit.runtime.log.lines import LONGEST, as_written
from triton_kit.serve.log import table_with_rules

TABLE = table_with_rules()

FAILED = "E1122 23:14:01.570231 1 model_lifecycle.cc:642] \"failed to load 'm' version 1: Internal: {}\""
TORCH = FAILED.format("ModuleNotFoundError: No module named 'torch'")
ALL = 'E1122 23:14:02.570231 1 tritonserver.cc:2607] "Internal: failed to load all models"'
HARMLESS = 'E1122 23:14:00.570231 1 server.cc:241] "CudaDriverHelper has not been initialized."'
INFO = 'I1122 23:14:00.570231 1 model_lifecycle.cc:472] "loading: m:1"'


def read(lines: Iterable[str | bytes]) -> Digest:
    text = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return digest(io.BytesIO(text), TABLE)


def test_a_log_of_no_trouble_is_fine() -> None:
    found = read([INFO] * 3)
    assert found.ok
    assert found.lines == 3
    assert found.problems == []


def test_an_empty_log_is_fine() -> None:
    assert digest(io.BytesIO(b""), TABLE).ok


def test_a_message_that_comes_4000_times_is_one_problem() -> None:
    found = read([INFO, *[TORCH] * 4000, INFO])
    (problem,) = found.problems
    assert problem.count == 4000
    assert problem.line == 2
    assert problem.models == ["m"]
    assert not found.ok


def test_a_cause_stands_before_what_follows_from_it_and_both_before_what_is_harmless() -> None:
    found = read([HARMLESS, ALL, TORCH])
    assert [t.severity for t in found.problems] == ["error", "consequence"]
    assert [t.follows for t in found.problems] == [None, 3]
    assert [t.severity for t in found.harmless] == ["harmless"]
    assert read([HARMLESS]).ok


def test_a_warning_is_no_error() -> None:
    found = read(
        ["W1122 23:14:01.570231 1 x.cc:1] \"ignore version directory '01' which contains leading zeros in its\""]
    )
    assert [t.severity for t in found.problems] == []
    said = "\"ignore version directory '01' which contains leading zeros in its directory name\""
    found = read([f"W1122 23:14:01.570231 1 model_lifecycle.cc:264] {said}"])
    assert [t.severity for t in found.problems] == ["warning"]
    assert found.ok


@pytest.mark.parametrize(
    "wrap",
    [
        str,
        lambda line: f"triton-1  | {line}",
        lambda line: f"my.project-triton_server-12 | {line}",
        lambda line: f"2024-11-22T23:14:01.570231123Z {line}",
        lambda line: f"2024-11-22T23:14:01.570231123Z stderr F {line}",
        lambda line: f"[pod/triton-7d9f/triton] {line}",
        lambda line: f"[pod/triton-7d9f/triton] 2024-11-22T23:14:01.570231123Z {line}",
        lambda line: f"Nov 22 23:14:01 gpu-box dockerd[812]: {line}",
        lambda line: f"\x1b[31m{line}\x1b[0m",
        lambda line: f"\x1b[36mtriton-1  |\x1b[0m {line}",
        lambda line: json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2024-11-22T23:14:01.57Z"}),
        lambda line: json.dumps({"msg": line, "level": "error"}),
        lambda line: f"{line}\r",
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        TORCH,
        (
            "2026-11-26T16:13:09Z E 30096 model_lifecycle.cc:642] \"failed to load 'm' version 1: Internal: "
            "ModuleNotFoundError: No module named 'torch'\""
        ),
        (
            "E1122 23:14:01.570231 1 model_lifecycle.cc:642] failed to load 'm' version 1: Internal: "
            "ModuleNotFoundError: No module named 'torch'"
        ),
    ],
    ids=["quoted", "iso8601", "plain"],
)
def test_whatever_stored_the_log_may_have_put_something_around_its_lines(wrap, line) -> None:
    (problem,) = read([wrap(INFO), wrap(line)]).problems
    assert problem.cause == "model.py imports torch, which the server's Python lacks"
    assert problem.models == ["m"]
    assert problem.line == 2


def test_what_an_engine_says_is_known_behind_a_prefix_too() -> None:
    (problem,) = read(["2024-11-22T23:14:01Z docker: Error response from daemon: No such image: a/b:1"]).problems
    assert problem.cause == "image a/b:1 is not here"
    assert problem.command == "docker pull a/b:1"
    (problem,) = read(["Error: podman: a/b:1: image not known"]).problems
    assert problem.command == "podman pull a/b:1"


def test_the_model_table_tells_what_the_log_before_it_lacks() -> None:
    (problem,) = read(["| m | 1 | UNAVAILABLE: Internal: ModuleNotFoundError: No module named 'torch' |"]).problems
    assert problem.models == ["m"]


def test_the_place_that_the_parser_names_goes_with_the_file_that_the_server_names() -> None:
    found = read(
        [
            (
                "[libprotobuf ERROR /x/text.cc:33] Error parsing text-format inference.ModelConfig: 6:4: Message "
                '"inference.ModelConfig" has no field named "foo".'
            ),
            (
                "E1122 23:14:01.570231 1 manager.cc:1460] \"Poll failed for model directory 'm': failed "
                'to read text proto from /models/m/config.pbtxt"'
            ),
        ]
    )
    (problem,) = found.problems
    assert problem.place == "/models/m/config.pbtxt:6:4"
    assert problem.models == ["m"]
    assert "foo" in problem.cause


def test_the_place_in_a_model_is_the_users_line() -> None:
    at = r"\n\nAt:\n  /models/m/1/model.py(7): initialize\n"
    (problem,) = read([FAILED.format(f"ValueError: no weights{at}")]).problems
    assert problem.place == "/models/m/1/model.py:7"
    assert problem.cause == "model.py raised an error: no weights"


def test_an_error_that_nothing_is_known_of_is_shown_and_counted() -> None:
    line = 'E1122 23:14:01.570231 1 x.cc:1] "the moon is in the way {}"'
    found = read([line.format(1), line.format(22), INFO, "fatal: nonsense"])
    assert [(u.line, u.count) for u in found.unknown] == [(1, 2), (4, 1)]
    assert not found.ok


def test_what_a_model_prints_is_no_error_because_of_a_word_of_ours() -> None:
    assert read(
        [INFO, "step 3: skipping", "converted to boolean", "loss 0.3 not used", "m said: what is not found for x"]
    ).ok


def test_problems_without_end_are_held_as_one() -> None:
    found = read([FAILED.format(f"ModuleNotFoundError: No module named 'm{i}'") for i in range(5000)])
    assert len(found.problems) == MANY
    assert sum(t.count for t in found.problems) == 5000
    assert (
        len(read([f"E1122 23:14:01.1 1 x.cc:1] {chr(97 + i % 26) * (i // 26 + 1)}" for i in range(900)]).unknown)
        == MANY
    )


def test_a_log_of_powershell_is_read(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_bytes(f"{INFO}\r\n{TORCH}\r\n".encode("utf-16"))
    with path.open("rb") as file:
        (problem,) = digest(file, TABLE).problems
    assert problem.line == 2


def test_no_bytes_make_it_fail() -> None:
    chance = random.Random(7)
    words = [*sorted(TABLE.words), b"'", b'"', b"\\n", b"{", b"\xff", b"\x00", b"\x1b[", b"failed to load '"]
    words += [b"E1122 23:14:01.1 1 x.cc:1] ", b"| m | 1 | UNAVAILABLE: ", b"Error parsing text-format a: 1:1: "]
    for _ in range(400):
        lines = [b" ".join(chance.choices(words, k=chance.randrange(30))) + chance.randbytes(9) for _ in range(9)]
        found = read(lines)
        for problem in found.problems:
            assert problem.cause
            assert 1 <= problem.line <= found.lines


HARD = {
    "words": b"E1122 23:14:01.1 1 x.cc:1] " + b"the model expects " * 60_000,
    "letters": b"a" * 1_000_000,
    "escapes": b"\x1b[" * 500_000,
    "json": b'{"log":' * 140_000,
    "slashes": b"/" * 1_000_000,
    "quotes": b"| m | 1 | UNAVAILABLE: " + b"'" * 1_000_000,
    "messages": b"unexpected inference '" * 45_000,
    "paths": b"x/1/" * 250_000,
    "times": b"2024-11-22T23:14:01Z " * 48_000,
    "ensembles": b"in ensemble " * 83_000,
    "statuses": b"E1122 23:14:01.1 1 x.cc:1] " + b"Internal: " * 100_000,
    "exceptions": b"a." * 500_000 + b"Error: x",
    "files": b"E1122 23:14:01.1 1 x.cc:1] Load model from " + b"x " * 500_000 + b"failed",
    "lines": b'E1122 23:14:01.1 1 x.cc:1] "' + b"Error: x\\n" * 100_000 + b'"',
    "spaces": b"a " * 500_000 + b"failed",
}


@pytest.mark.parametrize("line", HARD.values(), ids=HARD)
def test_a_line_of_a_megabyte_takes_no_more_than_its_share(line: bytes) -> None:
    """Twice the line takes about twice the time at most, and more than ``LONGEST`` is not looked at."""

    def seconds(text: bytes) -> float:
        best = 9.0
        for _ in range(3):
            begin = time.process_time()
            read([text])
            best = min(best, time.process_time() - begin)
        return best

    quarter, whole = seconds(line[: LONGEST // 4]), seconds(line)
    assert whole < 0.05 + quarter * 12


def test_a_line_is_read_to_its_end_before_the_next_is_counted() -> None:
    found = read([b"x" * (LONGEST * 3 + 5), TORCH])
    assert [t.line for t in found.problems] == [2]
    assert found.lines == 2


@pytest.mark.parametrize("text", ["{", '{"log": 3}', "[1]", '{"log": "a', ""])
def test_what_only_looks_like_json_stays_as_it_is(text: str) -> None:
    assert as_written(text.encode()) == text
