"""Model files read once for all that ask about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar, cast

from triton_kit.model import disk
from triton_kit.model.broken import Broken, kept
from triton_kit.model.model import Model
from triton_kit.signature.errors import ModelFileError

Read = TypeVar("Read")

_HERE = (disk.FILE, disk.DIRECTORY)


def read_once(
    model: Model, version: int, reader: Callable[[Path], Read], path: str | None = None
) -> Read | ModelFileError:
    """What a reader says of a version's model file, or the ModelFileError that it gave.

    ``reader`` is a function of a module, so that it is the same one each time; ``path`` is that of the file where the
    backend opens another than ``model.model_file``. Raises Broken where nothing is there.
    """
    found = model.reads
    if (version, reader) not in found:
        path = path or model.model_file(version)
        if disk.kind_of(path) not in _HERE:
            raise Broken(path)
        try:
            found[version, reader] = reader(Path(path))
        except ModelFileError as error:
            found[version, reader] = kept(error)
    return cast("Read | ModelFileError", found[version, reader])


def readable(model: Model, reader: Callable[[Path], Read]) -> Iterator[tuple[int, Read]]:
    """The versions whose file can be read, with what it says."""
    for version in model.versions:
        try:
            found = read_once(model, version, reader)
        except Broken:
            continue
        if not isinstance(found, ModelFileError):
            yield version, found


def parameter(model: Model, key: str) -> str:
    """The text of a parameter, empty where it is not written."""
    parameters = model.config.parameters
    return str(parameters[key].string_value) if parameters and key in parameters else ""
