"""What a line means by the log around it: roots before what follows, healthy logs, the words of others."""

from __future__ import annotations

import io
import json
import lzma
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.runtime.log.causes import Digest
from triton_kit.runtime.log.digest import digest
from triton_kit.runtime.log.wrapping import LONGEST, unwrap
from triton_kit.serve.log import LogReader, explain_message, refusal, table_with_rules

DATA = Path(__file__).parent / "data"
HEALTHY: dict[str, str] = json.loads(lzma.decompress((DATA / "healthy_logs.json.xz").read_bytes()))

INFO = 'I1122 23:14:00.570231 1 model_lifecycle.cc:472] "loading: m:1"'
NO_STREAM = (
    'E1122 23:14:01.570231 1 ensemble_scheduler.cc:1468] "unable to create stream for both: CUDA driver version is '
    'insufficient for CUDA runtime version"'
)
ALL = 'E1122 23:14:09.123607 1 tritonserver.cc:2607] "Internal: failed to load all models"'
AT = r"\n\nAt:\n  /models/m/1/model.py(3): initialize\n"
STUB = "/opt/tritonserver/backends/python/triton_python_backend_stub"
NO_TORCH = "Internal: ModuleNotFoundError: No module named 'torch'"


def failed(model: str, reason: str) -> str:
    return f"E1122 23:14:01.570231 1 model_lifecycle.cc:642] \"failed to load '{model}' version 1: {reason}\""


def depends(ensemble: str, member: str, error: str = "") -> str:
    return (
        f"E1122 23:14:02.570231 1 model_repository_manager.cc:703] \"Invalid argument: ensemble '{ensemble}' depends "
        f"on '{member}' which has no loaded version. Model '{member}' loading failed with error: version 1 is at "
        f'UNAVAILABLE state: {error};"'
    )


def read(*lines: str) -> Digest:
    return digest(io.BytesIO("\n".join(lines).encode()), table_with_rules())


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_log_has_no_problem(name: str) -> None:
    found = read(HEALTHY[name])
    assert found.ok
    assert found.logged
    assert found.problems == []
    assert found.unknown == []
    assert found.loading == []


@pytest.mark.parametrize("name", HEALTHY)
def test_the_live_log_of_a_healthy_server_is_not_explained(name: str) -> None:
    reader = LogReader()
    assert [line for line in HEALTHY[name].splitlines() if reader.take(line) is not None] == []


def test_a_healthy_log_ends_with_nothing_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "l").write_text(HEALTHY["sample-ensemble"])
    assert run(["explain", "--log", str(tmp_path / "l")]) == 0
    shown = capsys.readouterr().out
    assert "the ensemble digits runs without a GPU" in shown
    assert shown.endswith("\nnothing is wrong\n")


BANNER = """\

=============================
== Triton Inference Server ==
=============================

NVIDIA Release 24.10 (build 117009684)
Triton Server Version 2.51.0

Various files include modifications (c) NVIDIA CORPORATION & AFFILIATES.  All rights reserved.
find: '/usr/lib/ssl/private': Permission denied

WARNING: The NVIDIA Driver was not detected.  GPU functionality will not be available.
   Use the NVIDIA Container Toolkit to start this container with GPU support; see
   https://docs.nvidia.com/datacenter/cloud-native/ .
ERROR: No supported GPU(s) detected to run this container

NOTE: The SHMEM allocation limit is set to the default of 64MB.  This may be
   insufficient for the inference server.  NVIDIA recommends the use of the following flags:
   docker run --shm-size=1g --ulimit memlock=-1 --ulimit stack=67108864 ...

Failed to detect NVIDIA driver version.
"""


def test_what_the_official_image_says_first_is_harmless_without_a_gpu() -> None:
    found = read(*BANNER.splitlines(), HEALTHY["ensemble"])
    assert found.ok
    assert found.problems == []


def test_the_logs_name_no_place_of_the_machine_that_made_them() -> None:
    for log in HEALTHY.values():
        assert "/home/" not in log
        assert "/root/" not in log


