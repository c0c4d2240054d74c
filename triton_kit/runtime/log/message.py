"""The shape of a message: what is written as it stands, and the named parts that vary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from triton_kit.runtime.log.wrapping import Wrapped, unwrap

GAP = "…"
"""Stands in a message for what varies and does not matter; at its beginning, the message may begin anywhere."""

END = "⊣"
"""Stands at the end of a message that ends there."""

LONGEST = 300
"""Characters of what a message says that are kept for the sentences about it."""

FEW = 4
"""Words below which a message may be a part of what anybody writes."""

_HOLE = re.compile(rf"(\{{\*?[a-z]+\}}|{GAP})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text with holes: ``literals`` are in a line one behind the other, ``holes`` are the names between them.

    A hole is ``""`` where what is there does not matter, and begins with ``*`` where it takes the rest of the line.
    Holes of one name hold the same text, or the text is not this message. A message that is ``anchored`` begins where
    a message may begin, another one at any word; ``ended`` is one behind which nothing follows.
    """

    literals: tuple[str, ...]
    holes: tuple[str, ...]
    anchored: bool = False
    ended: bool = False

    @classmethod
    def read(cls, text: str) -> Message:
        """The message as ``messages.txt`` writes it."""
        ended = text.endswith(END)
        text = text.removesuffix(END)
        anchored = not text.startswith((GAP, "{"))
        parts = _HOLE.split(text.removeprefix(GAP))
        return cls(
            literals=tuple(
                part.strip() if hole_beside(parts, i) else part for i, part in enumerate(parts) if i % 2 == 0
            ),
            holes=tuple("" if part == GAP else part[1:-1] for part in parts[1::2]),
            anchored=anchored,
            ended=ended,
        )

    @classmethod
    def quoted(cls, text: str) -> Message:
        """A message of which a rule's page quotes a part, which may be anywhere in it."""
        return cls.read(text if text.startswith(GAP) else GAP + text)

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

    def find(self, said: str | Wrapped, *, raised: bool = True, printed: bool = False) -> dict[str, str] | None:
        """What is in the holes, or ``None`` where the text is not this message. Takes linear time.

        A message of Triton's is not looked for in what Python code ``raised``. In what somebody ``printed`` it begins
        where a message may begin, and one of few words is all that is there.
        """
        said = unwrap(said) if isinstance(said, str) else said
        for start in self._starts(said):
            if not raised and said.raised is not None and start >= said.raised:
                continue
            if printed and start not in said.starts:
                continue
            short = printed and len(self.words) < FEW and (said.raised is None or start < said.raised)
            if short and self.holes[-1:] and self.holes[-1].startswith("*"):
                continue
            found: dict[str, str] | None = {}
            for hole, part in self._parts(said.text, start, whole=self.ended or short):
                if part is None or (hole and found is not None and found.setdefault(hole, part) != part):
                    found = None
                    break
            if found is not None:
                return found
        return None

    def _starts(self, said: Wrapped) -> Iterator[int]:
        """Where in the text the first literal is, and a message may begin."""
        first = self.literals[0]
        if self.anchored:
            for start in said.starts:
                if said.text.startswith(first, start) or said.text.startswith(f" {first}", start):
                    yield said.text.index(first, start)
        elif not first:
            yield 0
        elif (at := _at_word(said.text, first)) >= 0:
            yield at

    def _parts(self, text: str, at: int, *, whole: bool) -> Iterator[tuple[str, str | None]]:
        """Each hole with what is in it; ends with ``None`` for one where the text is not this message."""
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
                if at < 0 or (hole and not hole.startswith("*") and "\n" in text[end:at]):
                    yield "", None
                    return
                yield self._kept(hole, text[end:at])
                end = at + len(literal)
            else:
                rest = text[end : end + LONGEST * 2]
                yield self._kept(hole, rest.partition("\n")[0] if hole.startswith("*") else _first_word(rest))
        if self._runs_on(text, end, whole=whole):
            yield "", None

    def _runs_on(self, text: str, end: int, *, whole: bool) -> bool:
        """Whether more follows than this message has: the rest of a word, or anything where it is the ``whole``."""
        last = self.literals[-1]
        if last[-1:].isalnum() and (text[end : end + 1].isalnum() or text[end : end + 1] == "_"):
            return True
        return whole and bool(text[end : end + LONGEST].replace("(core dumped)", "").strip(" .|\n'\""))

    @staticmethod
    def _kept(hole: str, text: str) -> tuple[str, str]:
        text = text.strip()
        if text[:1] in ("'", '"') and text[-1:] == text[:1] and text[:1] not in text[1:-1]:
            text = text[1:-1]
        return hole.lstrip("*"), text if len(text) <= LONGEST else text[: LONGEST - 1] + GAP


def hole_beside(parts: list[str], i: int) -> bool:
    """Whether a gap whose extent does not matter is beside that part: blanks there do not matter either."""
    return (i > 0 and parts[i - 1] == GAP) or (i + 1 < len(parts) and parts[i + 1] == GAP)


def _at_word(text: str, literal: str) -> int:
    """Where the literal is, not as the end of a longer word; -1 where it is not. Takes linear time."""
    at = text.find(literal)
    for _ in range(8):
        before = text[at - 1 : at] if text[at - 2 : at] != "\\n" else "\n"
        if at <= 0 or not (literal[0].isalnum() and (before.isalnum() or before == "_")):
            return at
        at = text.find(literal, at + 1)
    return -1


def _first_word(text: str) -> str:
    return next(iter(text.split(None, 1)), "").strip("'\"`,;:()[]").rstrip(".")
