"""The failures that tk expects, each with its exit code and what to do about it."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class TkError(Exception):
    """An expected failure: shown as one line with its remedy, never as a traceback.

    ``message`` starts with the offending thing and ends without a dot; ``hint`` is what to do, an imperative.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TkError):
    """What was asked does not make sense: a bad option, an unknown name, an occupied target (exit code 2)."""

    exit_code = 2


class ProblemsFound(TkError):
    """The answer is no: problems were found, a server never became ready, an objective was missed (exit code 1)."""

    exit_code = 1


def assert_never(value: NoReturn) -> NoReturn:
    """End a ``match`` over a closed set: a type checker refuses a case that was left out, and so does this at run time.

    ``typing.assert_never`` does so from Python 3.11 on.
    """
    raise AssertionError(f"{value!r} is not a case that was thought of")
