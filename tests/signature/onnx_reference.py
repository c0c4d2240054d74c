"""What the onnx package reads in a file, in the words of triton_kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KINDS = {
    "tensor_type": "tensor",
    "sequence_type": "sequence",
    "map_type": "map",
    "sparse_tensor_type": "sparse_tensor",
    "optional_type": "optional",
    "opaque_type": "opaque",
    None: "untyped",
}


def facts_by_onnx(model: Any) -> dict[str, Any]:
    """The facts of a loaded ModelProto."""
    graph = model.graph
    constant = {t.name for t in graph.initializer}
    constant |= {t.values.name for t in graph.sparse_initializer}
    external = [t for t in graph.initializer if t.data_location == 1]
    return {
        "inputs": [value_by_onnx(v) for v in graph.input if v.name not in constant],
        "overridable": [value_by_onnx(v) for v in graph.input if v.name in constant and model.ir_version >= 4],
        "outputs": [value_by_onnx(v) for v in graph.output],
        "ir_version": model.ir_version,
        "opsets": tuple((o.domain, o.version) for o in model.opset_import),
        "producer": (model.producer_name, model.producer_version),
        "graph_name": graph.name,
        "functions": tuple(f.name for f in model.functions),
        "metadata": tuple((p.key, p.value) for p in model.metadata_props),
        "external": [t.name for t in external],
    }


def value_by_onnx(value: Any) -> tuple[Any, ...]:
    """Name, kind, element type (0 for unknown to Triton), and dims with their names."""
    kind = value.type.WhichOneof("value")
    dims = None
    element = 0
    if kind == "tensor_type":
        tensor = value.type.tensor_type
        element = tensor.elem_type
        if tensor.HasField("shape"):
            dims = tuple(dim_by_onnx(d) for d in tensor.shape.dim)
    return (text(value.name), KINDS[kind], element, dims)


def text(name: Any) -> str:
    """A name that is not UTF-8 comes as bytes from the onnx package."""
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)


def dim_by_onnx(dim: Any) -> int | str | None:
    which = dim.WhichOneof("value")
    if which == "dim_value":
        return dim.dim_value if dim.dim_value >= 0 else None
    return text(dim.dim_param) or None if which else None


def facts_by_tk(path: Path) -> dict[str, Any]:
    """The same facts by triton_kit."""
    from triton_kit.repository.tensor import DATA_TYPES
    from triton_kit.signature.onnx.signature import read

    model = read(path, confined=False)
    foreign = {(f.name, f.is_output): f for f in model.foreign_io}

    def value(tensor: Any, is_output: bool) -> tuple[Any, ...]:
        if tensor.dtype:
            return (tensor.name, "tensor", DATA_TYPES[tensor.dtype].onnx, tensor.shape)
        odd = foreign[tensor.name, is_output]
        return (tensor.name, odd.kind, odd.element, tensor.shape)

    return {
        "inputs": [value(t, False) for t in model.signature.inputs],
        "overridable": [
            (t.name, "tensor", DATA_TYPES[t.dtype].onnx if t.dtype else None, t.shape) for t in model.overridable
        ],
        "outputs": [value(t, True) for t in model.signature.outputs],
        "ir_version": model.ir_version,
        "opsets": model.opsets,
        "producer": model.producer,
        "graph_name": model.graph_name,
        "functions": model.functions,
        "metadata": model.metadata,
        "external": [d.tensor for d in model.external_data],
    }


def comparable(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with element types that Triton has no name for as that name, since each side spells them its way."""
    import onnx

    names = {v: k for k, v in onnx.TensorProto.DataType.items()}

    def one(value: tuple[Any, ...]) -> tuple[Any, ...]:
        name, kind, element, dims = value
        if kind == "tensor" and isinstance(element, int):
            element = names.get(element, str(element))
        return (name, kind, element or None if kind == "tensor" else None, dims)

    return {k: [one(v) for v in x] if k in {"inputs", "outputs", "overridable"} else x for k, x in facts.items()}
