"""The table of backends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from triton_kit.backends.types import Backend

NAMES = (
    "onnxruntime",
    "tensorrt",
    "pytorch",
    "tensorflow",
    "openvino",
    "python",
    "dali",
    "fil",
    "vllm",
    "tensorrtllm",
    "custom",
    "ensemble",
)
"""Each backend that tk knows is a module of that name beside this one; a model file is for the first that takes it."""


class _Modules(Mapping[str, Backend]):
    """The modules of the backends, each imported when it is asked for."""

    def __getitem__(self, name: str) -> Backend:
        if name not in NAMES:
            raise KeyError(name)
        found: Backend = import_module(f"triton_kit.backends.{name}")
        return found

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


BACKENDS: Mapping[str, Backend] = _Modules()
"""Every backend that tk knows, by the name in ``backend:``. That each module is one, the tests ask the type checker."""


def for_file(path: Path) -> Backend | None:
    """The backend that serves a model file or directory, by its name, else its first bytes; ``None`` for others."""
    return next((backend for backend in BACKENDS.values() if backend.recognise(path)), None)
