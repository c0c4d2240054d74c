"""What fixes a finding, as a rule says it: by routes into the configuration, never by places in its text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from triton_kit.repository.text_format.source import Replacement, Route
from triton_kit.repository.text_format.suggestions import only_near

Kind = Literal["value", "numbers", "name", "insert", "text", "directory"]


class Edit(NamedTuple):
    """One change that fixes a finding for certain; made by the functions below.

    ``value``: ``text`` is to stand as the value at ``at``. ``numbers``: the list there is to hold these. ``name``: the
    field there, or the key of a map's entry, is to have ``text`` for a name. ``insert``: the field ``text`` is to
    follow the one there. ``text``: ``replacement``, by offsets. ``directory``: a version directory of that name.
    """

    kind: Kind
    at: Route = ()
    text: str = ""
    numbers: tuple[int, ...] = ()
    replacement: Replacement | None = None


def set_word(at: Route, word: str) -> Edit:
    """Another number or name of an enumeration as the value of a field."""
    return Edit("value", at, word)


def set_string(at: Route, value: str) -> Edit:
    """Another string as the value of a field."""
    return Edit("value", at, quoted(value))


_MOST_BESIDE = 200


def set_near(at: Route, name: str, known: Collection[str], beside: Sequence[str] = ()) -> Edit | None:
    """The one known name that is near, unless a name beside this one is it already, or is near to it, too.

    Beside very many names none is certain: each would be compared with each.
    """
    if len(beside) > _MOST_BESIDE:
        return None
    near = only_near(name, known)
    others = list(beside)
    if name in others:
        others.remove(name)
    if near is None or near in others or any(o not in known and only_near(o, known) == near for o in others):
        return None
    return set_string(at, near)


def set_numbers(at: Route, numbers: Iterable[int]) -> Edit:
    """Other numbers in a list, which has some."""
    return Edit("numbers", at, numbers=tuple(numbers))


def rename_field(at: Route, name: str) -> Edit:
    """Another field, with the same value."""
    return Edit("name", at, name)


def as_key(edit: Edit) -> Edit:
    """The same string as the key of a map's entry, not as its value."""
    return edit._replace(kind="name")


def insert_after(at: Route, field: str) -> Edit:
    """One more field, as text, after the one at that route."""
    return Edit("insert", at, field)


def replace(replacement: Replacement | None) -> Edit | None:
    """Another text, where the reader of the file knows which."""
    return Edit("text", replacement=replacement) if replacement is not None else None


def make_version(name: str = "1") -> Edit:
    """An empty version directory in the model."""
    return Edit("directory", text=name)


def quoted(value: str) -> str:
    """A string as a literal of the text format."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\{ord(c):03o}" for c in escaped) + '"'
