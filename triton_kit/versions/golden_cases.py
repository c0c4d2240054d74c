"""Golden cases: what a model is asked, and what it is to answer, in files below its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.client.types import Parameter
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.names import TESTS
from triton_kit.suggestion import suggest
from triton_kit.versions.comparison import Tolerance

if TYPE_CHECKING:
    from triton_kit.client.types import Array

SUFFIXES = (".json", ".npz")
_OF_A_REQUEST = ("inputs", "outputs", "responses", "parameters")
_OF_ALL = ("version", "partial", "rtol", "atol")
_FORM = 'write {"inputs": {"NAME": [...]}, "outputs": {"NAME": [...]}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRequest:
    """A request of a case as the file has it.

    ``inputs`` and each of the ``responses``, the outputs of one, are JSON values, or arrays by name from an ``.npz``.
    Where not ``streamed`` there is one response. ``tolerances`` are those of each response, by output.
    """

    inputs: object
    responses: tuple[object, ...]
    streamed: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    tolerances: tuple[Mapping[str, Tolerance], ...] = ({},)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as its file has it; ``golden_arrays.bind`` makes arrays of it for a model.

    Where it is a ``sequence`` its requests begin and end one. ``tolerance`` is for all outputs with fractions. With
    ``partial`` other outputs than the expected ones do not matter.
    """

    file: Path
    requests: tuple[CaseRequest, ...]
    sequence: bool = False
    partial: bool = False
    tolerance: Tolerance | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.stem


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
    if not isinstance(value, dict):
        raise UsageError(f"{file} is not a case", hint=_FORM)
    sequence = "requests" in value
    _check_keys(file, value, (*_OF_ALL, "requests") if sequence else (*_OF_ALL, *_OF_A_REQUEST))
    if not isinstance(value.get("partial", False), bool):
        raise UsageError(f"{file}: partial is not true or false")
    rows = value["requests"] if sequence else [value]
    if not isinstance(rows, list) or not rows:
        raise UsageError(f"{file}: requests is not a list of requests", hint=f"in it, {_FORM}")
    return Case(
        file=file,
        requests=tuple(_request(file, row, sequence) for row in rows),
        sequence=sequence,
        partial=value.get("partial", False),
        tolerance=read_tolerance(file, value),
    )


def _check_keys(file: Path, value: Mapping[str, object], known: Sequence[str]) -> None:
    for key in value:
        if key not in known:
            raise UsageError(f"{file}: {key} is not a key of a case", hint=suggest(key, known))


def _request(file: Path, row: object, sequence: bool) -> CaseRequest:
    if not isinstance(row, dict) or not row.get("inputs") or ("outputs" in row) == ("responses" in row):
        raise UsageError(
            f"{file} is not a case", hint=f'{_FORM}, or for a stream "responses": [{{"NAME": [...]}}, ...]'
        )
    if sequence:
        _check_keys(file, row, _OF_A_REQUEST)
    streamed = "responses" in row
    responses = row["responses"] if streamed else [row["outputs"]]
    if not isinstance(responses, list):
        raise UsageError(f"{file}: responses is not a list", hint='write "responses": [{"NAME": [...]}, ...]')
    return CaseRequest(
        inputs=row["inputs"],
        responses=tuple(responses),
        streamed=streamed,
        parameters=_parameters(file, row.get("parameters", {})),
        tolerances=tuple(_tolerances(file, outputs) for outputs in responses),
    )


def _parameters(file: Path, value: object) -> Mapping[str, Parameter]:
    if not isinstance(value, dict):
        raise UsageError(f"{file}: parameters is not an object")
    for key, parameter in value.items():
        if not isinstance(parameter, str | int | float):
            raise UsageError(f"{file}: the parameter {key} is not a text, a number, true or false")
    return value


def _tolerances(file: Path, outputs: object) -> Mapping[str, Tolerance]:
    given = read_outputs(file, outputs)
    return {name: found for name, one in given.items() if (found := read_tolerance(file, one))}


def read_outputs(file: Path, value: object) -> dict[str, Mapping[str, object]]:
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


def read_tolerance(file: Path, given: Mapping[str, object]) -> Tolerance | None:
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
    tolerances = {name: found for name, given in pairs.items() if (found := read_tolerance(file, given))}
    common = tolerances.pop("", None)
    request = CaseRequest(inputs=parts["inputs"], responses=(parts["outputs"],), tolerances=(tolerances,))
    return Case(file=file, requests=(request,), tolerance=common)
