"""What a loop goes through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from triton_kit.signature.evaluation.knowledge import PLAIN, SIZE, len_of
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import Generator, OpenDict


def items(run: Run, value: object) -> list[object] | None:
    """The items of a value, used up where it is an iterator; ``None`` where they are not known.

    The order of a set is another one in each run, so that one of several items is not known.
    """
    if run.is_marked(value) or isinstance(value, OpenDict):
        return None
    if isinstance(value, Generator):
        compute, value.compute = value.compute, list
        return cast("Callable[[], list[object] | None]", compute)()
    if isinstance(value, range):
        return list(value) if len_of(value) <= SIZE else None
    if isinstance(value, set | frozenset) and len(value) > 1:
        return None
    if isinstance(value, list | tuple | dict | str | bytes | set | frozenset):
        run.budget.left -= len(value)
        return list(value)
    if isinstance(value, Iterator):
        return [item for _, item in zip(range(SIZE), value, strict=False)]
    if isinstance(value, PLAIN):
        raise Raised(TypeError)
    return None


def unordered(run: Run, value: object) -> list[object] | None:
    """The items where their order does not matter."""
    if isinstance(value, set | frozenset) and not run.is_marked(value):
        return list(value)
    return items(run, value)
