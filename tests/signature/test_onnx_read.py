"""Reading an ONNX file: the same facts as the onnx package, without its weights."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx_reference import comparable, facts_by_onnx, facts_by_tk

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.onnx.signature import ForeignIO, infer_missing, read, session_outputs

PACKAGE = Path(onnx.__file__).parent


def tensor(name: str, shape: Any = ("N", 4), element: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, element, shape)


def make(inputs: Any = None, outputs: Any = None, initializers: Any = (), nodes: Any = None, **model: Any) -> Any:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])] if nodes is None else nodes,
        "g",
        [tensor("x")] if inputs is None else inputs,
        [tensor("y")] if outputs is None else outputs,
        list(initializers),
    )
    return helper.make_model(graph, **{"ir_version": 8, "opset_imports": [helper.make_opsetid("", 17)], **model})


def save(folder: Path, model: Any) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def weight(name: str, values: int = 4) -> Any:
    return helper.make_tensor(name, TensorProto.FLOAT, [values], b"\0" * 4 * values, raw=True)


def outside(name: str, **entries: str) -> Any:
    proto = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        proto.external_data.add(key=key, value=value)
    return proto


def test_the_signature_has_names_types_and_shapes_in_the_order_of_the_file(tmp_path: Path) -> None:
    inputs = [tensor("b", ["N", 3, 224]), tensor("a", [None, 1], TensorProto.INT64), tensor("s", [])]
    model = read(save(tmp_path, make(inputs, [tensor("y", None, TensorProto.STRING)])))
    assert [(t.name, t.dtype, t.shape) for t in model.signature.inputs] == [
        ("b", "TYPE_FP32", ("N", 3, 224)),
        ("a", "TYPE_INT64", (None, 1)),
        ("s", "TYPE_FP32", ()),
    ]
    assert [(t.name, t.dtype, t.shape) for t in model.signature.outputs] == [("y", "TYPE_STRING", None)]
    assert (model.ir_version, model.opsets, model.graphs) == (8, (("", 17),), 1)


def test_an_initializer_among_the_inputs_is_overridable_from_ir_4_on_and_a_constant_before(tmp_path: Path) -> None:
    inputs = [tensor("x"), tensor("w", [4])]
    model = read(save(tmp_path, make(inputs, initializers=[weight("w")])))
    assert [t.name for t in model.signature.inputs] == ["x"]
    assert [t.name for t in model.overridable] == ["w"]
    old = read(save(tmp_path, make(inputs, initializers=[weight("w")], ir_version=3)))
    assert [t.name for t in old.signature.inputs] == ["x"]
    assert old.overridable == ()


def test_what_no_triton_type_describes_is_listed_with_its_kind(tmp_path: Path) -> None:
    sequence = helper.make_tensor_sequence_value_info("q", TensorProto.FLOAT, None)
    mapped = onnx.ValueInfoProto(name="m")
    mapped.type.map_type.key_type = TensorProto.INT64
    inputs = [tensor("x"), tensor("f", [1], TensorProto.FLOAT8E4M3FN)]
    model = read(save(tmp_path, make(inputs, [sequence, mapped, onnx.ValueInfoProto(name="u")])))
    assert model.foreign_io == (
        ForeignIO(name="f", is_output=False, kind="tensor", element="FLOAT8E4M3FN"),
        ForeignIO(name="q", is_output=True, kind="sequence"),
        ForeignIO(name="m", is_output=True, kind="map"),
        ForeignIO(name="u", is_output=True, kind="untyped"),
    )
    assert model.signature.outputs[0].dtype is None


def test_dims_that_are_negative_or_have_an_empty_name_are_unknown(tmp_path: Path) -> None:
    value = tensor("x", [-1, 0, 5, 1])
    value.type.tensor_type.shape.dim[3].dim_param = ""
    assert read(save(tmp_path, make([value]))).signature.inputs[0].shape == (None, 0, 5, None)


def test_every_model_file_in_the_onnx_package_reads_as_onnx_reads_it() -> None:
    files = sorted(PACKAGE.rglob("*.onnx"))
    assert len(files) > 100
    for file in files:
        assert comparable(facts_by_tk(file)) == comparable(facts_by_onnx(onnx.load(file, load_external_data=False))), (
            file
        )


def test_every_operator_test_of_the_onnx_package_reads_as_onnx_reads_it(tmp_path: Path) -> None:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [case for case in collect_testcases(None) if case.model is not None]
    assert len(cases) > 1000
    for case in cases:
        path = save(tmp_path, case.model)
        assert comparable(facts_by_tk(path)) == comparable(facts_by_onnx(case.model)), case.name
        assert read(path, checked=True).faults == (), case.name


def test_fields_that_come_twice_merge_as_protobuf_merges_them(tmp_path: Path) -> None:
    one, two = make(producer_name="a"), make([tensor("z")], [tensor("v")], producer_name="b")
    path = tmp_path / "model.onnx"
    data = one.SerializeToString() + two.SerializeToString()
    path.write_bytes(data)
    assert comparable(facts_by_tk(path)) == comparable(facts_by_onnx(onnx.load_from_string(data)))
    assert read(path).graphs == 2


def test_unknown_fields_and_groups_are_passed_over(tmp_path: Path) -> None:
    group = b"\xab\x06" + b"\x08\x01" + b"\x12\x03abc" + b"\xac\x06"  # field 101, with a number and a text in it
    path = tmp_path / "model.onnx"
    path.write_bytes(group + b"\xa2\x06\x02hi" + make().SerializeToString() + b"\xb5\x06abcd" + b"\xb1\x06abcdefgh")
    assert [t.name for t in read(path).signature.inputs] == ["x"]


def test_external_data_are_found_in_initializers_constants_subgraphs_and_functions(tmp_path: Path) -> None:
    entries = {"location": "w.bin", "offset": "16", "length": "8"}
    branch = helper.make_graph([], "b", [], [], [outside("in_branch", **entries)])
    nodes = [
        helper.make_node("Constant", [], ["c"], value=outside("in_node", **entries)),
        helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch),
    ]
    inner = helper.make_node("Constant", [], ["o"], value=outside("in_function", **entries))
    function = helper.make_function("d", "F", [], ["o"], [inner], [helper.make_opsetid("", 17)])
    model = make(nodes=nodes, initializers=[weight("w"), outside("top", **entries)], functions=[function])
    (tmp_path / "w.bin").write_bytes(b"\0" * 24)
    path = save(tmp_path, model)
    found = read(path)
    assert {d.tensor for d in found.external_data} == {"in_node", "in_branch", "top", "in_function"}
    assert {(d.location, d.offset, d.length) for d in found.external_data} == {("w.bin", 16, 8)}
    assert found.functions == ("F",)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("/etc/passwd", "absolute"),
        ("../w.bin", "leads outside"),
        ("a/../../w.bin", "leads outside"),
        ("link.bin", "leads outside"),
        ("", "names no file"),
        ("w\0.bin", "zero byte"),
    ],
)
def test_external_data_outside_the_directory_are_refused(tmp_path: Path, location: str, said: str) -> None:
    folder = tmp_path / "1"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(b"\0" * 16)
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    path = save(folder, make(initializers=[outside("w", location=location)]))
    with pytest.raises(ModelFileError, match=said) as caught:
        read(path)
    assert caught.value.reason == "external"
    assert read(path, confined=False).external_data[0].location == location


def test_external_data_beside_the_model_may_be_reached_through_a_linked_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "w.bin").write_bytes(b"\0" * 16)
    save(tmp_path / "real", make(initializers=[outside("w", location="./w.bin")]))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(read(tmp_path / "link" / "model.onnx").external_data) == 1


def test_weights_of_any_size_are_passed_over(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], value=weight("big", 300_000)),
        helper.make_node("Identity", ["x"], ["y"], name="location"),
    ]
    model = make(nodes=nodes, initializers=[weight(f"w{i}", 40_000) for i in range(9)])
    model.metadata_props.add(key="k", value="v" * 70_000)
    path = save(tmp_path, model)
    assert comparable(facts_by_tk(path)) == comparable(facts_by_onnx(model))


def test_an_output_without_a_shape_or_a_type_is_inferred_on_request(tmp_path: Path) -> None:
    model = make(outputs=[tensor("y", None)])
    path = save(tmp_path, model)
    assert infer_missing(path, read(path)).signature.outputs[0].shape == ("N", 4)
    untyped = save(tmp_path, make(outputs=[onnx.ValueInfoProto(name="y")]))
    inferred = infer_missing(untyped, read(untyped))
    assert (inferred.signature.outputs[0].dtype, inferred.foreign_io) == ("TYPE_FP32", ())


def test_inference_keeps_small_constants_and_gives_up_quietly(tmp_path: Path) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [2, -1])
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    path = save(tmp_path, make([tensor("x", [4, 4])], [tensor("y", None)], [shape, weight("w", 5000)], nodes))
    assert infer_missing(path, read(path)).signature.outputs[0].shape == (2, 8)
    odd = save(tmp_path, make(outputs=[tensor("y", None)], nodes=[helper.make_node("NoSuch", ["x"], ["y"])]))
    given_up = infer_missing(odd, read(odd))
    assert given_up.signature.outputs == read(odd).signature.outputs
    assert given_up.signature.guessed == {"y"}


@pytest.mark.parametrize(
    ("declared", "reported"),
    [
        (["N", 4], ("N", 4)),
        (["N", "M"], ("N", 4)),
        ([2, 4], (2, 4)),
        (["N", 5], ("N", None)),
        (["N", 4, 1], None),
        (None, ("N", 4)),
    ],
)
def test_a_session_reports_declared_and_inferred_outputs_merged(tmp_path: Path, declared: Any, reported: Any) -> None:
    path = save(tmp_path, make(outputs=[tensor("y", declared)]))
    assert session_outputs(path, read(path))[0].shape == reported


def small_models() -> Iterator[bytes]:
    branch = helper.make_graph([], "b", [], [], [outside("w", location="w.bin")])
    nodes = [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)]
    yield make().SerializeToString()
    yield make(nodes=nodes, initializers=[weight("w"), outside("e", location="w.bin")]).SerializeToString()
    for name in ("test_add", "test_if", "test_loop", "test_sequence"):
        yield from (f.read_bytes() for f in sorted(PACKAGE.rglob(f"{name}*/model.onnx"))[:2])
    for file in sorted(PACKAGE.rglob("*.onnx"), key=lambda f: (f.stat().st_size, f.name))[:5]:
        yield file.read_bytes()


SMALL = list(small_models())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SMALL)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "cut", "insert", "drop", "huge"])):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "drop":
                del data[at : at + draw(st.integers(1, 8))]
            case "huge":
                data[at:at] = b"\xff" * draw(st.integers(1, 12))
    return bytes(data)


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_a_damaged_model_is_read_or_refused_and_nothing_else(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(data)
    refused = None
    try:
        model = read(path)
    except ModelFileError as error:
        refused = error
    if refused:
        assert refused.reason in {"empty", "foreign", "truncated", "malformed", "trailing", "external", "git-lfs"}
        return
    try:
        theirs = onnx.load_from_string(data)
    except Exception:  # deeper inside than we look, in a node or in weights
        return
    try:
        wanted = comparable(facts_by_onnx(theirs))
    except UnicodeDecodeError:
        return
    assert model.ir_version == wanted["ir_version"]
    assert [t.name for t in model.signature.inputs] == [v[0] for v in wanted["inputs"]]
    assert [t.shape for t in model.signature.outputs] == [v[3] for v in wanted["outputs"]]


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_and_nothing_else(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.onnx"
    path.write_bytes(data)
    try:
        read(path)
    except ModelFileError:
        pass
