"""Options and arguments as a command declares them, without Typer: importing that takes longer than most commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[str, Any], None]
"""Raises UsageError for a value, given with the name of its option, that the option does not take."""


class Declaration:
    """What a command says of a parameter: the ``names`` of an option, and ``details``, those of Typer.

    ``check`` judges a value that was given, whoever reads the command line.
    """

    def __init__(self, *names: str, check: Check | None = None, **details: Any) -> None:
        self.names = names
        self.check = check
        self.details = details

    @property
    def plain(self) -> bool:
        """Whether its value is read as it stands, without a rule that only Typer knows."""
        return self.details.keys() <= {"help", "metavar"} and not any("/" in name for name in self.names)


class Option(Declaration):
    """An option; without names it is called as its parameter is."""


class Argument(Declaration):
    """A word that is not an option."""
