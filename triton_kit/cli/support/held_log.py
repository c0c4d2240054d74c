"""The server's lines while its repository is watched: kept back until they are needed to tell why something failed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.runtime.log.causes import LogProblem

KEPT = 40
"""How many lines are kept: the last ones say why."""

PATIENCE = 2.0
"""Seconds that a line with a problem waits for the reload that it may belong to, and to be shown with."""


class HeldLog:
    """Lines with the problems that they report, which a reload shows where it failed."""

    def __init__(self) -> None:
        self._lines: deque[tuple[str, LogProblem | None]] = deque(maxlen=KEPT)
        self._since: float | None = None

    def take(self, line: str, problem: LogProblem | None) -> None:
        """Keep a line back."""
        self._lines.append((line, problem))
        if problem is not None and self._since is None:
            self._since = time.monotonic()

    @property
    def troubled(self) -> bool:
        """Whether one of the lines reports a problem."""
        return self._since is not None

    @property
    def overdue(self) -> bool:
        """Whether one of them has a problem that no reload came to explain."""
        return self._since is not None and time.monotonic() - self._since > PATIENCE

    def release(self) -> Sequence[tuple[str, LogProblem | None]]:
        """The lines, which are kept no longer."""
        found = tuple(self._lines)
        self._lines.clear()
        self._since = None
        return found
