"""Models that call others, stream, or remember: scaffolded, checked, and asked on a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running_server import address, serving

from triton_kit.cli import run
from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.linter.engine import lint
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.local import LocalRuntime

TENSORS = ("--input", "x:FP32:4", "--output", "y:FP32:4", "--kind", "cpu", "--backend", "python")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_repository").mkdir()
    return tmp_path / "model_repository"


@pytest.mark.local
def test_each_loads_and_answers(embedded: LocalRuntime, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np
    from tritonclient.grpc import InferenceServerClient, InferInput

    added = {
        "plain": (),
        "caller": ("--bls", "--calls", "plain,plain"),
        "lost": ("--bls", "--calls", "nobody"),
        "stream": ("--decoupled",),
        "oldest": ("--sequence", "oldest", "--max-batch-size", "4"),
        "direct": ("--sequence", "direct", "--max-batch-size", "4"),
    }
    for name, options in added.items():
        assert run(["add", name, *TENSORS, *options]) == 0
    assert run(["render", "--check"]) == 0
    assert lint(repository).ok
    for name in ("stream", "oldest", "direct"):
        # Something to tell by: three responses, or how many requests of the sequence were seen.
        file = repository / name / "1" / "model.py"
        text = file.read_text()
        if name == "stream":
            text = text.replace("        yield {", "        for _ in range(3):\n          yield {")
        else:
            text = text.replace('inputs["x"],', 'inputs["x"] * 0 + state["seen"],')
        file.write_text(text)
    rows = np.arange(4, dtype=np.float32)
    with serving(embedded, repository, *added) as server:
        with connect(address(server, "http"), timeout=30) as client:
            answer = client.infer(Inference(model="caller", inputs={"x": rows}))
            np.testing.assert_array_equal(answer.outputs["y"], rows)
            with pytest.raises(Exception, match="nobody"):
                client.infer(Inference(model="lost", inputs={"x": rows}))
        with InferenceServerClient(server.endpoints.grpc.removeprefix("grpc://")) as grpc:
            x = InferInput("x", [1, 4], "FP32")
            x.set_data_from_numpy(rows.reshape(1, 4))
            for name in ("oldest", "direct"):
                seen = {7: [], 8: []}  # type: dict[int, list[float]]
                for start, end in ((True, False), (False, False), (False, True), (True, True)):
                    for number in seen:
                        result = grpc.infer(name, [x], sequence_id=number, sequence_start=start, sequence_end=end)
                        seen[number].append(float(result.as_numpy("y").flat[0]))
                assert seen == {7: [1, 2, 3, 1], 8: [1, 2, 3, 1]}, name
        stream = ("infer", "stream", "x=[0,1,2,3]", "--url", server.endpoints.grpc, "--grpc")
        capsys.readouterr()
        assert run([*stream, "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [a["outputs"][0]["values"] for a in told["answers"]] == [rows.tolist()] * 3
        assert run(list(stream)) == 0
        assert "3 responses in " in capsys.readouterr().out
        assert run(["infer", "stream", "--zeros", "--url", server.endpoints.http]) == 2
        assert "add --grpc" in capsys.readouterr().err
        ask = ("infer", "oldest", "--zeros", "--url", server.endpoints.http, "--sequence-id", "9")
        capsys.readouterr()
        assert run([*ask, "--sequence-start", "--format", "json"]) == 0
        assert run([*ask, "--sequence-end", "--output", "last.json"]) == 0
        assert "2" in Path("last.json").read_text()
        assert run(["infer", "oldest", "--zeros", "--url", server.endpoints.http, "--sequence-end"]) == 2
        assert "--sequence-end goes with --sequence-id" in capsys.readouterr().err


def test_states_and_controls_of_a_file_are_the_servers(repository: Path, tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    def tensor(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "s_in"], ["y"]), helper.make_node("Add", ["x", "s_in"], ["s_out"])],
        "g",
        [tensor("x", floats, "n", 4), tensor("s_in", floats, "n", 4)],
        [tensor("y", floats, "n", 4), tensor("s_out", floats, "n", 4)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    assert run(["add", "m", "--from", "m.onnx", "--sequence", "oldest", "--state", "s_in=s_out:FP32:4"]) == 0
    config = parse((repository / "m" / "config.pbtxt").read_bytes()).message.to_dict()
    assert [t["name"] for t in (*config["input"], *config["output"])] == ["x", "y"]
    state = {"input_name": "s_in", "output_name": "s_out", "data_type": "TYPE_FP32", "dims": [4]}
    assert config["sequence_batching"] == {"oldest": {}, "state": [state]}
    assert "dynamic_batching" not in config
    assert lint(repository).ok


BAD = {
    "two behaviours": (("--bls", "--decoupled"), "--bls and --decoupled exclude each other"),
    "calls without bls": (("--calls", "a"), "--calls goes with --bls"),
    "a state without a sequence": (("--state", "a=b:FP32:4"), "--state goes with --sequence"),
    "a state in python": (("--sequence", "oldest", "--state", "a=b:FP32:4"), "python keeps no states"),
    "another strategy": (("--sequence", "newest"), "--sequence newest: not a strategy"),
    "batches of a sequence": (
        ("--sequence", "oldest", "--batching", "dynamic", "--max-batch-size", "4"),
        "--batching dynamic excludes --sequence",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_meant_is_refused(repository: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    options, message = BAD[case]
    assert run(["add", "m", *TENSORS, *options]) == 2
    assert message in capsys.readouterr().err
    assert not (repository / "m").exists()
