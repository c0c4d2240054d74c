"""Golden cases: what a model is asked, and what it is to answer, in files below its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.client.input_slots import Slot, convert, find_slot, fit, to_array
from triton_kit.client.inputs import read_json
from triton_kit.client.types import TensorMetadata
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.names import TESTS
from triton_kit.repository.tensor import BY_WIRE
from triton_kit.suggestion import suggest
from triton_kit.versions.comparison import Expected, Tolerance, usual

if TYPE_CHECKING:
    from triton_kit.client.types import Array

SUFFIXES = (".json", ".npz")
_KEYS = ("version", "inputs", "outputs", "parameters", "partial", "rtol", "atol")
_FLOATS = ("FP16", "BF16", "FP32", "FP64")
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as its file has it; ``bind`` makes arrays of it for a model.

    ``inputs`` and ``outputs`` are JSON values, or arrays by name from an ``.npz``. ``tolerances`` are by output, the
    empty name for all. With ``partial`` other outputs than the expected ones do not matter.
    """

    file: Path
    inputs: object
    outputs: object
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    partial: bool = False
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A case for a model: complete inputs, and what is expected of each output."""

    inputs: Mapping[str, Array]
    expected: Mapping[str, Expected]


def find_cases(model: Path) -> list[Path]:
    """The files of a model's cases, by name. Raises TkError where they cannot be listed."""
    try:
        entries = sorted((model / TESTS).iterdir(), key=lambda p: p.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TkError(f"{model / TESTS} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return [p for p in entries if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()]


def read_case(file: Path) -> Case:
    """The case in a file. Raises UsageError for what is none."""
    return _read_npz(file) if file.suffix.lower() == ".npz" else _read_json(file)


def _read_json(file: Path) -> Case:
    try:
        value = json.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON: {error}") from None
    if not isinstance(value, dict) or not value.get("inputs") or "outputs" not in value:
        raise UsageError(f"{file} is not a case", hint='write {"inputs": {"NAME": [...]}, "outputs": {"NAME": [...]}}')
    for key in value:
        if key not in _KEYS:
            raise UsageError(f"{file}: {key} is not a key of a case", hint=suggest(key, _KEYS))
    parameters = value.get("parameters", {})
    if not isinstance(parameters, dict) or not isinstance(value.get("partial", False), bool):
        raise UsageError(f"{file}: parameters is not an object, or partial is not true or false")
    for key, parameter in parameters.items():
        if not isinstance(parameter, str | int | float):
            raise UsageError(f"{file}: the parameter {key} is not a text, a number, true or false")
    tolerances = {
        name: found for name, given in _outputs(file, value["outputs"]).items() if (found := _tolerance(file, given))
    }
    if common := _tolerance(file, value):
        tolerances[""] = common
    return Case(
        file=file,
        inputs=value["inputs"],
        outputs=value["outputs"],
        parameters=parameters,
        partial=value.get("partial", False),
        tolerances=tolerances,
    )


def _outputs(file: Path, value: object) -> dict[str, Mapping[str, object]]:
    """The outputs by name, each ``{"data": ...}`` with what else is given for it."""
    match value:
        case list() as tensors:
            for tensor in tensors:
                if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str) or "data" not in tensor:
                    raise UsageError(f"{file}: {json.dumps(tensor)} is not an output", hint="give it name and data")
            return {tensor["name"]: tensor for tensor in tensors}
        case dict() as named:
            return {n: v if isinstance(v, dict) and "data" in v else {"data": v} for n, v in named.items()}
    raise UsageError(f"{file}: outputs is neither a list nor an object")


def _tolerance(file: Path, given: Mapping[str, object]) -> Tolerance | None:
    """The tolerance that is given; one of its two numbers alone makes the other one 0."""
    numbers: dict[str, float] = {}
    for key in ("rtol", "atol"):
        number = given.get(key)
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < float("inf"):
            raise UsageError(f"{file}: {key} is {number!r}, and not a number from 0 up")
        numbers[key] = number
    return Tolerance(rtol=numbers.get("rtol", 0.0), atol=numbers.get("atol", 0.0)) if numbers else None


def _read_npz(file: Path) -> Case:
    import zipfile
    import zlib

    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, AttributeError) as error:
        raise UsageError(f"{file} is not a .npz file of plain arrays: {error}") from None
    parts: dict[str, dict[str, Array]] = {"inputs": {}, "outputs": {}, "rtol": {}, "atol": {}}
    for key, array in arrays.items():
        side, _, name = key.partition("/")
        if side not in parts or (not name and side in ("inputs", "outputs")):
            raise UsageError(f"{file}: {key} is not of the form inputs/NAME, outputs/NAME, rtol/NAME or atol/NAME")
        parts[side][name] = array
    if not parts["inputs"]:
        raise UsageError(f"{file} has no inputs", hint="name the arrays inputs/NAME and outputs/NAME")
    pairs: dict[str, dict[str, object]] = {name: {} for name in (*parts["rtol"], *parts["atol"])}
    for key in ("rtol", "atol"):
        for name, array in parts[key].items():
            pairs[name][key] = array.item() if array.size == 1 else None
    tolerances = {name: found for name, given in pairs.items() if (found := _tolerance(file, given))}
    return Case(file=file, inputs=parts["inputs"], outputs=parts["outputs"], tolerances=tolerances)


