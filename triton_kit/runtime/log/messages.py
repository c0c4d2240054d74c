"""The texts by which servers, engines and drivers report trouble, with their meanings: ``messages.txt`` as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias, get_args

GAP = "…"
"""Stands in a message for what varies and does not matter."""

Kind: TypeAlias = Literal["error", "general", "consequence", "harmless"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LONGEST = 300
"""Characters of what a message says that are kept for the sentences about it."""

_HOLE = re.compile(rf"(\{{\*?[a-z]+\}}|{GAP})")
_WORDS = re.compile(r"\w+", re.ASCII)
_LOOSE = frozenset({"python", "memory", "cuda", "ports", "server", "tls", "grpc", "object stores", "engine"})
_MISSING = {"model": "a model", "file": "a file", "engine": "docker"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text with holes: ``literals`` are in a line one behind the other, ``holes`` are the names between them.

    A hole is ``""`` where what is there does not matter, and begins with ``*`` where it takes the rest of the line.
    Holes of one name hold the same text, or the text is not this message.
    """

    literals: tuple[str, ...]
    holes: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Message:
        """The message as ``messages.txt`` and the pages of rules write it."""
        parts = _HOLE.split(text)
        return cls(
            literals=tuple(
                part.strip() if hole_beside(parts, i) else part for i, part in enumerate(parts) if i % 2 == 0
            ),
            holes=tuple("" if part == GAP else part[1:-1] for part in parts[1::2]),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The whole words of the literals, in lower case: a text without them is not this message."""
        found: list[str] = []
        for i, literal in enumerate(self.literals):
            # Beside a hole, a word may be only a part of one.
            start = r"(?<!\w)" if i == 0 else r"(?<=\W)"
            end = r"(?!\w)" if i == len(self.literals) - 1 else r"(?=\W)"
            found += (word.lower() for word in re.findall(rf"{start}\w+{end}", literal, re.ASCII))
        return tuple(found)

    def find(self, text: str) -> dict[str, str] | None:
        """What is in the holes, or ``None`` where the text is not this message. Takes linear time."""
        found: dict[str, str] = {}
        for hole, part in self._parts(text):
            if part is None or (hole and found.setdefault(hole, part) != part):
                return None
        return found

    def _parts(self, text: str) -> Iterator[tuple[str, str | None]]:
        """Each hole with what is in it; ends with ``None`` for one where the text is not this message."""
        at = text.find(self.literals[0])
        if at < 0:
            yield "", None
            return
        end = at + len(self.literals[0])
        if not self.literals[0]:
            # The text before the first words: its last word is what is wanted.
            at = text.find(self.literals[1])
            if at < 0:
                yield "", None
                return
            before = text[:at].split()
            yield self._kept(self.holes[0], before[-1] if before else "")
            end = at + len(self.literals[1])
        for hole, literal in list(zip(self.holes, self.literals[1:], strict=True))[0 if self.literals[0] else 1 :]:
            if literal:
                at = text.find(literal, end)
                if at < 0:
                    yield "", None
                    return
                yield self._kept(hole, text[end:at])
                end = at + len(literal)
            else:
                rest = text[end : end + LONGEST * 2]
                yield self._kept(hole, rest.partition("\n")[0] if hole.startswith("*") else _first_word(rest))

    @staticmethod
    def _kept(hole: str, text: str) -> tuple[str, str]:
        text = text.strip()
        if text[:1] in ("'", '"') and text[-1:] == text[:1] and text[:1] not in text[1:-1]:
            text = text[1:-1]
        return hole.lstrip("*"), text if len(text) <= LONGEST else text[: LONGEST - 1] + GAP


def hole_beside(parts: list[str], i: int) -> bool:
    """Whether a gap whose extent does not matter is beside that part: blanks there do not matter either."""
    return (i > 0 and parts[i - 1] == GAP) or (i + 1 < len(parts) and parts[i + 1] == GAP)


def _first_word(text: str) -> str:
    return next(iter(text.split(None, 1)), "").strip("'\"`,;:()[]").rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProblem:
    """One cause: the messages by which it shows, and sentences with the holes of the messages in braces.

    ``rule`` is the rule of the linter that finds it beforehand, ``command`` what fixes it or shows more.
    """

    area: str
    messages: tuple[Message, ...]
    cause: str
    help: str
    kind: Kind = "error"
    command: str | None = None
    rule: str | None = None

    def find(self, text: str, *, logged: bool = True) -> dict[str, str] | None:
        """What is in the holes of the first message that the text is, or ``None``.

        A text that no server ``logged`` may be anything: there, short fragments of the server's say nothing.
        """
        for message in self.messages:
            if not logged and self.area not in _LOOSE and len(message.words) < 4:
                continue
            if (found := message.find(text)) is not None:
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
    marked = {
        line[0]: line[3 if line[1:3] == "  " else 2 :] for line in lines if line[:2] in ("= ", "> ", "$ ", "? ", "~ ")
    }
    kind = next((kind for kind in KINDS if kind == marked.get("~", "error")), None)
    if kind is None:
        raise ValueError(f"{marked['~']} is not a kind")
    return KnownProblem(
        area=area,
        messages=tuple(Message.read(line) for line in lines if line[:2] not in ("= ", "> ", "$ ", "? ", "~ ")),
        cause=marked["="],
        help=marked[">"],
        kind=kind,
        command=marked.get("$"),
        rule=marked.get("?"),
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


class Table:
    """Entries, found by the words of a text: most texts hold none of the words that matter, and are passed over."""

    def __init__(self, entries: Iterable[KnownProblem]) -> None:
        ranked = sorted(entries, key=lambda known: ("harmless", "error", "general", "consequence").index(known.kind))
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

    def find(self, text: str, *, logged: bool = True) -> tuple[KnownProblem, dict[str, str]] | None:
        """The closest entry that fits the text, with what is in its holes."""
        for known in self.candidates(text):
            if (parts := known.find(text, logged=logged)) is not None:
                return known, parts
        return None


@cache
def table() -> Table:
    """All that is known, ready to be searched."""
    return Table(known_texts())
