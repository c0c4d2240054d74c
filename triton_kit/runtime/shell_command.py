"""The command that starts a server, as it can be pasted into a shell."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class ShellCommand(NamedTuple):
    """A command line with all that it needs around it.

    ``before`` are commands to run first; ``environment`` are the variables that differ from ours, ``None`` for one
    that may not be set.
    """

    argv: Sequence[str]
    environment: Mapping[str, str | None]
    before: Sequence[Sequence[str]] = ()

    @property
    def line(self) -> str:
        """One line for a POSIX shell."""
        without = [word for name, value in self.environment.items() if value is None for word in ("-u", name)]
        given = [f"{name}={value}" for name, value in self.environment.items() if value is not None]
        around = ["env", *without, *given] if self.environment else []
        return " && ".join(map(shlex.join, (*self.before, [*around, *self.argv])))


def differing(environment: Mapping[str, str]) -> dict[str, str | None]:
    """What a process of that environment has other than ours, sorted by name."""
    names = sorted({*environment, *os.environ})
    return {name: environment.get(name) for name in names if environment.get(name) != os.environ.get(name)}
