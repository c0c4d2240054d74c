"""What the ONNX Runtime backend completes, and which dims it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper

from triton_kit.backends.onnxruntime import (
    companions,
    compare_dims,
    complete,
    is_batchable,
    read,
    recognise,
)
from triton_kit.backends.types import Companion, ConfigTensor
from triton_kit.repository.tensor import Dim, TensorSpec
from triton_kit.signature.types import Signature


def signature(inputs: dict[str, tuple[Dim, ...] | None], outputs: dict[str, tuple[Dim, ...] | None]) -> Signature:
    def specs(tensors: dict[str, tuple[Dim, ...] | None]) -> tuple[TensorSpec, ...]:
        return tuple(TensorSpec(name=n, dtype="TYPE_FP32", shape=s) for n, s in tensors.items())

    return Signature(inputs=specs(inputs), outputs=specs(outputs))


def test_a_batchable_model_gets_batches_of_four_and_dynamic_batching() -> None:
    done = complete(signature({"b": ("N", 3, "H"), "a": (None, 2)}, {"y": (-1, 10)}))
    assert (done.max_batch_size, done.dynamic_batching, done.blockers) == (4, True, ())
    assert done.inputs == (
        ConfigTensor(name="a", data_type="TYPE_FP32", dims=(2,)),
        ConfigTensor(name="b", data_type="TYPE_FP32", dims=(3, -1)),
    )
    assert done.outputs == (ConfigTensor(name="y", data_type="TYPE_FP32", dims=(10,)),)


@pytest.mark.parametrize(("default", "size", "dynamic"), [(0, 0, False), (-3, 0, False), (1, 1, False), (16, 16, True)])
def test_the_default_batch_decides(default: int, size: int, dynamic: bool) -> None:
    done = complete(signature({"x": ("N", 4)}, {"y": ("N",)}), default_max_batch_size=default)
    assert (done.max_batch_size, done.dynamic_batching) == (size, dynamic)
    assert done.inputs[0].dims == ((4,) if size else (-1, 4))


@pytest.mark.parametrize("odd", [(1, 4), (0, 4), (), None])
def test_one_tensor_without_a_free_first_dimension_keeps_the_model_from_batching(odd: tuple[int, ...] | None) -> None:
    model = signature({"x": ("N", 4)}, {"y": ("N", 4), "z": odd})
    assert not is_batchable(model)
    done = complete(model)
    assert (done.max_batch_size, done.dynamic_batching) == (0, False)
    assert done.inputs[0].dims == (-1, 4)
    assert done.outputs[1] == ConfigTensor(name="z", data_type="TYPE_FP32", dims=odd or (1,))


def test_a_tensor_that_is_only_a_batch_gets_one_dim_and_an_empty_reshape() -> None:
    assert complete(signature({"x": ("N",)}, {})).inputs[0] == ConfigTensor(
        name="x", data_type="TYPE_FP32", dims=(1,), reshape=()
    )


def test_what_cannot_be_served_is_said() -> None:
    done = complete(
        Signature(
            inputs=(TensorSpec(name="a", dtype=None, shape=(1,)), TensorSpec(name="b", dtype="TYPE_BF16", shape=(1,))),
            outputs=(TensorSpec(name="y", dtype="TYPE_FP32", shape=(0, 2)),),
        ),
        release="24.10",
    )
    assert [b.partition(" ")[0] + b.split("'")[1] for b in done.blockers] == ["inputa", "inputb", "outputy"]
    assert [t.data_type for t in done.inputs] == ["TYPE_INVALID", "TYPE_INVALID"]


def test_bf16_is_taken_from_26_03_on() -> None:
    model = Signature(inputs=(TensorSpec(name="x", dtype="TYPE_BF16", shape=(1,)),), outputs=())
    assert complete(model, release="26.02").blockers
    assert not complete(model, release="26.03").blockers
    assert not complete(model).blockers


@pytest.mark.parametrize(
    ("dims", "shape", "batching", "as_input", "as_output"),
    [
        ([4], ("N", 4), True, None, None),
        ([4], ("N", "M"), True, None, "dims"),
        ([-1], ("N", "M"), True, None, None),
        ([-1], ("N", 4), True, "dims", "dims"),
        ([4], (1, 4), True, "first-dim", "first-dim"),
        ([1, 4], ("N", 4), True, "rank", "rank"),
        ([-1, 4], ("N", 4), False, None, None),
        ([1, 4], ("N", 4), False, None, "dims"),
        ([2, 4], (1, 4), False, "dims", "dims"),
        ([4], ("N", 4), False, "rank", "rank"),
        ([1], (), False, None, None),
        ([1, 1], None, True, None, None),
        ([2], None, False, "scalar", "scalar"),
        ([], ("N",), True, None, None),
        ([5], (0,), False, "dims", "dims"),
    ],
)
def test_dims_are_compared_as_the_backend_compares_them(
    dims: list[int], shape: tuple[Dim, ...] | None, batching: bool, as_input: str | None, as_output: str | None
) -> None:
    assert compare_dims(dims, shape, batching=batching, exact=False) == as_input
    assert compare_dims(dims, shape, batching=batching, exact=True) == as_output


def test_a_directory_stands_for_the_model_in_it_and_external_data_travel_along(tmp_path: Path) -> None:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value="data/w.bin")
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 1]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weight])
    folder = tmp_path / "model.onnx"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    found = read(folder)
    assert found
    assert [t.name for t in found.inputs] == ["x"]
    assert recognise(folder)
    assert recognise(tmp_path) is None or (tmp_path / "model.onnx").is_file()
    assert companions(folder) == ()
    assert companions(folder / "model.onnx") == (Companion(source=folder / "data" / "w.bin", target="data/w.bin"),)
