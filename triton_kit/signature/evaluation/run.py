"""One run through the source along one path, and the exploration of all paths within a budget."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Literal, NamedTuple

from triton_kit.signature.evaluation.values import UNKNOWN

STEPS = 40_000
"""Nodes that are evaluated on all paths together."""
PATHS = 48
"""Paths that are followed to their end."""
DEPTH = 90
"""Nodes within each other, calls included."""


class Stop(Exception):
    """Nothing more is known of this path."""


class Raised(Exception):
    """The source raises; ``kind`` is the exception where it is one of Python's own, ``event`` what is to be told."""

    def __init__(self, kind: type[BaseException] | None, node: ast.AST | None = None, event: object = None) -> None:
        super().__init__()
        self.kind = kind
        self.node = node
        self.event = event


class Returned(Exception):
    """A function returns."""

    def __init__(self, value: object, node: ast.stmt) -> None:
        super().__init__()
        self.value = value
        self.node = node


class Broke(Exception):
    """A loop ends."""


class Continued(Exception):
    """A loop goes on."""


class Path(NamedTuple):
    """What happens on one way through the source, in order, and how it ends.

    Where the end is ``unknown``, anything may happen after the events. ``value`` is what is returned, ``raised`` what
    is raised.
    """

    events: tuple[object, ...]
    end: Literal["returned", "raised", "unknown"]
    value: object = UNKNOWN
    raised: Raised | None = None


class Budget:
    """The steps that are left."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps


class Run:
    """The state of a run: what happened, which way was taken where both are possible, which values were changed."""

    def __init__(self, budget: Budget, prefix: tuple[bool, ...]) -> None:
        self.budget = budget
        self.prefix = prefix
        self.taken: list[bool] = []
        self.events_at: list[tuple[object, ...]] = []
        self.events: list[object] = []
        self.loose_ends: list[tuple[object, ...]] = []
        self.guarded = 0
        self.depth = 0
        self.handled: list[Raised] = []
        self.returned_at: ast.stmt | None = None
        self.directory: object = UNKNOWN
        self.origins: dict[int, tuple[object, ast.AST]] = {}
        self._spoiled: dict[int, object] = {}

    def enter(self) -> None:
        """Count a node, one level deeper; raises Stop where that is one too many."""
        self.budget.left -= 1
        self.depth += 1
        if self.budget.left < 0 or self.depth > DEPTH:
            raise Stop

    def choose(self) -> bool:
        """Which of two ways to take where nothing tells: both are taken, in different runs."""
        at = len(self.taken)
        self.taken.append(self.prefix[at] if at < len(self.prefix) else True)
        self.events_at.append(tuple(self.events))
        return self.taken[at]

    def may_raise(self) -> None:
        """Something unknown happens: where an exception has a handler, there is a path on which it is raised."""
        if self.guarded and not self.choose():
            raise Raised(None)

    def may_end(self) -> None:
        """From here on there is a path of which nothing more is known."""
        self.loose_ends.append(tuple(self.events))

    def record(self, event: object) -> None:
        """Keep what happens."""
        self.events.append(event)

    def fail(self, kind: type[BaseException], node: ast.AST, event: object) -> None:
        """An exception of the world around: recorded, and gone on behind it, unless it may be handled."""
        if self.guarded:
            raise Raised(kind, node, event)
        self.record(event)

    def record_or_raise(self, kind: type[BaseException], node: ast.AST, event: object) -> None:
        """Something that raises or not, which is not decided here: recorded, unless its exception may be handled."""
        if not self.guarded:
            self.record(event)
        elif not self.choose():
            raise Raised(kind, node)

    def mark(self, value: object) -> None:
        """From here on nothing is known of what is in a value."""
        self._spoiled[id(value)] = value

    def is_marked(self, value: object) -> bool:
        """Whether nothing is known of what is in a value."""
        return id(value) in self._spoiled

    def made_at(self, value: object, node: ast.AST) -> None:
        """Keep where a value is written in the source."""
        self.origins[id(value)] = (value, node)

    def origin(self, value: object) -> ast.AST | None:
        """Where a value is written."""
        found = self.origins.get(id(value))
        return found[1] if found else None


def explore(program: Callable[[Run], object], *, steps: int = STEPS, paths: int = PATHS) -> list[Path]:
    """Every path through a program; where the budget ends before, its known beginnings."""
    budget = Budget(steps)
    found: list[Path] = []
    pending: list[tuple[tuple[bool, ...], tuple[object, ...]]] = [((), ())]
    while pending:
        prefix, before = pending.pop()
        if budget.left <= 0 or len(found) >= paths:
            found.append(Path(before, "unknown"))
            if len(found) > 2 * paths:
                found += [Path(events, "unknown") for _, events in pending]
                break
            continue
        run = Run(budget, prefix)
        found.append(_follow(program, run, before))
        found += [Path(events, "unknown") for events in dict.fromkeys(run.loose_ends)]
        others = range(len(prefix), len(run.taken))
        pending += [((*run.taken[:at], not run.taken[at]), run.events_at[at]) for at in others]
    return found


def _follow(program: Callable[[Run], object], run: Run, before: tuple[object, ...]) -> Path:
    try:
        value = program(run)
    except Raised as raised:
        return Path(tuple(run.events), "raised", raised=raised)
    except (Stop, Broke, Continued, Returned, RecursionError, MemoryError):
        return Path(max(tuple(run.events), before, key=len), "unknown")
    return Path(tuple(run.events), "returned", value)