def test_what_follows_stands_below_its_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "l"
    log.write_text("\n".join([NO_STREAM, ALL, failed("e", "Internal: weird"), depends("f", "e", "Internal: weird")]))
    assert run(["explain", "--log", str(log)]) == 1
    assert capsys.readouterr().out.partition("\n")[2] == (
        "\n"
        "look like errors, and nothing is known of them:\n"
        "  line 3: e: failed to load 'e' version 1: Internal: weird\n"
        "    follows: the server ends because a model did not load  line 2\n"
        "    follows: f: a member of the ensemble did not load: e  line 4\n"
        "\n"
        "harmless:\n"
        "  the ensemble both runs without a GPU: CUDA driver version is insufficient for CUDA runtime version  line 1\n"
    )


class TestContext:
    def test_a_missing_gpu_is_harmless_where_nothing_wants_one(self) -> None:
        found = read(INFO, NO_STREAM, failed("py", NO_TORCH + AT))
        assert [p.cause for p in found.problems] == ["model.py imports torch, which the server's Python lacks"]
        assert [p.models for p in found.harmless] == [["both"]]

    def test_and_a_clue_where_something_does(self) -> None:
        found = read(
            INFO, NO_STREAM, failed("t", "unable to load model 't', TensorRT backend supports only GPU device")
        )
        assert [(p.severity, p.models, p.follows) for p in found.problems] == [
            ("error", ["t"], None),
            ("consequence", ["both"], 3),
        ]

    def test_the_same_line_of_another_file_of_the_server_is_another_one(self) -> None:
        found = read(INFO, NO_STREAM.replace("ensemble_scheduler.cc", "backend_model_instance.cc"))
        assert not found.ok

    def test_ensembles_follow_from_the_member_that_failed_first(self) -> None:
        found = read(
            INFO, depends("outer", "inner"), depends("inner", "py", NO_TORCH), failed("py", NO_TORCH),
            failed("other", "Internal: weird"), ALL,
        )  # fmt: skip
        assert [(p.severity, p.line, p.follows) for p in found.problems] == [
            ("error", 4, None), ("consequence", 2, 4), ("consequence", 3, 4), ("consequence", 6, 4),
        ]  # fmt: skip
        assert [(u.models, u.line) for u in found.unknown] == [(["other"], 5)]

    def test_a_member_that_the_log_tells_nothing_of_is_what_is_known(self) -> None:
        (problem,) = read(INFO, depends("outer", "inner").replace(" Model 'inner' loading failed", "")).problems
        assert problem.severity == "error"
        assert problem.cause == "a member of the ensemble did not load: inner"

    def test_the_end_of_a_server_is_a_problem_by_itself_only_where_nothing_says_why(self) -> None:
        (problem,) = read(ALL).problems
        assert problem.severity == "error"
        found = read(failed("m", "Internal: weird"), ALL)
        assert [(p.severity, p.follows) for p in found.problems] == [("consequence", 1)]
        assert not found.ok

    def test_a_process_that_the_kernel_killed_is_no_second_problem(self) -> None:
        dead = "E1122 23:14:01.570231 1 python_be.cc:9] \"Stub process 'm_0_0' is not healthy.\""
        found = read(INFO, "Out of memory: Killed process 42 (triton_python_b) total-vm:1234kB", dead)
        assert [(p.severity, p.models) for p in found.problems] == [("error", []), ("consequence", ["m"])]
        assert [p.severity for p in read(INFO, dead).problems] == ["error"]

    def test_what_stops_a_server_comes_before_what_stops_a_model(self) -> None:
        found = read(
            INFO,
            failed("m", "Internal: failed to stat file /models/m/1/model.onnx"),
            "E1122 23:14:01.1 1 x.cc:2] \"failed to start HTTP service: Unavailable - Socket '0.0.0.0:8000' in use\"",
        )
        assert [p.area for p in found.problems] == ["ports", "layout"]


def test_a_model_that_is_never_loaded_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [INFO, INFO.replace("m:1", "n:1"), INFO.replace("loading: m:1", "successfully loaded 'm'")]
    found = read(*lines)
    assert found.ok
    assert found.loading == ["n"]
    assert read(INFO, failed("m", "Internal: weird")).loading == []
    (tmp_path / "l").write_text("\n".join(lines))
    assert run(["explain", "--log", str(tmp_path / "l")]) == 0
    shown = capsys.readouterr().out
    assert "the log ends while n is being loaded\n  help: wait" in shown
    assert "nothing is wrong" not in shown


