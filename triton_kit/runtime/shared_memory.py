"""How much shared memory a server needs."""

from __future__ import annotations

from collections.abc import Sequence

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.repository.release import flag_values

MIB = 1024 * 1024
PER_INSTANCE = 64 * MIB
"""What the stub of a Python model takes at its start (python_backend, ``shm-default-byte-size``)."""

LEAST = 256 * MIB

_NEVER_PYTHON = ("identity", "repeat", "square")
"""Backends of the server's own tests, all in C++; of the others their facts say whether Python runs in them."""


def shm_size(*repositories: Repository, flags: Sequence[str] = ()) -> int:
    """The bytes of ``/dev/shm`` that the models of the repositories may take, in whole multiples of 64 MiB.

    ``flags`` of the server may say that each takes more. Every instance that may run in a Python stub counts, and one
    more for the stub that completes configurations. That includes ONNX models, whose backend may be a Python one, and
    backends not known here (vLLM is one). It is a limit, not an allocation: counting too many costs nothing, and one
    too few ends the server with a bus error.
    """
    instances = 1 + sum(_stubs(model) for repository in repositories for model in repository.models.values())
    need = LEAST + instances * max(PER_INSTANCE, _asked(flags))
    return -(-need // PER_INSTANCE) * PER_INSTANCE


def _asked(flags: Sequence[str]) -> int:
    """What each stub takes at its start by the server's flags, 0 where they do not say it."""
    given = [value.partition("=") for value in flag_values(flags, "backend-config")]
    sizes = [size.strip() for name, _, size in given if name.strip() == "python,shm-default-byte-size"]
    return int(sizes[-1]) if sizes and sizes[-1].isascii() and sizes[-1].isdecimal() else 0


def _stubs(model: Model) -> int:
    try:
        if model.is_ensemble or model.config.has("ensemble_scheduling"):
            return 0
        if not model.facts.python_stub or model.backend in _NEVER_PYTHON:
            return 0
        groups = list(model.config.instance_group)
        # An unset count means one instance, and a group without GPUs named runs on each (core, AutoCompleteConfig).
        counted: int = sum(max(group.count, 1) * max(len(group.gpus), 1) for group in groups)
        return max(counted, 1) * max(len(model.all_versions), 1)
    except Broken:
        return 1


def parse_size(text: str) -> int | None:
    """Bytes out of ``512m``, ``1g`` or ``1073741824``, as Docker writes them; ``None`` for anything else."""
    digits = text.strip().lower().removesuffix("b").removesuffix("i")
    unit = digits[-1:] if digits[-1:] in "kmg" else ""
    number = digits.removesuffix(unit)
    if not (number.isascii() and number.isdecimal()) or int(number) == 0:
        return None
    return int(number) * {"": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}[unit]
