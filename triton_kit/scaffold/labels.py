"""The labels of an output: the file that goes into the model, and whether it has one for each value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from triton_kit.errors import TkError, UsageError
from triton_kit.files.plan import PlannedFile
from triton_kit.suggestion import suggest


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The file of labels as the model gets it, and what is said of it."""

    file: PlannedFile
    notes: tuple[str, ...]


def take_labels(given: str, values: dict[str, Any]) -> Labels:
    """The labels for ``FILE`` or ``OUTPUT=FILE``; puts the file's name on the output among the values.

    Raises UsageError for an output that is not there or not named, and for a file that is not one.
    """
    outputs = values["output"]
    names = [t["name"] for t in outputs]
    output, file = _split(given, names)
    name = file.name if file.suffix == ".txt" else f"{file.name}.txt"
    tensor = next(t for t in outputs if t["name"] == output)
    tensor["label_filename"] = name
    return Labels(file=PlannedFile(path=name, source=file), notes=_count_notes(file, output, tensor["dims"]))


def _split(given: str, names: Sequence[str]) -> tuple[str, Path]:
    """The output and the file; a file's name may hold the sign, too."""
    output, sign, path = given.partition("=")
    if not sign or output not in names:
        if sign and not Path(given).exists() and Path(path).exists():
            raise UsageError(f"--labels {given}: the model has no output {output}", hint=suggest(output, names))
        path = given
        if len(names) != 1:
            raise UsageError(
                f"--labels {path}: the model has {len(names)} outputs", hint=f"say which: --labels {names[0]}={path}"
            )
        output = names[0]
    file = Path(path)
    if not file.is_file():
        raise UsageError(f"--labels: {file} is not a file" if file.exists() else f"--labels: {file} does not exist")
    return output, file


def _count_notes(file: Path, output: str, dims: Sequence[int]) -> tuple[str, ...]:
    """What is said where the file has more or fewer labels than an item of the output has values.

    The server numbers the values of an item in a row, and looks each label up by that number (core label_provider.cc,
    server classification.cc).
    """
    try:
        count = len(file.read_bytes().removesuffix(b"\n").split(b"\n")) if file.stat().st_size else 0
    except OSError as error:
        raise TkError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    size = prod(dims)
    if -1 in dims or count == size:
        return ()
    labels, numbers = ("1 label" if count == 1 else f"{count} labels"), "1 value" if size == 1 else f"{size} values"
    what = "the last ones get no label" if count < size else "the last labels are never used"
    return (f"{file} has {labels}, and output {output} has {numbers}: {what}",)
