"""A rule's edit as changes of a file's text, comments and layout kept."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import assert_never
from triton_kit.linter.diagnostic import Change
from triton_kit.repository.message import Message
from triton_kit.repository.text_format.source import START, Replacement, Route

if TYPE_CHECKING:
    from triton_kit.linter.fix.edits import Edit
    from triton_kit.model.model import Model
    from triton_kit.repository.text_format.source_map import SourceMap

RENDERED = re.compile(r"# Rendered by tk [^\n]*\n# Content sha256: ")
"""How a configuration begins that is made from model.yaml, where it is to be fixed instead."""

_REST = re.compile(r"[ \t]*[,;]?[ \t]*(?:#[^\r\n]*)?(\r?\n)")
_INDENT = re.compile(r"[ \t]*")


def changes_of(edit: Edit, model: Model) -> tuple[Change, ...]:
    """What to change in the model's files; nothing where the text is not one that can be edited there."""
    if edit.kind == "directory":
        return (Change(file=Path(model.join(edit.text)), span=START, directory=True),)
    source = model.document.source
    if RENDERED.match(source.text):
        return ()
    if model.document.problems and edit.replacement is None:
        # What the rest means is certain only when all of it can be read.
        return ()
    found = tuple(_replacements(edit, source, model.document.message))
    return tuple(
        Change(file=model.at_file, span=source.span(new.start, new.end), replacement=new)
        for new in found
        if source.text[new.start : new.end] != new.text
    )


class Patch:
    """Replacements in one text that do not get in each other's way."""

    def __init__(self) -> None:
        self._ordered: list[Replacement] = []

    def __contains__(self, one: Replacement) -> bool:
        at = bisect_left(self._ordered, one)
        return self._ordered[at : at + 1] == [one]

    def fits(self, one: Replacement) -> bool:
        """Whether it does not matter which is made first, this one or those that are there."""
        # What starts at the same place sorts before or behind it, by its end.
        at = bisect_left(self._ordered, one)
        before, behind = self._ordered[max(0, at - 1) : at], self._ordered[at : at + 1]
        return all(o.start != one.start and o.end <= one.start for o in before) and all(
            o.start != one.start and one.end <= o.start for o in behind
        )

    def add(self, one: Replacement) -> None:
        """Have it made, too."""
        insort(self._ordered, one)

    def made_in(self, text: str) -> str:
        """The text with all of them made."""
        pieces, at = [], 0
        for start, end, new in self._ordered:
            pieces += [text[at:start], new]
            at = max(at, end)
        return "".join([*pieces, text[at:]])


def _replacements(edit: Edit, source: SourceMap, root: Message) -> Iterator[Replacement]:
    if edit.replacement is not None:
        yield edit.replacement
        return
    value = _value(root, edit.at)
    if value is None:
        return
    match edit.kind:
        case "value":
            yield Replacement(*source.offsets(edit.at)[0], edit.text)
        case "name":
            name = source.name_offsets(edit.at)
            # An entry without a key is under the name of its field, which is not to change.
            if name is not None and (source.text[name[0]] in "\"'") == edit.text.startswith('"'):
                yield Replacement(*name, edit.text)
        case "insert":
            yield _insertion(source, edit)
        case "numbers":
            if isinstance(value, list):
                yield from _numbers(source, edit.at, value, edit.numbers)
        case "text" | "directory":
            pass  # these are not about a field
        case _:
            assert_never(edit.kind)


def _value(root: Message, at: Route) -> object:
    """The value at a route, None where it is not written."""
    value: object = root
    for step in at:
        if isinstance(value, Message):
            if not (isinstance(step, str) and step in value.type_.fields and value.has(step)):
                return None
            value = getattr(value, step)
        elif isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _insertion(source: SourceMap, edit: Edit) -> Replacement:
    """After the field: on a line of its own where the field has one, behind the field's comment."""
    text = source.text
    _, (start, end) = source.offsets(edit.at)
    line = text.rfind("\n", 0, start) + 1
    indent = text[line:start]
    rest = _REST.match(text, end)
    if rest and _INDENT.fullmatch(indent):
        return Replacement(rest.end(), rest.end(), f"{indent}{edit.text}{rest[1]}")
    return Replacement(end, end, f" {edit.text}")


def _numbers(source: SourceMap, at: Route, old: list[int], new: tuple[int, ...]) -> Iterator[Replacement]:
    text = source.text
    items = [source.offsets((*at, i)) for i in range(len(old))]
    if not new or not old:
        return
    if len(new) == len(old):
        for (place, _), before, after in zip(items, old, new, strict=True):
            if before != after:
                yield Replacement(*place, str(after))
    elif tuple(old[1:]) == new:
        start, end = items[0][1]
        following = items[1][1][0]
        if "#" in text[end:following]:
            comma = text.find(",", end, following)
            end = comma + 1 if comma >= 0 and "#" not in text[end:comma] else end
            yield Replacement(start, end, "")
        else:
            yield Replacement(start, following, "")
    else:
        whole, _ = source.offsets(at)
        inside = text[slice(*whole)]
        listed = ", ".join(map(str, new))
        if len(old) == 1 and not inside.startswith("["):
            yield Replacement(*whole, f"[ {listed} ]")
        elif inside.startswith("[") and "#" not in inside and items[-1][0][1] <= whole[1]:
            blank = " " if inside[1:2] in " \t\r\n" else ""
            yield Replacement(*whole, f"[{blank}{listed}{blank}]")
