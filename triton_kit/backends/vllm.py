"""The vLLM backend: a model.json with the arguments of the engine."""

from __future__ import annotations

import json
from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import require_kind
from triton_kit.signature.types import Signature

name = "vllm"
platforms: tuple[str, ...] = ()
default_file = "model.json"
suffixes: tuple[str, ...] = ()
last_release: str = NEWEST
facts = Facts(
    completes_decoupled=True,
    needs_tensors=False,
    responses="many",
    states=False,
    python_runtime=True,
    shipped=True,
)

_LIMIT = 1 << 20


def recognise(path: Path) -> FileKind | None:
    """A JSON file that names a model, as the engine's arguments do."""
    if path.suffix.lower() != ".json":
        return None
    try:
        arguments(path)
    except ModelFileError:
        return None
    return FileKind(platform="", default_file=default_file)


def read(path: Path) -> Signature | None:
    """Always ``None``: all models have the same tensors. Raises ModelFileError where there is no ``model``."""
    arguments(path)
    return None


def arguments(path: Path) -> dict[str, object]:
    """The arguments of the engine. Raises ModelFileError for a file that has none."""
    require_kind(path, "a JSON file", ("a text file",))
    try:
        found = json.loads(first_bytes(path, _LIMIT))
    except (ValueError, RecursionError):
        raise ModelFileError(path, "is not a JSON object", reason="malformed", hint='write {"model": ...}') from None
    if not isinstance(found, dict) or not isinstance(found.get("model"), str):
        raise ModelFileError(
            path, "names no model for the engine", reason="malformed", hint='write {"model": NAME or DIRECTORY, ...}'
        )
    return found


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching: the engine batches by itself."""
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:
    """The list of adapters beside it, if there is one."""
    adapters = path.with_name("multi_lora.json")
    return (Companion(source=adapters, target=adapters.name),) if adapters.is_file() else ()
