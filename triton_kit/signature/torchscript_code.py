"""The code that TorchScript serialises, searched as text: its files are large, and only a method's head is wanted."""

from __future__ import annotations

from typing import NamedTuple

_HEAD_LIMIT = 256 * 1024
_OPENING, _CLOSING = "([{", ")]}"


class Method(NamedTuple):
    """A method's head: names, types (empty where none is written) and whether each has a default; the result's type."""

    arguments: list[tuple[str, str, bool]]
    returns: str


def find_method(code: str, class_name: str, name: str) -> Method | None:
    """The head of a class's method, ``None`` where the class has none of that name."""
    body = _class_body(code, class_name)
    at = body.find(f"\n  def {name}(")
    if at < 0:
        return None
    at = body.index("(", at) + 1
    head = body[at : at + _HEAD_LIMIT]
    parts, end = _split(head)
    arguments = [_argument(part) for part in parts if part]
    returns = ""
    rest = head[end:].lstrip()
    if rest.startswith("->"):
        returns = _until_colon(rest[2:])
    return Method(arguments, " ".join(returns.split()))


def class_bases(code: str, class_name: str) -> str:
    """What a class derives from, as written; empty where there is no such class."""
    at = f"\n{code}".find(f"\nclass {class_name}(")
    if at < 0:
        return ""
    return code[at:].partition("(")[2].partition(")")[0].strip()


def class_fields(code: str, class_name: str) -> list[str]:
    """The names that are annotated in a class's body."""
    found = []
    for line in _class_body(code, class_name).split("\n"):
        name, colon, _ = line.strip().partition(":")
        if colon and name.strip().isidentifier():
            found.append(name.strip())
    return found


def split_type(text: str) -> tuple[str, list[str]]:
    """A type taken apart: ``Dict[str, Tensor]`` is ``Dict`` with ``str`` and ``Tensor``."""
    head, bracket, inner = text.strip().partition("[")
    if not bracket or not text.rstrip().endswith("]"):
        return text.strip(), []
    parts, _ = _split(inner)
    return head.strip(), [part for part in parts if part]


def _class_body(code: str, class_name: str) -> str:
    at = f"\n{code}".find(f"\nclass {class_name}(")
    if at < 0:
        return ""
    start = code.find("\n", at)
    end = code.find("\nclass ", at + 1)
    return "" if start < 0 else code[start : end if end >= 0 else len(code)]


def _split(text: str) -> tuple[list[str], int]:
    """The parts between commas up to the bracket that closes, and the index behind it (the length where none does)."""
    parts: list[str] = []
    depth = start = at = 0
    while at < len(text):
        character = text[at]
        if character in "\"'":
            at = _behind_string(text, at)
            continue
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            if not depth:
                return [*parts, text[start:at].strip()], at + 1
            depth -= 1
        elif character == "," and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [*parts, text[start:].strip()], len(text)


def _behind_string(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _argument(text: str) -> tuple[str, str, bool]:
    declared, default, _ = text.partition("=")
    name, _, kind = declared.partition(":")
    return name.strip(), " ".join(kind.split()), bool(default)


def _until_colon(text: str) -> str:
    depth = 0
    for at, character in enumerate(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == ":" and depth <= 0:
            return text[:at]
    return text