class TestWordsOfOthers:
    @pytest.mark.parametrize(
        "said",
        [
            "label 'cat' is not used", "cannot convert 'a' to boolean", "unexpected shape for input x",
            "unable to find backend library for backend 'mine'", "must specify 'dims' here", "onnx runtime error",
            "the model expects 3 but the model configuration specifies 4", "skipping", "failed to stat file /x",
        ],
        ids=lambda said: said.replace("/", " "),
    )  # fmt: skip
    def test_what_a_model_raises_is_not_taken_for_what_the_server_says(self, said: str) -> None:
        (problem,) = read(INFO, failed("m", f"Internal: ValueError: {said}{AT}")).problems
        assert problem.cause == f"model.py raised an error: {said}"
        assert problem.place == "/models/m/1/model.py:3"

    def test_what_a_model_logs_is_its_own(self) -> None:
        line = 'E1122 23:14:01.570231 1 model.py:9] "unable to find backend library for backend mine"'
        found = read(INFO, line)
        assert found.problems == []
        assert [u.line for u in found.unknown] == [2]

    def test_whose_code_failed_is_told_by_where_it_is(self) -> None:
        theirs = AT.replace("/models/m/1/model.py", "/opt/tritonserver/backends/vllm/model.py")
        (problem,) = read(INFO, failed("m", f"Internal: KeyError: 'x'{theirs}")).problems
        assert problem.cause == "the code of the backend vllm raised an error, not a model.py of yours: x"
        (problem,) = read(INFO, failed("m", f"Internal: KeyError: 'x'{AT}")).problems
        assert problem.cause == "model.py looks up a key that is not there: x"

    @pytest.mark.parametrize(
        "printed",
        [
            "Permission denied by policy, retried", "port 8000: Address already in use, taking 8001",
            "CUDA error: none",
            "No such file or directory: cache.json, making it", "libcudnn.so found", "Aborted transaction 7",
            "validation error: 0.031, failed samples: 0", "KeyError is raised for nothing", "Error: 0.25",
            "RESOURCE_EXHAUSTED never happened", "mean squared error 0.3", "error rate: 0",
        ],
        ids=lambda printed: printed.replace("/", " "),
    )  # fmt: skip
    def test_what_a_model_prints_in_a_log_is_not_an_error(self, printed: str) -> None:
        found = read(INFO, printed)
        assert found.problems == []
        assert found.unknown == []

    @pytest.mark.parametrize(
        ("printed", "cause"),
        [
            ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "memory of the GPU"),
            ("Segmentation fault (core dumped)", "native code"),
            ("terminate called after throwing an instance of 'std::bad_alloc'", "memory is used up"),
            (f"{STUB}: error while loading shared libraries: liba.so.1: cannot open shared object file: No such file",
             "a library that the server or its stub needs is not found: liba.so.1"),
            ("[12345.678901] NVRM: Xid (PCI:0000:65:00): 79, pid=1, GPU has fallen off the bus.", "error of the GPU"),
        ],
        ids=["out of memory", "a crash", "an end in C++", "a loader", "a kernel"],
    )  # fmt: skip
    def test_what_loader_kernel_and_runtime_print_is(self, printed: str, cause: str) -> None:
        (problem,) = read(INFO, printed).problems
        assert cause in problem.cause

    def test_an_unknown_error_is_not_squeezed_into_what_is_nearest(self) -> None:
        found = read(INFO, failed("m", "Internal: the flux capacitor is not found for the warp drive"))
        assert found.problems == []
        assert [(u.models, u.line) for u in found.unknown] == [(["m"], 2)]

    def test_one_unknown_error_in_two_wrappings_is_one(self) -> None:
        instance = 'E1122 23:14:01.1 1 backend_model.cc:692] "ERROR: Failed to create instance: odd thing 7"'
        (unknown,) = read(INFO, instance, failed("m", "Internal: odd thing 8")).unknown
        assert unknown.count == 2


