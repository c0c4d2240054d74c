"""Initializers whose data are more or less than their shape says, found as ONNX Runtime refuses them."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from triton_kit.signature.onnx.signature import read

FLOAT = TensorProto.FLOAT
FIELDS = {
    "raw bytes": ("raw_data", FLOAT, 16),
    "raw bytes of halves": ("raw_data", TensorProto.FLOAT16, 8),
    "floats": ("float_data", FLOAT, 4),
    "doubles": ("double_data", TensorProto.DOUBLE, 4),
    "integers": ("int32_data", TensorProto.INT32, 4),
    "small integers": ("int32_data", TensorProto.INT8, 4),
    "halves": ("int32_data", TensorProto.FLOAT16, 4),
    "booleans": ("int32_data", TensorProto.BOOL, 4),
    "long integers": ("int64_data", TensorProto.INT64, 4),
    "unsigned integers": ("uint64_data", TensorProto.UINT32, 4),
    "strings": ("string_data", TensorProto.STRING, 4),
}


def tensor(title: str, change: int) -> onnx.TensorProto:
    """A tensor of four elements, with so many more elements or bytes in its field."""
    field, element, count = FIELDS[title]
    made = TensorProto(name="w", data_type=element, dims=[4])
    if field == "raw_data":
        made.raw_data = bytes(count + change)
    else:
        getattr(made, field).extend([b"a" if field == "string_data" else 1] * (count + change))
    return made


def model(path: Path, *weights: onnx.TensorProto, taken: bool = True) -> Path:
    value = helper.make_tensor_value_info
    z = value("z", weights[0].data_type, [4])
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    nodes += [helper.make_node("Identity", ["w"], ["z"])] if taken else []
    outputs = [value("y", FLOAT, ["b", 4]), *([z] if taken else [])]
    graph = helper.make_graph(nodes, "g", [value("x", FLOAT, ["b", 4])], outputs, list(weights))
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def refused(path: Path) -> bool:
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception:  # the kinds differ, and all refuse the model
        return True
    return False


@pytest.mark.parametrize("change", [pytest.param(-1, id="one too few"), pytest.param(1, id="one too many")])
@pytest.mark.parametrize("title", FIELDS)
def test_data_that_do_not_fill_their_shape_are_found(title: str, change: int, tmp_path: Path) -> None:
    path = model(tmp_path / "model.onnx", tensor(title, change))
    needed = FIELDS[title][2]
    noun = "bytes of data" if title.startswith("raw") else "elements"
    fault = f"the initializer 'w' has {needed + change} {noun}, and its shape [4] needs {needed}"
    assert read(path, checked=True).faults == (fault,)
    assert refused(path)


@pytest.mark.parametrize("title", FIELDS)
def test_data_that_fill_their_shape_are_left_alone(title: str, tmp_path: Path) -> None:
    path = model(tmp_path / "model.onnx", tensor(title, 0))
    assert read(path, checked=True).faults == ()
    assert not refused(path)


def test_data_in_the_field_of_another_type_are_found(tmp_path: Path) -> None:
    path = model(tmp_path / "model.onnx", TensorProto(name="w", data_type=FLOAT, dims=[4], int32_data=[1, 2, 3, 4]))
    assert read(path, checked=True).faults == ("the initializer 'w' has 0 elements, and its shape [4] needs 4",)
    assert refused(path)


def test_data_that_no_node_takes_are_left_alone(tmp_path: Path) -> None:
    path = model(tmp_path / "model.onnx", tensor("raw bytes", -4), taken=False)
    assert read(path, checked=True).faults == ()
    assert not refused(path)


def test_an_initializer_twice_is_found_where_the_two_differ(tmp_path: Path) -> None:
    one, other = tensor("floats", 0), tensor("floats", 0)
    same = model(tmp_path / "same.onnx", one, other)
    assert read(same, checked=True).faults == ()
    assert not refused(same)
    other.dims[:] = [1, 4]
    differing = model(tmp_path / "differing.onnx", one, other)
    assert read(differing, checked=True).faults == ("the initializer 'w' is listed twice, and is not the same",)
    assert refused(differing)


def test_numbers_that_are_written_one_by_one_are_not_counted(tmp_path: Path) -> None:
    """Protobuf takes them packed or not."""
    path = model(tmp_path / "model.onnx", TensorProto(name="w", data_type=TensorProto.INT64, dims=[4]))
    loaded = onnx.load(path)
    plain = loaded.graph.initializer[0].SerializeToString()
    single = plain + b"\x38\x01" * 4
    at = path.read_bytes()
    graph = loaded.graph.SerializeToString()
    wrapped = bytes([42, len(plain)]) + plain
    longer = graph.replace(wrapped, bytes([42, len(single)]) + single)
    path.write_bytes(at.replace(bytes([58, len(graph)]) + graph, bytes([58, len(longer)]) + longer))
    assert onnx.load(path).graph.initializer[0].int64_data == [1, 1, 1, 1]
    assert read(path, checked=True).faults == ()
