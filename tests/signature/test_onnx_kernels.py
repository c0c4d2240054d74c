"""What ONNX Runtime has kernels for, against what it says itself of the operator models of onnx's own tests."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_operator_models import operator_models, verdicts

from triton_kit.signature.onnx import types
from triton_kit.signature.onnx.kernels import has_cuda, is_known, node, table
from triton_kit.signature.onnx.nodes import versions_of
from triton_kit.signature.onnx.remedies import remedies
from triton_kit.signature.onnx.signature import read
from triton_kit.signature.onnx.types import FLOAT, Kind, is_plain, parameters

AT_LEAST = {"1.19.2": 0.995, "1.28.0": 0.988}
"""The share of models on which we agree with each ONNX Runtime; it only rises."""


def complaint(path: Path, runtime: str) -> str:
    """Why we say that this ONNX Runtime refuses a file; empty where we say nothing."""
    at = table().versions.index(runtime)
    model = read(path, checked=True)
    for kind, title in model.kinds:
        asked = node(kind)
        if not is_known(kind, at) or (asked is not None and not asked.has_kernel(at)):
            return title
    return "; ".join(model.faults)


@pytest.mark.parametrize("runtime", AT_LEAST)
def test_operator_models_are_judged_as_onnx_runtime_judges_them(runtime: str, tmp_path: Path) -> None:
    known = verdicts()
    if known["onnx"] != onnx.__version__:
        pytest.skip(f"the verdicts are of the operator models of onnx {known['onnx']}, and this is {onnx.__version__}")
    wrong, refused = [], []
    models = operator_models(runtime)
    for name, model in models.items():
        path = tmp_path / "model.onnx"
        path.write_bytes(model.SerializeToString())
        ours = complaint(path, runtime)
        if bool(ours) != (known[runtime][name] != "loads"):
            wrong.append(name)
            if ours:
                refused.append(f"{name}: {ours}")
    assert not refused
    assert len(models) > 1800
    assert 1 - len(wrong) / len(models) >= AT_LEAST[runtime], sorted(wrong)


def a_graph(operator: str, element: int, opset: int, inputs: int = 1, domain: str = "", **attributes: object) -> bytes:
    names = [f"x{i}" for i in range(inputs)]
    made = helper.make_node(operator, names, ["y"], name="n", domain=domain, **attributes)
    graph = helper.make_graph(
        [made],
        "g",
        [helper.make_tensor_value_info(name, element, [4]) for name in names],
        [helper.make_empty_tensor_value_info("y")],
    )
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def kind_of(data: bytes, tmp_path: Path) -> Kind:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    ((kind, _),) = read(path, checked=True).kinds
    return kind


def missing(kind: Kind, runtime: str) -> bool:
    asked = node(kind)
    assert asked is not None
    return not asked.has_kernel(table().versions.index(runtime))


@pytest.mark.parametrize(
    ("operator", "element", "opset", "inputs", "since"),
    [
        ("Less", TensorProto.INT16, 13, 2, "1.21.0"),
        ("Add", TensorProto.UINT8, 14, 2, "1.21.0"),
        ("GreaterOrEqual", TensorProto.INT8, 16, 2, "1.21.0"),
        ("Softsign", TensorProto.FLOAT, 17, 1, "1.16.0"),
        ("Add", TensorProto.FLOAT16, 14, 2, "1.16.0"),
    ],
    ids=["by-type", "another", "by-its-body", "always", "between-casts"],
)
def test_a_kernel_is_there_from_a_version_on(
    operator: str, element: int, opset: int, inputs: int, since: str, tmp_path: Path
) -> None:
    kind = kind_of(a_graph(operator, element, opset, inputs), tmp_path)
    known = table().versions
    assert [v for v in known if not missing(kind, v)] == list(known[known.index(since) :])


def test_what_cuda_alone_has_is_told_from_what_nothing_has(tmp_path: Path) -> None:
    at = table().versions.index("1.19.2")
    erf = kind_of(a_graph("Erf", TensorProto.DOUBLE, 13), tmp_path)
    largest = kind_of(a_graph("Max", TensorProto.INT16, 13), tmp_path)
    assert missing(erf, "1.19.2")
    assert has_cuda(erf, at)
    assert missing(largest, "1.19.2")
    assert not has_cuda(largest, at)


def test_remedies_are_the_nearest_type_another_opset_and_a_release_that_has_it(tmp_path: Path) -> None:
    at = table().versions.index("1.19.2")
    less = kind_of(a_graph("Less", TensorProto.INT16, 13, 2), tmp_path)
    assert list(remedies(less, at, 21)) == ["cast INT16 to INT32 before it", "serve it with 25.03 or later"]
    product = ("", 21, "QLinearMatMul", (3, 1, 3, 3, 1, 3, 1, 3), (3,))
    assert "export the model with opset 20" in list(remedies(product, at, 21))


def test_operators_of_onnx_runtimes_own_are_known_by_their_names(tmp_path: Path) -> None:
    at = table().versions.index("1.19.2")
    assert is_known(kind_of(a_graph("FastGelu", FLOAT, 17, domain="com.microsoft"), tmp_path), at)
    assert not is_known(kind_of(a_graph("SlowGelu", FLOAT, 17, domain="com.microsoft"), tmp_path), at)
    assert not is_known(kind_of(a_graph("Adam", FLOAT, 17, domain="ai.onnx.preview.training"), tmp_path), at)


def combinations() -> Iterator[Kind]:
    """The plain operators of each opset with each choice of element types that ONNX allows, of those that are plain."""
    for operator in types._PLAIN:
        rows = versions_of("", operator)
        for i, row in enumerate(rows):
            last = rows[i + 1].since - 1 if i + 1 < len(rows) else 19
            if last < 7 or row.since > 19:
                continue
            found = parameters(row.types)
            names = [name for name in dict.fromkeys(found.inputs) if name]
            choices = [[e for e in (*range(1, 14), 16) if e in found.allowed.get(n, {FLOAT})] or [0] for n in names]
            for chosen in itertools.product(*choices):
                bound = dict(zip(names, chosen, strict=True))
                taken = tuple(bound.get(name, 0) for name in found.inputs)
                made = tuple(bound.get(name, 0) for name in found.outputs)
                yield "", max(row.since, 7), operator, taken, made


def test_what_is_taken_to_be_everywhere_is_in_every_onnx_runtime_of_the_table() -> None:
    plain = [kind for kind in combinations() if is_plain(*kind)]
    assert len(plain) > 200
    assert not [(kind, v) for kind in plain for v in table().versions if missing(kind, v)]


def test_the_table_is_not_read_for_a_plain_graph(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(a_graph("Relu", FLOAT, 17))
    code = f"""
