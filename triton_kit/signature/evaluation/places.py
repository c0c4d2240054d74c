"""Paths below the model's directory: joining them, taking them apart, and what is opened there."""

from __future__ import annotations

import ast
import posixpath
from typing import NamedTuple

from triton_kit.signature.evaluation.run import Run
from triton_kit.signature.evaluation.values import UNKNOWN, Arguments, Place

_SAME = frozenset(("resolve", "absolute", "expanduser"))
_READS = frozenset(("open", "read_text", "read_bytes"))


class Opened(NamedTuple):
    """A file is opened for reading: its path below the model's directory, by which function, and where."""

    path: str
    function: str
    node: ast.AST


def place_attribute(place: Place, name: str) -> object:
    """An attribute of a pathlib.Path that is no method; ``NotImplemented`` for all others."""
    if not place.path or name not in ("parent", "parents", "name", "stem", "suffix"):
        return NotImplemented
    folders = [place.text]
    while folders[-1]:
        folders.append(posixpath.dirname(folders[-1].rstrip("/")).rstrip("/"))
    above = [Place(folder, path=True) for folder in folders[1:]]
    if name == "parents":
        return tuple(above)
    if name == "parent":
        return above[0] if above else UNKNOWN
    last = posixpath.basename(place.text)
    return {"name": last, "stem": posixpath.splitext(last)[0], "suffix": posixpath.splitext(last)[1]}[name] or UNKNOWN


def call_place(run: Run, place: Place, name: str, arguments: Arguments, node: ast.AST) -> object:
    """The result of a method of a path; reading it is recorded."""
    positional, named = arguments
    if place.path and name in _READS:
        open_place(run, place, name, positional[0] if positional else named.get("mode", "r"), node)
    elif place.path and name in _SAME:
        return place
    elif place.path and name == "joinpath":
        return join(place, positional)
    elif place.path and name == "as_posix":
        return Place(place.text)
    run.may_raise()
    return UNKNOWN


def open_place(run: Run, place: Place, function: str, mode: object, node: ast.AST) -> None:
    """Record that a file is opened, unless the mode makes it, or is not known."""
    if isinstance(mode, str) and not set(mode) & set("wxa"):
        run.record_or_raise(FileNotFoundError, node, Opened(place.text, function, node))


def join(place: Place, parts: list[object]) -> object:
    """A path with others behind it."""
    text = place.text
    for part in parts:
        if not isinstance(part, str) or part.startswith("/"):
            return UNKNOWN
        text = f"{text}/{part}"
    return Place(text, place.path)


def directory(place: Place) -> object:
    """The directory of a path; beyond the model's own nothing is known."""
    return Place(posixpath.dirname(place.text).rstrip("/"), place.path) if place.text.strip("/") else UNKNOWN
