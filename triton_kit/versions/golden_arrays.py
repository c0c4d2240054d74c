"""The arrays of golden cases, for a model whose inputs and outputs are known."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.client.input_slots import Slot, convert, find_slot, fit, to_array
from triton_kit.client.inputs import read_json
from triton_kit.client.types import Parameter, TensorMetadata
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.tensor import BY_WIRE
from triton_kit.suggestion import suggest
from triton_kit.versions.comparison import Expected, Tolerance, usual
from triton_kit.versions.golden_cases import Case, CaseRequest, find_cases, read_case, read_outputs

if TYPE_CHECKING:
    from triton_kit.client.types import Array

_FLOATS = ("FP16", "BF16", "FP32", "FP64")
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A request for a model: complete inputs, and what is expected of each output of each response."""

    inputs: Mapping[str, Array]
    expected: tuple[Mapping[str, Expected], ...]
    streamed: bool
    parameters: Mapping[str, Parameter]


def bind(case: Case, known: Mapping[str, Slot], outputs: Mapping[str, TensorMetadata]) -> tuple[Bound, ...]:
    """The case's requests for a model with these inputs and outputs. Raises UsageError that names the file."""
    try:
        return tuple(_bound(case, request, known, outputs) for request in case.requests)
    except UsageError as error:
        if error.message.startswith(str(case.file)):
            raise
        raise UsageError(f"{case.file}: {error.message}", hint=error.hint) from None


def example_inputs(model: Path, known: Mapping[str, Slot]) -> dict[str, list[Array]]:
    """Inputs that the model takes, by its golden cases; cases that do not fit it are passed over."""
    found: dict[str, list[Array]] = {}
    with contextlib.suppress(TkError):
        for file in find_cases(model):
            with contextlib.suppress(TkError):
                for bound in bind(read_case(file), known, {}):
                    for name, array in bound.inputs.items():
                        found.setdefault(name, []).append(array)
    return found


def _bound(case: Case, request: CaseRequest, known: Mapping[str, Slot], outputs: Mapping[str, TensorMetadata]) -> Bound:
    arrays = case.file.suffix.lower() == ".npz"
    expected = []
    for response, tolerances in zip(request.responses, request.tolerances, strict=True):
        tolerance = _Tolerances(own=tolerances, common=case.tolerance)
        if arrays:
            assert isinstance(response, dict)
            expected.append({name: _array(name, a, outputs, tolerance) for name, a in response.items()})
        else:
            given = read_outputs(case.file, response)
            expected.append({name: _expected(name, one, outputs, tolerance) for name, one in given.items()})
    return Bound(
        inputs=_npz_inputs(request, known) if arrays else _json_inputs(request, known),
        expected=tuple(expected),
        streamed=request.streamed,
        parameters=request.parameters,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tolerances:
    """The tolerances of a response: of its outputs, and for those with fractions."""

    own: Mapping[str, Tolerance]
    common: Tolerance | None

    def of(self, name: str, datatype: str | None) -> Tolerance | None:
        """The tolerance of an output; one for all outputs is none for those without fractions."""
        own = self.own.get(name)
        if own is not None or datatype is None:
            return own
        return self.common if self.common is not None and datatype in _FLOATS else usual(datatype)


def _npz_inputs(request: CaseRequest, known: Mapping[str, Slot]) -> dict[str, Array]:
    assert isinstance(request.inputs, dict)
    inputs = {}
    for name, array in request.inputs.items():
        slot = find_slot(known, name)
        inputs[name] = fit(convert(array, slot), slot)
    return inputs


def _json_inputs(request: CaseRequest, known: Mapping[str, Slot]) -> dict[str, Array]:
    if isinstance(request.inputs, list):
        tensors = [_plain_tensor(tensor, known) for tensor in request.inputs]
        (rows,) = read_json({"inputs": tensors}, known)
    elif isinstance(request.inputs, dict):
        named = {n: _plain_value(v, find_slot(known, n).datatype) for n, v in request.inputs.items()}
        (rows,) = read_json([named], known)
    else:
        raise UsageError("inputs is neither a list nor an object")
    return {name: fit(array, known[name]) for name, array in rows.items()}


def _array(name: str, array: Array, outputs: Mapping[str, TensorMetadata], tolerances: _Tolerances) -> Expected:
    own = _slot(name, outputs[name].datatype) if name in outputs else None
    values = convert(array, own) if own is not None else array
    return Expected(array=values, tolerance=tolerances.of(name, own.datatype if own is not None else None))


def _expected(
    name: str, given: Mapping[str, object], outputs: Mapping[str, TensorMetadata], tolerances: _Tolerances
) -> Expected:
    import numpy as np

    written = given.get("datatype")
    datatype = str(written) if written else (outputs[name].datatype if name in outputs else None)
    if datatype not in BY_WIRE:
        if datatype is not None:
            raise UsageError(f"{datatype} is not a data type of output {name}", hint=suggest(datatype, tuple(BY_WIRE)))
        return Expected(array=np.zeros(0))  # The model has no such output: its values do not matter.
    try:
        array = to_array(_plain_value(given["data"], datatype), _slot(name, datatype))
    except UsageError as error:
        raise UsageError(error.message.replace("input ", "output "), hint=error.hint) from None
    shape = given.get("shape")
    if shape is not None:
        try:
            array = array.reshape(shape if isinstance(shape, list) else int(str(shape)))
        except (ValueError, TypeError):
            raise UsageError(f"output {name} has {array.size} elements, and its shape is {shape}") from None
    return Expected(
        array=array,
        datatype=str(written) if written else None,
        tolerance=tolerances.of(name, datatype),
        shaped=shape is not None,
    )


def _slot(name: str, datatype: str) -> Slot:
    return Slot(name=name, datatype=datatype, shape=(), batching=False, optional=False, layout="FORMAT_NONE")


def _plain_tensor(tensor: object, known: Mapping[str, Slot]) -> object:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str) or "data" not in tensor:
        return tensor
    return {**tensor, "data": _plain_value(tensor["data"], find_slot(known, tensor["name"]).datatype)}


def _plain_value(value: object, datatype: str) -> object:
    """A JSON value with NaN, infinity and bytes out of the forms that JSON has for them."""
    match value:
        case list():
            return [_plain_value(inner, datatype) for inner in value]
        case str() if datatype in _FLOATS and value in _SPECIAL:
            return _SPECIAL[value]
        case {"b64": str(text)} if datatype == "BYTES":
            import base64
            import binascii

            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                raise UsageError(f"the b64 {text[:20]!r} is not base64") from None
    return value
