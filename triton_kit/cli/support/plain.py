"""Plainly written command lines, read from the declarations that Typer reads: importing it takes longer than they do.

Plain is what can mean one thing: known options by their full names, each value valid and in an argument of its own or
behind ``=``, and arguments. Everything else, a mistake or ``--help`` for one, is not plain, and Typer has the word.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Check, Option
from triton_kit.cli.support.option_groups import OptionGroup, declarations, is_group

PLAIN = ("validate", "graph", "fmt", "serve")
"""What hooks, CI and editors run for every change, and what someone waits for."""

COMPLETION = "_TK_COMPLETE"
"""Set where a shell asks for completions."""

Call = Callable[[], object]


def common_options(
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print results and errors only.")] = False,
    verbose: Annotated[bool, Option("--verbose", "-v", help="Print more details.")] = False,
    no_color: Annotated[bool, Option("--no-color", help="Print without colours; so does NO_COLOR.")] = False,
) -> None:
    """The options that every command takes, which set ``terminal.settings``."""
    settings = terminal.settings
    settings.quiet, settings.verbose, settings.no_color = quiet, verbose, no_color


def read(args: Sequence[str]) -> Call | None:
    """What a command line asks for, to be called; ``None`` where it is not plain."""
    if args == ["--version"]:
        return print_version
    if not args or args[0] not in PLAIN or COMPLETION in os.environ:
        return None
    name, *rest = args
    command = getattr(importlib.import_module(f"triton_kit.cli.{name}"), name)
    common = _Reading(common_options)
    asked = _Reading(command, common)
    if not (asked.take(rest) and asked.settle()):
        return None

    def call() -> object:
        common_options(**common.values)
        return command(**asked.values)

    return call


def print_version() -> None:
    """Print which tk this is, and which configurations it knows."""
    from triton_kit.repository.schema import RELEASE, SOURCE
    from triton_kit.version import __version__

    terminal.out(f"tk {__version__} (configuration schema: {SOURCE}, Triton {RELEASE or 'of an unknown release'})")


class _Reading:
    """Arguments on their way to the parameters of a function; what is not an option of it may be one of ``other``."""

    def __init__(self, function: Callable[..., Any], other: _Reading | None = None) -> None:
        self.values: dict[str, Any] = {}
        self.other = other
        self.options: dict[str, tuple[dict[str, Any], str, object, Check | None]] = {}
        self.arguments: list[tuple[str, object]] = []
        self.words: list[str] = []
        self.groups: dict[str, tuple[type[OptionGroup], dict[str, Any]]] = {}
        for parameter, declared in declarations(function):
            if is_group(declared):
                values: dict[str, Any] = {}
                self.groups[parameter] = declared, values
                for field, one in declarations(declared):
                    self._declare(values, field, one)
            else:
                self._declare(self.values, parameter, declared)

    def _declare(self, values: dict[str, Any], parameter: str, declared: Any) -> None:
        kind, declaration = get_args(declared)
        if not declaration.plain:
            return
        if isinstance(declaration, Argument):
            self.arguments.append((parameter, kind))
        for name in (
            declaration.names or (f"--{parameter.replace('_', '-')}",) if isinstance(declaration, Option) else ()
        ):
            self.options[name] = values, parameter, kind, declaration.check

    def take(self, args: Sequence[str]) -> bool:
        """Whether all of the arguments are plain."""
        rest = iter(args)
        return all(self._take(arg, rest) for arg in rest)

    def _take(self, arg: str, rest: Iterator[str]) -> bool:
        if arg == "--":
            self.words.extend(rest)
            return True
        if not arg.startswith("-") or arg == "-":
            self.words.append(arg)
            return True
        name, given, value = arg.partition("=")
        if name not in self.options:
            return self.other is not None and self.other._take(arg, rest)
        values, parameter, kind, check = self.options[name]
        if kind is bool:
            values[parameter] = True
            return not given
        if not given:
            value = next(rest, "-")
        if value.startswith("-"):
            return False
        if kind == list[str] | None:
            values.setdefault(parameter, []).append(value)
            return True
        try:
            values[parameter] = _converted(value, kind)
        except ValueError:
            return False
        if check is not None:
            check(name, values[parameter])
        return True

    def settle(self) -> bool:
        """Give the words that belong to no option to the parameters that take some; whether none is left over."""
        for parameter, kind in self.arguments:
            if kind == list[str] | None and self.words:
                self.values[parameter], self.words = self.words, []
            elif kind == str | None and self.words:
                self.values[parameter] = self.words.pop(0)
        self.values.update({name: group(**values) for name, (group, values) in self.groups.items()})
        return not self.words


def _converted(value: str, kind: object) -> object:
    """The value of a parameter of that kind; ValueError where it is not plainly one."""
    if kind in (str, str | None):
        return value
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if kind in (int, int | None, float, float | None) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value) if kind in (int, int | None) else float(value)
    raise ValueError(value)
