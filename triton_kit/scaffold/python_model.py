"""What the template of model.py needs to know: shapes as Python, and which output can be which input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triton_kit.errors import UsageError
from triton_kit.repository.tensor import DATA_TYPES


def python_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with ``input``, ``output`` as a program wants them, and ``batches``: whether a batch size is used.

    Raises UsageError for a type that numpy lacks, which a model in Python cannot make an array of.
    """
    batching = bool(values.get("max_batch_size"))
    inputs = [_tensor(t, batching) for t in values.get("input") or []]
    outputs = [_tensor(t, batching) for t in values.get("output") or []]
    for output in outputs:
        output["same"] = next((t["name"] for t in inputs if _fits(t, output)), None)
    batches = batching and any(not t["same"] for t in outputs)
    return {**values, "input": inputs, "output": outputs, "batches": batches}


def _tensor(tensor: Mapping[str, Any], batching: bool) -> dict[str, Any]:
    data_type = DATA_TYPES.get(str(tensor.get("data_type")))
    if data_type is None or data_type.numpy is None:
        raise UsageError(
            f"{tensor.get('name')} is {tensor.get('data_type')}, which numpy has no type for",
            hint="use FP32 or FP16 for a model in Python",
        )
    dims = [int(d) for d in (tensor.get("reshape") or {}).get("shape", tensor.get("dims") or [])]
    return {
        "name": tensor.get("name"),
        "type": data_type.config.removeprefix("TYPE_"),
        "numpy": data_type.numpy if data_type.numpy != "bool" else "bool_",
        "dims": dims,
        "optional": bool(tensor.get("optional")),
        "shape": _tuple(["batch"] * batching + ["any" if d < 0 else str(d) for d in dims]),
        "zeros": _tuple(["batch"] * batching + [str(max(d, 1)) for d in dims]),
    }


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _fits(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an input can stand for an output: always there, the same type, and every size that it may have fits."""
    if given["optional"] or given["type"] != wanted["type"] or len(given["dims"]) != len(wanted["dims"]):
        return False
    return all(w in (-1, g) for g, w in zip(given["dims"], wanted["dims"], strict=True))
