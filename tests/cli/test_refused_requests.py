"""What ``tk infer`` says of a request that a real server refuses: what to send where the request is the reason."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_server import MODELS, serving

from triton_kit.cli import run
from triton_kit.runtime.local import LocalRuntime, LocalServer

VECTOR = 'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\noutput { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n'
HEAD = "import os\nimport triton_python_backend_utils as pb_utils\n\n\nclass TritonPythonModel:\n"
EXECUTE = """\
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("y", pb_utils.get_input_tensor_by_name(r, "x").as_numpy())])
            for r in requests
        ]
"""
SEQUENCES = """\
max_batch_size: 1
sequence_batching {
  control_input { name: "START" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } }
}
"""
CODES = {
    "good": EXECUTE,
    "wrong": "    def execute(self, requests):\n        raise ValueError('no such word')\n",
    "dead": "    def execute(self, requests):\n        os._exit(3)\n",
    "sequences": EXECUTE,
}


def ensemble(first: str, second: str) -> str:
    steps = "".join(
        f'  step {{ model_name: "{name}" model_version: -1 input_map {{ key: "x" value: "{a}" }} '
        f'output_map {{ key: "y" value: "{b}" }} }}\n'
        for name, a, b in ((first, "x", "middle"), (second, "middle", "y"))
    )
    return f'platform: "ensemble"\n{VECTOR}ensemble_scheduling {{\n{steps}}}\n'


@pytest.fixture(scope="module")
def server(embedded: LocalRuntime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    repository = tmp_path_factory.mktemp("refusing") / "models"
    for name, code in CODES.items():
        (repository / name / "1").mkdir(parents=True)
        (repository / name / "1" / "model.py").write_text(HEAD + code)
        more = SEQUENCES if name == "sequences" else ""
        (repository / name / "config.pbtxt").write_text(f'backend: "python"\n{VECTOR}{more}')
    (repository / "both" / "1").mkdir(parents=True)
    (repository / "both" / "config.pbtxt").write_text(ensemble("good", "wrong"))
    shutil.copytree(MODELS / "angry", repository / "angry", ignore=shutil.ignore_patterns("__pycache__"))
    names = sorted(path.name for path in repository.iterdir())
    with serving(embedded, repository, *names) as running:
        yield running


def tk(server: LocalServer, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["infer", *arguments, "--url", server.endpoints.http]) == 1
    return capsys.readouterr().err


def test_a_sequence_that_is_not_begun_is_told_how_to_begin(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tk(server, capsys, "sequences", "--zeros", "--sequence-id", "5")
    assert "--sequence-start" in said.partition("hint: ")[2]
    assert "takes x" not in said


def test_a_request_without_a_sequence_is_told_to_name_one(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--sequence-id N" in tk(server, capsys, "sequences", "x=[1, 2, 3, 4]").partition("hint: ")[2]


def test_a_model_that_fails_by_itself_does_not_blame_the_request(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "hint" not in tk(server, capsys, "angry", "IN=13")
    said = tk(server, capsys, "wrong", "--zeros")
    assert "no such word" in said
    assert "takes x" not in said


def test_a_member_of_an_ensemble_that_fails_does_not_blame_the_request(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tk(server, capsys, "both", "--zeros")
    assert "no such word" in said
    assert "takes x" not in said


def test_a_dead_process_is_told_as_such(server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
    said = tk(server, capsys, "dead", "--zeros")
    assert "tk reload" in said.partition("hint: ")[2]
    assert "takes x" not in said


def test_the_log_of_such_a_server_has_its_problems_in_order(
    server: LocalServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tk(server, capsys, "both", "--zeros")
    lines = list(server.log())
    end = time.monotonic() + 30
    while not any("no such word" in line for line in lines) and time.monotonic() < end:
        time.sleep(0.05)
        lines += server.log()
    log = tmp_path / "server.log"
    log.write_text("\n".join(lines))
    assert run(["explain", "--log", str(log), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["unknown"] == []
    assert any("wrong" in problem["models"] for problem in found["problems"])
