"""A rule's page: its docstring taken apart, for a reader and for a search by the server's message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from inspect import cleandoc
from typing import NamedTuple

from triton_kit.linter.rule import Rule

GAP = "…"
"""Stands in a message of the server for what differs from case to case."""

_TITLES = ("Server says", "Bad", "Good")
_BLOCK = re.compile(rf"^({'|'.join(_TITLES)}):\n\n((?:    .*\n|\n)+)", re.MULTILINE)
_COMPONENTS = (
    "core|common|server|backend|onnxruntime|tensorrt|tensorflow|pytorch|python|openvino|protobuf|"
    "fil|dali|vllm|tensorrtllm"
)
_SOURCE = re.compile(rf"\s?\(((?:{_COMPONENTS}) [^()]+?)\.?\)")


class Page(NamedTuple):
    """What a rule's docstring says.

    ``reason`` are paragraphs, ``sources`` the places upstream that show the rule to be true, ``messages`` fragments of
    what the server says (``GAP`` for what varies), ``bad`` and ``good`` a configuration and the files around it.
    """

    name: str
    severity: str
    area: str
    releases: str
    headline: str
    reason: tuple[str, ...]
    sources: tuple[str, ...]
    messages: tuple[str, ...]
    bad: str
    good: str
    backends: tuple[str, ...] = ()
    """The backends or platforms that it is about; empty where it is about all."""


class Match(NamedTuple):
    """A page that quotes a message, with the fragment by which it was found."""

    page: Page
    message: str


def page(rule: Rule) -> Page:
    """The page of a rule."""
    text = cleandoc(rule.doc) + "\n"
    blocks = {title: cleandoc(block) for title, block in _BLOCK.findall(text)}
    headline, *paragraphs = _BLOCK.sub("", text).strip().split("\n\n")
    flat = [" ".join(p.split()) for p in paragraphs]
    return Page(
        name=rule.name,
        severity=str(rule.severity),
        area=rule.area,
        releases=_releases(rule),
        headline=" ".join(headline.split()),
        reason=tuple(kept for p in flat if (kept := _SOURCE.sub("", p).strip())),
        sources=tuple(source for p in flat for source in _SOURCE.findall(p)),
        messages=tuple(blocks.get("Server says", "").splitlines()),
        bad=example(blocks.get("Bad", "")),
        good=example(blocks.get("Good", "")),
        backends=(*rule.backends, *rule.platforms),
    )


def _releases(rule: Rule) -> str:
    """The releases that behave so, empty where all do."""
    since, until = ("" if bound is None else f"{bound[0]}.{bound[1]:02}" for bound in (rule.since, rule.until))
    if since and until:
        return f"from {since} on, before {until}"
    return f"from {since} on" if since else f"before {until}" if until else ""


def example(block: str) -> str:
    """A Bad or Good block for a reader: the lines that begin another file say in words what it is."""
    return "\n".join(_file_line(line) if line.startswith("-- ") else line for line in block.splitlines())


def _file_line(line: str) -> str:
    name, _, rest = line[3:].partition(" ")
    if line.startswith("-- tk "):
        return f"-- judged by: {line[3:]}"
    if line.startswith("-- no "):
        return line
    if rest.startswith("-> ") and "[" not in rest:
        return f"-- {name}, a link to {rest[3:]}"
    if rest == "fifo":
        return f"-- {name}, a pipe"
    if rest:
        return f"-- {name}, {'an ONNX file' if name.endswith('.onnx') else 'a model'} with {rest}"
    return f"-- {name}, a directory" if name.endswith("/") else f"-- {name}:"


def search_messages(text: str, pages: Iterable[Page]) -> list[Match]:
    """The pages that quote the message, a part of one, or something in a whole line of a log; the closest first.

    Quotes, case and white space do not matter. Where a whole fragment is in the text, one that is only a part of
    it says nothing more, and is passed over.
    """
    wanted = _plain(text)
    if len(wanted) < 3:
        return []
    found: list[Match] = []
    whole: list[str] = []
    for one in pages:
        hits = {message: _parts(message) for message in one.messages}
        whole += (message for message, parts in hits.items() if _follow(parts, wanted))
        close = [m for m, parts in hits.items() if _follow(parts, wanted) or any(wanted in part for part in parts)]
        if close:
            found.append(Match(one, max(close, key=len)))
    found.sort(key=lambda match: -len(match.message))
    return [m for m in found if not any(_within(m.message, longer) for longer in whole)]


def _parts(message: str) -> list[str]:
    return [_plain(part) for part in message.split(GAP)]


def _follow(parts: list[str], text: str) -> bool:
    """Whether the parts are in the text, one behind the other."""
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def _within(message: str, longer: str) -> bool:
    return message != longer and _plain(message) in _plain(longer)


def _plain(text: str) -> str:
    for quote in "'\"`“”‘’":
        text = text.replace(quote, "")
    return " ".join(text.casefold().split())


def search_text(text: str, pages: Sequence[Page]) -> list[Page]:
    """The pages that have every word of the text somewhere: in name, headline, reason or messages."""
    words = _plain(text).split()
    return [p for p in pages if all(word in _everything(p) for word in words)]


def _everything(one: Page) -> str:
    return _plain(" ".join((one.name, one.headline, *one.reason, *one.messages)))
