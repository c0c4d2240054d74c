"""Golden cases out of what a server answers now."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_kit.client.answer import to_json
from triton_kit.client.request import InferPlan
from triton_kit.files.write import explain_os_errors, replace_text
from triton_kit.repository.names import TESTS
from triton_kit.versions.comparison import Expected, compare_outputs, usual

if TYPE_CHECKING:
    from triton_kit.client.types import Array, Client, Inference, InferResult

LARGE = 4096
"""From so many elements on a case is written as .npz, which is smaller and read faster."""


def record(client: Client, model: Path, asked: Sequence[tuple[str, InferPlan]]) -> tuple[list[Path], list[str]]:
    """Send the requests, each ``InferPlan`` under the name of its cases, and write a case for each.

    Gives the files, and the outputs that were not the same when the same was asked again.
    """
    answered: list[tuple[str, Inference, InferResult]] = []
    unsteady: dict[str, None] = {}
    for name, plan in asked:
        for request in plan.requests:
            result = client.infer(request)
            expected = {n: Expected(array=a, datatype=result.datatypes[n]) for n, a in result.outputs.items()}
            again = compare_outputs(expected, client.infer(request))
            unsteady.update(dict.fromkeys(difference.output for difference in again))
            answered.append((name, request, result))
    folder = model / TESTS
    with explain_os_errors(folder):
        folder.mkdir(exist_ok=True)
    return [_write(folder, *one) for one in answered], list(unsteady)


def _write(folder: Path, name: str, request: Inference, result: InferResult) -> Path:
    """Write one case under the next free name."""
    arrays = [*request.inputs.values(), *result.outputs.values()]
    types = {*request.datatypes.values(), *result.datatypes.values()}
    large = sum(a.size for a in arrays) >= LARGE and not types & {"BYTES", "BF16"}
    number = 1
    while any((folder / f"{name}-{number}{suffix}").exists() for suffix in (".json", ".npz")):
        number += 1
    path = folder / f"{name}-{number}{'.npz' if large else '.json'}"
    text = _npz(request, result).decode("utf-8", "surrogateescape") if large else case_text(request, result)
    replace_text(path, text)
    return path


def case_text(request: Inference, result: InferResult) -> str:
    """The case as JSON, a tensor a line."""
    inputs = [_tensor(n, request.datatypes[n], a) for n, a in request.inputs.items()]
    outputs = []
    for name, array in sorted(result.outputs.items()):
        tolerance = usual(result.datatypes[name])
        given = {"rtol": tolerance.rtol, "atol": tolerance.atol} if tolerance.atol else {}
        outputs.append(_tensor(name, result.datatypes[name], array) | given)
    sides = [
        f'  "{side}": [\n' + ",\n".join(f"    {json.dumps(t, ensure_ascii=False)}" for t in tensors) + "\n  ]"
        for side, tensors in (("inputs", inputs), ("outputs", outputs))
    ]
    return '{\n  "version": 1,\n' + ",\n".join(sides) + "\n}\n"


def _tensor(name: str, datatype: str, array: Array) -> dict[str, object]:
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": _data(array)}


def _data(array: Array) -> list[object]:
    """The elements, floats with as many digits as their own type needs."""
    import numpy as np

    flat = array.ravel()
    if flat.dtype in (np.float16, np.float32):
        return to_json(np.array([float(str(value)) for value in flat], dtype=np.float64))
    return to_json(flat)


def _npz(request: Inference, result: InferResult) -> bytes:
    import numpy as np

    arrays: dict[str, Any] = {f"inputs/{name}": array for name, array in request.inputs.items()}
    for name, array in result.outputs.items():
        arrays[f"outputs/{name}"] = array
        tolerance = usual(result.datatypes[name])
        arrays |= {f"rtol/{name}": np.array(tolerance.rtol), f"atol/{name}": np.array(tolerance.atol)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
