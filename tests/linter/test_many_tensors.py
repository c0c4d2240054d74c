"""A model of ten thousand inputs and outputs is judged in time that grows with them, not with their square."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import model_files
import pytest
from onnx import TensorProto, helper

from triton_kit.linter.engine import lint
from triton_kit.linter.report import text

MANY = 10_000


def _tensors(letter: str, count: int) -> list[model_files.Tensor]:
    return [(f"{letter}{i}", "FP32", [-1, 2]) for i in range(count)]


def _onnx(count: int) -> dict[str, bytes]:
    infos = [
        [helper.make_tensor_value_info(f"{letter}{i}", TensorProto.FLOAT, ["batch", 2]) for i in range(count)]
        for letter in "xy"
    ]
    nodes = [helper.make_node("Identity", [f"x{i}"], [f"y{i}"]) for i in range(count)]
    made = helper.make_model(helper.make_graph(nodes, "g", *infos), opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return {"model.onnx": made.SerializeToString()}


def _saved_model(count: int) -> dict[str, bytes]:
    return {"model.savedmodel/saved_model.pb": model_files.served(_tensors("x", count), _tensors("y", count))}


def _torchscript(count: int) -> dict[str, bytes]:
    arguments = ",\n    ".join(f"x{i}: Tensor" for i in range(count))
    return {"model.pt": model_files.torchscript(arguments, f"Tuple[{', '.join(['Tensor'] * count)}]")}


def _openvino(count: int) -> dict[str, bytes]:
    # The helper numbers the layers of outputs from 1000 on.
    return {"model.xml": model_files.openvino_ir(_tensors("x", count), _tensors("y", 1)).encode(), "model.bin": b""}


FORMATS: dict[str, tuple[str, Callable[[int], dict[str, bytes]], int]] = {
    "ONNX": ('backend: "onnxruntime"\n', _onnx, MANY),
    "SavedModel": ('platform: "tensorflow_savedmodel"\n', _saved_model, MANY),
    "TorchScript": ('backend: "pytorch"\n', _torchscript, MANY),
    "OpenVINO": ('backend: "openvino"\n', _openvino, 990),
}


def _write(root: Path, header: str, files: dict[str, bytes], names: str, count: int) -> Path:
    for name, data in files.items():
        path = root / "m" / "1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    written = "".join(
        f'{kind} {{ name: "{letter}{i}" data_type: TYPE_FP32 dims: [ 2 ] }}\n'
        for kind, letter in zip(("input", "output"), names, strict=False) for i in range(count)
    )  # fmt: skip
    (root / "m" / "config.pbtxt").write_text(f"{header}max_batch_size: 8\n{written}")
    return root


def _seconds(root: Path) -> float:
    times = []
    for _ in range(2):
        begun = time.process_time()
        text.render(lint(root))
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.slow
@pytest.mark.parametrize("names", ["", "xy"], ids=["completed", "written"])
@pytest.mark.parametrize("format_", FORMATS)
def test_ten_times_the_tensors_take_about_ten_times_as_long(tmp_path: Path, format_: str, names: str) -> None:
    header, make, many = FORMATS[format_]
    few = many // 10
    small = _write(tmp_path / "small", header, make(few), names, few)
    large = _write(tmp_path / "large", header, make(many), names, many)
    assert _seconds(large) < 10 * 3 * _seconds(small) + 1