def test_usage_and_tables_are_no_messages() -> None:
    found = read(
        INFO,
        "tritonserver: unrecognized option '--foo'",
        "Usage: tritonserver [options]",
        "  --exit-on-error <boolean>",
        "Error: invalid argument for --rate-limit",
        "Failed to load certificate",
        INFO,
        "| Option | error: failed to load all models |",
        "| strict_readiness | 1 |",
        "| m | 1 | READY |",
        f"| n | 1 | UNAVAILABLE: {NO_TORCH} |",
        "|   |   | At: failed to stat file /x |",
    )
    assert [(p.cause, p.models) for p in found.problems] == [
        ("this tritonserver has no flag --foo", []),
        ("model.py imports torch, which the server's Python lacks", ["n"]),
    ]
    assert found.unknown == []


def test_what_tk_serve_shows_is_read_as_the_log_of_its_server() -> None:
    found = read(
        "starting Triton 24.10 (local, tk-models) on models",
        "both                             unavailable",
        "error: both did not load: ensemble 'both' depends on 'twice' which has no loaded version. Model 'twice' "
        "loading failed with error: version 1 is at "
        "UNAVAILABLE state: Internal: ModuleNotFoundError: No module named 'torch';",
        "  a member of the ensemble did not load: twice",
        "  help: find the line that says why that model did not load",
        "  models/both/config.pbtxt:5:17: error: 'twice' will not load, and the ensemble with it [step-model-refused]",
        "error: twice 1 did not load: ModuleNotFoundError: No module named 'torch'",
        "ready after 3.6 s: embedded tritonserver",
    )
    assert [(p.severity, p.models, p.follows) for p in found.problems] == [
        ("error", ["twice"], None),
        ("consequence", ["both"], 7),
    ]
    assert found.unknown == []


def test_a_file_without_a_line_of_a_log_is_read_as_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = read("Request for unknown model: 'm' is not found", "hello", "must specify 'dims'")
    assert not found.logged
    assert [p.line for p in found.problems] == [1, 3]
    (tmp_path / "l").write_text("hello\n")
    assert run(["explain", "--log", str(tmp_path / "l")]) == 0
    assert "none in the form of a server's log" in capsys.readouterr().out


@pytest.mark.parametrize(
    "said", ["", "the weather is fine and nothing failed", "I/O timeout while reading", "hello world"]
)
def test_what_is_not_known_is_not_explained(said: str) -> None:
    assert explain_message(said) is None


class TestRefusal:
    def test_a_request_with_other_inputs_is_told_what_to_send(self) -> None:
        known = refusal(
            "[request id: 1] unexpected shape for input 'x' for model 'm'. Expected [-1,4], got [4]. NOTE: a"
        )
        assert known is not None
        assert known.inputs
        assert "send that shape" in known.help

    @pytest.mark.parametrize(
        "said",
        [
            "in ensemble 'e', [request id: 1] unexpected shape for input 'x' for model 'm'. Expected [-1], got []. N",
            "in ensemble 'e', anything at all",
        ],
        ids=["its inputs", "anything"],
    )
    def test_a_request_to_an_ensemble_is_not_blamed_for_its_members(self, said: str) -> None:
        known = refusal(said)
        assert known is not None
        assert not known.inputs
        assert known.model == "e"
        assert "one of its models refused it" in known.cause

    @pytest.mark.parametrize("said", ["thirteen is out of the question", "", "bad luck"], ids=["own", "none", "luck"])
    def test_an_error_of_the_model_itself_has_no_hint(self, said: str) -> None:
        assert refusal(said) is None


def test_wrappings_are_taken_off_and_tell_their_parts() -> None:
    text = (
        "load failed for model 'e': version 1 is at UNAVAILABLE state: Internal: in ensemble 'e', [request id: 7] "
        "Failed to process the request(s) for model instance 'pre_0', message: ValueError: odd"
    )
    said = unwrap(text)
    assert text[said.starts[-1] :] == "odd"
    assert said.raised == said.starts[-1]
    assert said.parts == {"model": "e", "ensemble": "e", "instance": "pre_0"}


def test_only_so_many_wrappings_are_taken_off() -> None:
    assert len(unwrap("Internal: " * LONGEST).starts) < 20
