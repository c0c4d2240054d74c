"""How two versions of a model differ: signature, facts of the file, size, files, weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from triton_kit.backends import onnxruntime
from triton_kit.errors import TkError
from triton_kit.signature.onnx import signature as onnx
from triton_kit.signature.onnx.weights import Weight, read_weights
from triton_kit.versions.model_folder import ModelFolder, backend_and_file, require_versions, versions_of
from triton_kit.versions.overview import measure
from triton_kit.versions.signatures import differences, version_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What only the first has, what only the second, what both have in different form, and how much is the same."""

    gone: tuple[str, ...]
    new: tuple[str, ...]
    changed: tuple[str, ...]
    same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDifference:
    """The second version seen from the first.

    ``signature`` has a phrase for each tensor that is different, ``None`` where the files do not show it. ``facts`` are
    what the ONNX files say of themselves, each in both; ``size`` is in bytes. ``weights`` is ``None`` where the files
    are not ONNX.
    """

    one: int
    other: int
    signature: tuple[str, ...] | None
    facts: tuple[tuple[str, str, str], ...]
    size: tuple[int, int]
    files: Sides
    weights: Sides | None

    @property
    def same(self) -> bool:
        """Whether every file is the same."""
        return not (self.files.gone or self.files.new or self.files.changed)


def diff_versions(folder: ModelFolder, one: int, other: int) -> VersionDifference:
    """Compare two version directories. Raises ModelFileError where a model file is broken."""
    require_versions(folder, (one, other))
    there = versions_of(folder)
    paths = there[one], there[other]
    signatures = [version_signature(folder, path) for path in paths]
    old, new = signatures
    backend, name = backend_and_file(folder)
    facts: tuple[tuple[str, str, str], ...] = ()
    weights: Sides | None = None
    if backend == onnxruntime.name and all((path / name).exists() for path in paths):
        models = [onnxruntime.model_file(path / name) for path in paths]
        facts = _facts(*models)
        weights = _weights(*models)
    return VersionDifference(
        one=one,
        other=other,
        signature=None if old is None or new is None else tuple(differences(old, new)),
        facts=facts,
        size=(measure(paths[0])[0], measure(paths[1])[0]),
        files=compare_sides(*(_hashes(path) for path in paths)),
        weights=weights,
    )


def compare_sides(one: Mapping[str, object], other: Mapping[str, object]) -> Sides:
    """What is different by name."""
    both = [name for name in one if name in other]
    changed = tuple(name for name in both if one[name] != other[name])
    return Sides(
        gone=tuple(name for name in one if name not in other),
        new=tuple(name for name in other if name not in one),
        changed=changed,
        same=len(both) - len(changed),
    )


def _facts(one: Path, other: Path) -> tuple[tuple[str, str, str], ...]:
    old, new = (_properties(onnx.read(path, confined=False)) for path in (one, other))
    return tuple((key, old.get(key, ""), new.get(key, "")) for key in {**old, **new})


def _properties(model: onnx.OnnxModel) -> dict[str, str]:
    return {
        **{f"opset {domain or 'ai.onnx'}": str(version) for domain, version in model.opsets},
        "IR version": str(model.ir_version),
        "producer": " ".join(part for part in model.producer if part),
        **{f"metadata {key}": value for key, value in model.metadata},
    }


def _weights(one: Path, other: Path) -> Sides:
    old, new = read_weights(one), read_weights(other)
    found = compare_sides(old, new)
    changed = tuple(f"{name} {_change(old[name], new[name])}" for name in found.changed)
    return Sides(
        gone=tuple(f"{name} {_show(old[name])}" for name in found.gone),
        new=tuple(f"{name} {_show(new[name])}" for name in found.new),
        changed=changed,
        same=found.same,
    )


def _change(old: Weight, new: Weight) -> str:
    return _show(new) if (old.dtype, old.shape) == (new.dtype, new.shape) else f"{_show(old)} -> {_show(new)}"


def _show(weight: Weight) -> str:
    return f"{weight.dtype} [{', '.join(map(str, weight.shape))}]"


def _hashes(directory: Path) -> dict[str, str]:
    """The SHA-256 of each file below a directory, by its relative path; Python's bytecode left out."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_file() and "__pycache__" not in name.split("/"):
            try:
                with path.open("rb") as file:
                    found[name] = _hash(file)
            except OSError as error:
                raise TkError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return found


def _hash(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def as_json(found: VersionDifference) -> dict[str, object]:
    """The difference for scripts."""
    return {
        "versions": [found.one, found.other],
        "same": found.same,
        "signature": None if found.signature is None else list(found.signature),
        "facts": [{"name": name, "values": [old, new]} for name, old, new in found.facts if old != new],
        "size": list(found.size),
        "files": _sides_json(found.files),
        "weights": None if found.weights is None else _sides_json(found.weights),
    }


def _sides_json(sides: Sides) -> dict[str, object]:
    return {"gone": list(sides.gone), "new": list(sides.new), "changed": list(sides.changed), "same": sides.same}
