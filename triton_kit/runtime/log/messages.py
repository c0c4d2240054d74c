"""The texts by which servers, engines and drivers report trouble, with their meanings: ``messages.txt`` as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias, get_args

from triton_kit.runtime.log.message import FEW, GAP, Message
from triton_kit.runtime.log.wrapping import Wrapped, unwrap

Kind: TypeAlias = Literal["error", "symptom", "general", "consequence", "context", "harmless"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_CLOSEST: dict[Kind, int] = {"harmless": 0, "context": 0, "error": 1, "symptom": 1, "general": 2, "consequence": 3}

MESSAGE = "M"
"""The level of a message that is asked about by itself: it may come from anywhere."""

_WORDS = re.compile(r"\w+", re.ASCII)
_MARKS = ("= ", "> ", "$ ", "? ", "~ ", "@ ", "& ")
_LOOSE = frozenset({"python", "memory", "cuda", "ports", "server", "tls", "grpc", "object stores", "engine"})
_RAISED = frozenset({"python", "memory", "cuda", "llm", "tls"})
"""Areas whose messages reach Triton in an exception of Python code too."""

_INSTANCE = re.compile(r"_\d{1,9}(?:_(?:gpu|cpu)?\d{0,9})?$")
"""What is behind a model's name in that of an instance."""

_MISSING = {"model": "a model", "file": "a file", "engine": "docker"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProblem:
    """One cause: the messages by which it shows, and sentences with the holes of the messages in braces.

    ``rule`` is the rule of the linter that finds it beforehand, ``command`` what fixes it or shows more, ``sources``
    the files of the server that log it where only some do; ``code`` is whose Python code it is about, the ``user``'s
    or that of a ``backend``, where that matters.
    """

    area: str
    messages: tuple[Message, ...]
    cause: str
    help: str
    kind: Kind = "error"
    command: str | None = None
    rule: str | None = None
    sources: tuple[str, ...] = ()
    code: str | None = None

    def find(self, said: Wrapped, *, level: str, source: str) -> dict[str, str] | None:
        """What is in the holes of the first message that the text is, or ``None``.

        A text without a level may be anything that somebody printed: there, short fragments of the server's say
        nothing, and neither does what is in the middle.
        """
        if self.sources and source and source not in self.sources:
            return None
        if self.code is not None and (self.code == "backend") != (said.backend is not None):
            return None
        # A line that begins with an exception of Python is an error, whoever prints it.
        printed = not level and not (said.raised is not None and self.area in _RAISED)
        for message in self.messages:
            if printed and self.area not in _LOOSE and len(message.words) < FEW:
                continue
            if (found := message.find(said, raised=self.area in _RAISED, printed=printed)) is not None:
                return found
        return None


def read_known(text: str) -> tuple[KnownProblem, ...]:
    """The entries of a table that is written as ``messages.txt`` is."""
    found: list[KnownProblem] = []
    area = ""
    for paragraph in text.split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line and not line.startswith("#")]
        if len(lines) == 1 and lines[0].startswith("["):
            area = lines[0].strip("[]")
        elif lines:
            found.append(_entry(area, lines))
    return tuple(found)


def _entry(area: str, lines: list[str]) -> KnownProblem:
    marked = {line[0]: line[2:].lstrip() for line in lines if line[:2] in _MARKS}
    kind = next((kind for kind in KINDS if kind == marked.get("~", "error")), None)
    if kind is None:
        raise ValueError(f"{marked['~']} is not a kind")
    return KnownProblem(
        area=area,
        messages=tuple(Message.read(line) for line in lines if line[:2] not in _MARKS),
        cause=marked["="],
        help=marked[">"],
        kind=kind,
        command=marked.get("$"),
        rule=marked.get("?"),
        sources=tuple(marked.get("@", "").split()),
        code=marked.get("&"),
    )


@cache
def known_texts() -> tuple[KnownProblem, ...]:
    """All that is known, what is closest first."""
    return read_known((files("triton_kit.runtime.log") / "messages.txt").read_text(encoding="utf-8"))


def fill(sentence: str, parts: Mapping[str, str]) -> str:
    """A sentence with what the message said; what it did not say is left out where a colon leads to it."""

    def put(hole: re.Match[str]) -> str:
        colon, quote, name, close = hole.groups()
        if value := parts.get(name):
            return f"{colon}{quote}{value}{close}"
        return "" if colon else _MISSING.get(name, GAP)

    return re.sub(r"(: |)('?)\{([a-z]+)\}('?)", put, sentence)


def _with_surroundings(parts: dict[str, str], said: Wrapped) -> dict[str, str]:
    """What is in a message's holes, and what the text around it tells: of which model, where both name one."""
    found = {**said.parts, **parts}
    if said.backend:
        found["backend"] = said.backend
    if "model" in said.parts:
        found["model"] = said.parts["model"]
    elif "model" not in found and "instance" in found:
        found["model"] = _INSTANCE.sub("", found["instance"])
    return found


class Table:
    """Entries, found by the words of a text: most texts hold none of the words that matter, and are passed over."""

    def __init__(self, entries: Iterable[KnownProblem]) -> None:
        ranked = sorted(entries, key=lambda known: _CLOSEST[known.kind])
        # A message is filed under its longest word, where few messages have that: it is seldom in other texts.
        self._by_word: dict[str, list[tuple[int, KnownProblem]]] = {}
        self._all_words: dict[bytes, set[frozenset[bytes]]] = {}
        common: dict[str, int] = {}
        for known in ranked:
            for message in known.messages:
                for word in set(message.words):
                    common[word] = common.get(word, 0) + 1
        for rank, known in enumerate(ranked):
            for message in known.messages:
                word = min(message.words, key=lambda w: common[w] - 2 * len(w))
                self._by_word.setdefault(word, []).append((rank, known))
                self._all_words.setdefault(word.encode(), set()).add(frozenset(w.encode() for w in message.words))
        self.words = frozenset(self._all_words)
        """A text that holds none of these as a whole word, in lower case, is in no entry."""

    def may_hold(self, words: list[bytes]) -> bool:
        """Whether a text of these words, in lower case, may be one of the messages: it has all words of one."""
        if self.words.isdisjoint(words):
            return False
        every = set(words)
        return any(needed <= every for word in self.words & every for needed in self._all_words[word])

    def candidates(self, text: str) -> Iterator[KnownProblem]:
        """The entries that a text may contain, the closest first."""
        ranked: dict[int, KnownProblem] = {}
        for word in set(_WORDS.findall(text.lower())):
            ranked.update(self._by_word.get(word, ()))
        for rank in sorted(ranked):
            yield ranked[rank]

    def find(self, text: str, *, level: str = MESSAGE, source: str = "") -> tuple[KnownProblem, dict[str, str]] | None:
        """The closest entry that fits the text, with what is in its holes and what the text around it says.

        ``level`` is that of the line, empty for one in no log format, and ``source`` the file that logged it.
        """
        said = unwrap(text)
        if source.endswith(".py"):
            said = replace(said, raised=0)
        for known in self.candidates(text):
            if (parts := known.find(said, level=level, source=source)) is not None:
                return known, _with_surroundings(parts, said)
        return None


@cache
def table() -> Table:
    """All that is known, ready to be searched."""
    return Table(known_texts())
