"""The versions of a model at a glance: what each is, and who serves it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from triton_kit.signature.errors import ModelFileError
from triton_kit.versions.log import State
from triton_kit.versions.model_folder import Place, backend_and_file, ignored_directories, state_of, versions_of
from triton_kit.versions.signatures import brief, version_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version: ``size`` in bytes of all its files, ``changed`` the newest of their dates.

    ``signature`` is empty where the files do not tell it, ``opset`` is ONNX's, ``None`` elsewhere. ``loaded`` names the
    servers that have it loaded.
    """

    number: int
    path: Path
    size: int
    changed: datetime
    signature: str
    opset: int | None
    served: bool
    loaded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The versions, lowest first, the policy, and the directories that the server ignores or takes for another."""

    place: Place
    state: State
    rows: tuple[VersionRow, ...]
    ignored: tuple[str, ...]


def overview(place: Place, loaded: Mapping[int, Sequence[str]]) -> Overview:
    """What there is; ``loaded`` are the servers by version."""
    state = state_of(place)
    rows = tuple(
        _row(place, number, path, number in state.served, loaded.get(number, ()))
        for number, path in versions_of(place).items()
    )
    return Overview(place=place, state=state, rows=rows, ignored=tuple(ignored_directories(place)))


def _row(place: Place, number: int, path: Path, served: bool, loaded: Sequence[str]) -> VersionRow:
    size, newest = measure(path)
    signature = version_signature(place, path)
    return VersionRow(
        number=number,
        path=path,
        size=size,
        changed=datetime.fromtimestamp(newest, timezone.utc),
        signature=brief(signature) if signature is not None else "",
        opset=opset(place, path),
        served=served,
        loaded=tuple(loaded),
    )


def measure(path: Path) -> tuple[int, float]:
    """The bytes of all files below a directory, and the newest time among them and it."""
    size, newest = 0, 0.0
    with contextlib.suppress(OSError):
        newest = path.stat().st_mtime
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                info = (Path(folder) / name).stat()
                size, newest = size + info.st_size, max(newest, info.st_mtime)
    return size, newest


def opset(place: Place, path: Path) -> int | None:
    """The version of ONNX's own operators in a version's model file."""
    from triton_kit.backends.onnxruntime import model_file
    from triton_kit.signature.onnx.signature import read

    backend, name = backend_and_file(place)
    if backend != "onnxruntime" or not name:
        return None
    try:
        found = read(model_file(path / name), confined=False)
    except ModelFileError:
        return None
    return next((version for domain, version in found.opsets if domain in ("", "ai.onnx")), None)


def as_json(found: Overview) -> dict[str, object]:
    """The overview for scripts."""
    return {
        "version": 1,
        "model": found.place.name,
        "path": str(found.place.path),
        "policy": found.state.policy.value,
        "served": list(found.state.served),
        "versions": [
            {
                "number": row.number,
                "path": str(row.path),
                "size": row.size,
                "changed": row.changed.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "signature": row.signature or None,
                "opset": row.opset,
                "served": row.served,
                "loaded": list(row.loaded),
            }
            for row in found.rows
        ],
        "ignored": list(found.ignored),
    }
