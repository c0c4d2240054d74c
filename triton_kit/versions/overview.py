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
from triton_kit.versions.model_folder import ModelFolder, backend_and_file, ignored_directories, state_of, versions_of
from triton_kit.versions.signatures import brief, version_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version: ``size`` in bytes of all its files, ``changed`` the newest of their dates.

    ``changed`` is ``None`` where the directory that the server opens for the version does not exist.
    ``signature`` is empty where the files do not show it, ``opset`` is ONNX's, ``None`` elsewhere. ``loaded`` names the
    servers that have it loaded.
    """

    number: int
    path: Path
    size: int
    changed: datetime | None
    signature: str
    opset: int | None
    served: bool
    loaded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The versions, lowest first, the policy, and the directories that the server ignores or takes for another."""

    folder: ModelFolder
    state: State
    rows: tuple[VersionRow, ...]
    ignored: tuple[str, ...]


def overview(folder: ModelFolder, loaded: Mapping[int, Sequence[str]]) -> Overview:
    """What there is; ``loaded`` are the servers by version."""
    state = state_of(folder)
    rows = tuple(
        _row(folder, number, path, number in state.served, loaded.get(number, ()))
        for number, path in versions_of(folder).items()
    )
    return Overview(folder=folder, state=state, rows=rows, ignored=tuple(ignored_directories(folder)))


def _row(folder: ModelFolder, number: int, path: Path, served: bool, loaded: Sequence[str]) -> VersionRow:
    size, newest = measure(path)
    signature = version_signature(folder, path)
    return VersionRow(
        number=number,
        path=path,
        size=size,
        changed=datetime.fromtimestamp(newest, timezone.utc) if newest else None,
        signature=brief(signature) if signature is not None else "",
        opset=opset(folder, path),
        served=served,
        loaded=tuple(loaded),
    )


def measure(path: Path) -> tuple[int, float]:
    """The bytes of all files below a directory, and the newest time among them and it."""
    size, newest = 0, 0.0
    with contextlib.suppress(OSError):
        newest = path.stat().st_mtime
    for directory, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                info = (Path(directory) / name).stat()
                size, newest = size + info.st_size, max(newest, info.st_mtime)
    return size, newest


def opset(folder: ModelFolder, path: Path) -> int | None:
    """The version of ONNX's own operators in a version's model file."""
    from triton_kit.backends import onnxruntime
    from triton_kit.signature.onnx.signature import read

    backend, name = backend_and_file(folder)
    if backend != onnxruntime.name or not name:
        return None
    try:
        found = read(onnxruntime.model_file(path / name), confined=False)
    except ModelFileError:
        return None
    return next((version for domain, version in found.opsets if domain in ("", "ai.onnx")), None)


def as_json(found: Overview) -> dict[str, object]:
    """The overview for scripts."""
    return {
        "model": found.folder.name,
        "path": str(found.folder.path),
        "policy": found.state.policy.value,
        "served": list(found.state.served),
        "versions": [
            {
                "number": row.number,
                "path": str(row.path),
                "size": row.size,
                "changed": row.changed.strftime("%Y-%m-%dT%H:%M:%SZ") if row.changed else None,
                "signature": row.signature or None,
                "opset": row.opset,
                "served": row.served,
                "loaded": list(row.loaded),
            }
            for row in found.rows
        ],
        "ignored": list(found.ignored),
    }