import sys
from triton_kit.signature.onnx.signature import read
assert not read({str(path)!r}, checked=True).kinds
assert "triton_kit.signature.onnx.kernels" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("release", "runtime"),
    [((24, 10), "1.19.2"), ((24, 11), "1.19.2"), ((26, 8), "1.28.0"), ((23, 8), None), ((26, 9), "1.28.0")],
    ids=["24.10", "24.11", "26.08", "too-old", "the last one known"],
)
def test_a_release_has_the_onnx_runtime_of_its_row(release: tuple[int, int], runtime: str | None) -> None:
    at = table().of_release(release)
    assert (None if at is None else table().versions[at]) == runtime


def test_the_element_type_that_an_attribute_names_is_followed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT16),
        helper.make_node("ConstantOfShape", ["s"], ["c"], value=helper.make_tensor("v", TensorProto.INT16, [1], [1])),
        helper.make_node("Add", ["i", "c"], ["y"], name="sum"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [4]),
            helper.make_tensor_value_info("s", TensorProto.INT64, [1]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.INT16, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert complaint(path, "1.19.2") == "the node 'sum' (Add)"
    assert complaint(path, "1.28.0") == ""
    graph.output[0].type.tensor_type.elem_type = TensorProto.INT32
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    assert read(path, checked=True).faults == (
        "the output 'y' is declared as INT32, and the node 'sum' (Add) makes INT16",
    )


def test_a_node_inside_another_is_looked_at_too(tmp_path: Path) -> None:
    def branch(operator: str) -> onnx.GraphProto:
        made = helper.make_node(operator, ["x"], ["r"], name=f"in {operator}")
        return helper.make_graph([made], operator, [], [helper.make_empty_tensor_value_info("r")])

    choice = helper.make_node("If", ["c"], ["y"], then_branch=branch("ImageDecoder"), else_branch=branch("Relu"))
    inputs = [
        helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.UINT8, [4]),
    ]
    graph = helper.make_graph([choice], "g", inputs, [helper.make_tensor_value_info("y", TensorProto.UINT8, None)])
    path = tmp_path / "model.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    assert complaint(path, "1.19.2") == "the node 'in ImageDecoder' (ImageDecoder)"
