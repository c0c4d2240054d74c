"""What tk scaffolds loads in a real server and answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_server import address, serving
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.local import LocalRuntime

pytestmark = pytest.mark.local


def test_onnx_python_and_ensemble_models_load_and_answer(
    embedded: LocalRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    write_onnx(tmp_path / "batched.onnx", external=True)
    write_onnx(tmp_path / "fixed.onnx", shape=(1, 3))
    write_onnx(tmp_path / "scalars.onnx", shape=("n",))
    assert run(["init", "p", "--from", "batched.onnx", "fixed.onnx", "scalars.onnx"]) == 0
    monkeypatch.chdir(tmp_path / "p")
    tensors = [
        "--input",
        "raw:FP32:4",
        "--output",
        "pixels:FP32:4",
        "--output",
        "size:INT64:1",
        "--output",
        "t:STRING:2",
    ]
    assert run(["add", "prep", "--backend", "python", *tensors, "--max-batch-size", "4", "--kind", "cpu"]) == 0
    assert run(["add", "plain.v2", "--backend", "python", "--input", "a:STRING:-1", "--output", "b:STRING:-1"]) == 0
    assert run(["add", "kinds", "--backend", "python", "--input", "a:BOOL:2", "--output", "b:FP16:3,1"]) == 0
    steps = ["--step", "prep raw -> pixels size=size", "--step", "batched x=pixels -> y0=scores"]
    whole = ["--input", "raw:FP32:4", "--output", "scores:FP32:4", "--output", "size:INT64:1", "--max-batch-size", "4"]
    assert run(["add", "whole", "--backend", "ensemble", *whole, *steps]) == 0
    # A second model with batches that stay apart.
    assert run(["add", "slow", "--from", "../batched.onnx", "--batching", "none", "--max-batch-size", "2"]) == 0
    assert run(["add", "unbatched", "--from", "../batched.onnx", "--max-batch-size", "0"]) == 0
    repository = tmp_path / "p/model_repository"
    names = sorted(p.name for p in repository.iterdir() if p.is_dir())
    with serving(embedded, repository, *names) as server, connect(address(server, "http"), timeout=30) as client:
        for name in names:
            assert client.model_ready(name), name
            written = parse((repository / name / "config.pbtxt").read_bytes()).message.to_dict()
            served = client.config(name)
            # What was written is what a server works with: nothing was left for it to complete differently.
            assert served.max_batch_size == written["max_batch_size"]
            assert ("dynamic_batching" in served.raw) == ("dynamic_batching" in written), name
            for side in ("input", "output"):
                got = {t["name"]: (t["data_type"], [int(d) for d in t["dims"]]) for t in served.raw[side]}
                assert got == {t["name"]: (t["data_type"], t["dims"]) for t in written[side]}, name

        def answer(model: str, **inputs: object) -> dict[str, object]:
            arrays = {k: np.asarray(v) for k, v in inputs.items()}
            return dict(client.infer(Inference(model=model, inputs=arrays)).outputs)

        rows = np.arange(8, dtype=np.float32).reshape(2, 4)
        np.testing.assert_array_equal(answer("batched", x=rows)["y0"], rows + 1)
        np.testing.assert_array_equal(answer("unbatched", x=rows)["y0"], rows + 1)
        np.testing.assert_array_equal(answer("slow", x=rows)["y0"], rows + 1)
        np.testing.assert_array_equal(answer("fixed", x=np.zeros((1, 3), np.float32))["y0"], np.ones((1, 3)))
        np.testing.assert_array_equal(answer("scalars", x=np.ones((3, 1), np.float32))["y0"], np.full((3, 1), 2))
        prepared = answer("prep", raw=rows)
        np.testing.assert_array_equal(prepared["pixels"], rows)
        assert prepared["size"].shape == (2, 1)  # type: ignore[attr-defined]
        assert prepared["t"].shape == (2, 2)  # type: ignore[attr-defined]
        words = np.array([b"", "é".encode(), b"x" * 100], np.object_)
        np.testing.assert_array_equal(answer("plain.v2", a=words)["b"], words)
        assert answer("kinds", a=np.array([True, False]))["b"].shape == (3, 1)  # type: ignore[attr-defined]
        np.testing.assert_array_equal(answer("whole", raw=rows)["scores"], rows + 1)