def bind(case: Case, known: Mapping[str, Slot], outputs: Mapping[str, TensorMetadata]) -> Bound:
    """The case's arrays for a model with these inputs and outputs. Raises UsageError that names the file."""
    try:
        if case.file.suffix.lower() == ".npz":
            return _bind_arrays(case, known, outputs)
        return _bind_json(case, known, outputs)
    except UsageError as error:
        if error.message.startswith(str(case.file)):
            raise
        raise UsageError(f"{case.file}: {error.message}", hint=error.hint) from None


def _bind_arrays(case: Case, known: Mapping[str, Slot], outputs: Mapping[str, TensorMetadata]) -> Bound:
    inputs = {}
    assert isinstance(case.inputs, dict)
    assert isinstance(case.outputs, dict)
    for name, array in case.inputs.items():
        slot = find_slot(known, name)
        inputs[name] = fit(convert(array, slot), slot)
    expected = {}
    for name, array in case.outputs.items():
        own = _slot(name, outputs[name].datatype) if name in outputs else None
        values = convert(array, own) if own is not None else array
        expected[name] = Expected(array=values, tolerance=_of(case, name, own))
    return Bound(inputs=inputs, expected=expected)


def _bind_json(case: Case, known: Mapping[str, Slot], outputs: Mapping[str, TensorMetadata]) -> Bound:
    if isinstance(case.inputs, list):
        tensors = [_plain_tensor(tensor, known) for tensor in case.inputs]
        (rows,) = read_json({"inputs": tensors}, known)
    elif isinstance(case.inputs, dict):
        named = {n: _plain_value(v, find_slot(known, n).datatype) for n, v in case.inputs.items()}
        (rows,) = read_json([named], known)
    else:
        raise UsageError("inputs is neither a list nor an object")
    inputs = {name: fit(array, known[name]) for name, array in rows.items()}
    expected = {}
    for name, given in _outputs(case.file, case.outputs).items():
        written = given.get("datatype")
        datatype = str(written) if written else (outputs[name].datatype if name in outputs else None)
        expected[name] = _expected(case, name, given, datatype)
    return Bound(inputs=inputs, expected=expected)


def _expected(case: Case, name: str, given: Mapping[str, object], datatype: str | None) -> Expected:
    import numpy as np

    if datatype not in BY_WIRE:
        if datatype is not None:
            raise UsageError(f"{datatype} is not a data type of output {name}", hint=suggest(datatype, tuple(BY_WIRE)))
        return Expected(array=np.zeros(0))  # The model has no such output: its values do not matter.
    slot = _slot(name, datatype)
    try:
        array = to_array(_plain_value(given["data"], datatype), slot)
    except UsageError as error:
        raise UsageError(error.message.replace("input ", "output "), hint=error.hint) from None
    shape, written = given.get("shape"), given.get("datatype")
    if shape is not None:
        try:
            array = array.reshape(shape if isinstance(shape, list) else int(str(shape)))
        except (ValueError, TypeError):
            raise UsageError(f"output {name} has {array.size} elements, and its shape is {shape}") from None
    return Expected(
        array=array,
        datatype=str(written) if written else None,
        tolerance=_of(case, name, slot),
        shaped=shape is not None,
    )


def _slot(name: str, datatype: str) -> Slot:
    return Slot(name=name, datatype=datatype, shape=(), batching=False, optional=False, layout="FORMAT_NONE")


def _of(case: Case, name: str, slot: Slot | None) -> Tolerance | None:
    """The tolerance of an output; one for all outputs is none for those without fractions."""
    own = case.tolerances.get(name)
    if own is not None or slot is None:
        return own
    common = case.tolerances.get("")
    return common if common is not None and slot.datatype in _FLOATS else usual(slot.datatype)


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
