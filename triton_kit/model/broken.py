"""What is broken in a model: asking for it raises Broken, since something else reports it."""

from __future__ import annotations

from typing import TypeVar

from triton_kit.repository.text_format.document import Message


class Broken(Exception):
    """What a rule reads is broken, and another rule says so: this one has nothing to say."""


Failure = TypeVar("Failure", bound=BaseException)


def kept(error: Failure) -> Failure:
    """An error to be remembered: without the frames that it came through, which hold the model and all it has read."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class Guarded:
    """A configuration of which some fields could not be read: asking for one of those raises Broken."""

    def __init__(self, message: Message, tainted: frozenset[str]) -> None:
        self._message = message
        self._tainted = tainted

    def __getattr__(self, name: str) -> object:
        if name in self._tainted:
            raise Broken(name)
        return getattr(self._message, name)

    def has(self, name: str) -> bool:
        """As Message.has."""
        if name in self._tainted:
            raise Broken(name)
        return self._message.has(name)
