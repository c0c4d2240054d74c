"""What a model answered, in forms to show, to compare and to keep; pure but for ``save``."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from triton_kit import json_document
from triton_kit.client.types import InferResult
from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk

if TYPE_CHECKING:
    from triton_kit.client.types import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class and its score; ``label`` is empty where nobody knows it."""

    index: int
    score: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output: ``array`` its values, or ``None`` when only its best classes were asked for.

    ``classes`` has the best classes of each example, best first; it is empty where none were wanted.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    array: Array | None
    classes: tuple[tuple[Class, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response: of which request, which of its responses, both from 0, and how many seconds after it was sent."""

    request: int
    response: int
    seconds: float
    version: str
    outputs: tuple[Output, ...]


def read_outputs(
    result: InferResult,
    *,
    classified: Mapping[str, int],
    datatypes: Mapping[str, str],
    batching: bool,
    top: int = 0,
    labels: Sequence[str] = (),
) -> tuple[Output, ...]:
    """The outputs of a result, in the model's order; the server's own varies.

    ``classified`` are those that were asked for as classes (``Request.classes``), ``datatypes`` the model's own. With
    ``top`` or ``labels`` the classes of every other output that looks like scores are found here.
    """
    found = []
    order = {name: i for i, name in enumerate(datatypes)}
    for name, array in sorted(result.outputs.items(), key=lambda item: order.get(item[0], len(order))):
        own = datatypes.get(name, result.datatypes[name])
        classes: tuple[tuple[Class, ...], ...] = ()
        if name in classified:
            classes = tuple(tuple(map(read_class, row)) for row in _examples(array, batching))
            found.append(Output(name=name, datatype=own, shape=array.shape, array=None, classes=classes))
            continue
        if top and looks_like_scores(array, batching=batching, labels=labels):
            classes = tuple(best_classes(row, top, labels) for row in _examples(array, batching))
        found.append(
            Output(name=name, datatype=result.datatypes[name], shape=array.shape, array=array, classes=classes)
        )
    return tuple(found)


def read_class(text: bytes) -> Class:
    """Triton's ``score:index`` or ``score:index:label`` (the classification extension); a label may hold colons."""
    score, index, *label = text.decode("utf-8", "backslashreplace").split(":", 2)
    return Class(index=int(index), score=float(score), label=label[0] if label else "")


def looks_like_scores(array: Array, *, batching: bool, labels: Sequence[str]) -> bool:
    """Whether each example is one row of numbers, as many as there are labels where those are known."""
    shape = [d for d in array.shape[batching:] if d != 1]
    return array.dtype.kind in "iuf" and len(shape) == 1 and (not labels or shape[0] == len(labels))


def best_classes(row: Array, top: int, labels: Sequence[str]) -> tuple[Class, ...]:
    """The ``top`` highest scores, the lower index first among equals; a NaN is never among the best."""
    import numpy as np

    flat = row.ravel()
    order = np.argsort(-np.where(np.isnan(flat), -np.inf, flat.astype(np.float64)), kind="stable")[:top]
    return tuple(Class(index=int(i), score=float(flat[i]), label=labels[i] if i < len(labels) else "") for i in order)


def read_labels(path: Path) -> tuple[str, ...]:
    """One label a line, as Triton's own label files are; the line's number from 0 is the class."""
    try:
        return tuple(disk.read_given(path).decode("utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        why = disk.reason(error) if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{path} cannot be read: {why}", hint="give a file with one label a line") from None


def summarise(array: Array, *, width: int = 60) -> str:
    """The first values of an array, as many as fit into ``width`` characters."""
    if array.size == 0:
        return "(empty)"
    shown: list[str] = []
    used = 0
    for value in array.ravel()[:64]:
        text = _show(value)
        if shown and used + len(text) + 1 > width:
            break
        shown.append(text if len(text) <= width else text[: width - 1] + "…")
        used += len(text) + 1
    return " ".join(shown) + (" …" if len(shown) < array.size else "")


def to_json(array: Array) -> list[object]:
    """Nested lists for JSON: bytes as text or ``{"b64": ...}``, NaN and infinity as strings."""
    if array.ndim > 1:
        return [to_json(row) for row in array]
    return [_plain(value) for value in array.tolist()] if array.ndim else [_plain(array.item())]


def outputs_json(outputs: Sequence[Output]) -> list[dict[str, object]]:
    """The outputs for ``--format json``: name, datatype, shape, values (or null), classes (or null)."""
    return [
        {
            "name": o.name,
            "datatype": o.datatype,
            "shape": list(o.shape),
            "values": None if o.array is None else to_json(o.array),
            "classes": [[{"index": c.index, "score": _plain(c.score), "label": c.label} for c in e] for e in o.classes]
            or None,
        }
        for o in outputs
    ]


def check_target(path: Path) -> None:
    """Raise UsageError, before anything is sent, where the answer could not be saved."""
    if path.suffix.lower() not in (".npz", ".json"):
        raise UsageError(f"{path} is neither .npz nor .json", hint="name the file by the format it shall have")
    if path.is_dir() or not path.absolute().parent.is_dir():
        where = path if path.is_dir() else path.parent
        raise UsageError(
            f"{where} is {'a directory' if path.is_dir() else 'not a directory'}", hint="choose another path"
        )


def save(path: Path, results: Sequence[Sequence[Output]]) -> None:
    """Keep the answers of all requests in a file; what was there before stays until the new one is complete.

    An ``.npz`` has the outputs by name, ``0/NAME`` and so on where there are several answers. A ``.json`` has
    ``{"version": 1, "answers": [{"outputs": [...]}]}``.
    """
    import os

    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with staged.open("xb") as file:
            if path.suffix.lower() == ".json":
                answers = [{"outputs": outputs_json(outputs)} for outputs in results]
                file.write(json_document.render({"answers": answers}, indent=None).encode() + b"\n")
            else:
                _write_npz(file, results)
        staged.replace(path)
    except OSError as error:
        raise TkError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        staged.unlink(missing_ok=True)


def _write_npz(file: IO[bytes], results: Sequence[Sequence[Output]]) -> None:
    """As ``numpy.savez`` does, which cannot write an array that is called ``file``."""
    import zipfile

    from numpy.lib import format as npy

    with zipfile.ZipFile(file, "w") as archive:
        for i, outputs in enumerate(results):
            for output in outputs:
                if output.array is None:
                    continue
                name = output.name if len(results) == 1 else f"{i}/{output.name}"
                array = _strings(output) if output.datatype == "BYTES" else output.array
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, array, allow_pickle=False)


def _strings(output: Output) -> Array:
    """Strings as one of numpy's own types, which need no pickle: text where it is text, else bytes."""
    import numpy as np

    assert output.array is not None
    values = output.array.ravel().tolist()
    if any(v.endswith(b"\0") for v in values):
        message = f"output {output.name} has strings that end in a zero byte, which .npz would lose"
        raise UsageError(message, hint="save it as .json")
    try:
        array = np.array([v.decode() for v in values], dtype=np.str_)
    except UnicodeDecodeError:
        array = np.array(values, dtype=np.bytes_)
    return array.reshape(output.array.shape)


def _examples(array: Array, batching: bool) -> list[Array]:
    return [row.ravel() for row in array] if batching and array.ndim else [array.ravel()]


def _show(value: object) -> str:
    if isinstance(value, bytes):
        try:
            return json.dumps(value.decode(), ensure_ascii=False)
        except UnicodeDecodeError:
            return f"<{len(value)} bytes>"
    import numpy as np

    if isinstance(value, np.floating):
        return f"{float(value):.6g}"
    return str(value).lower() if str(value) in ("True", "False") else str(value)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
