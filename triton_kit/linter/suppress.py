"""The comment ``# tk: ignore[rule-name]``, which silences a rule on its line or the next."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from triton_kit.repository.text_format.document import SourceMap
from triton_kit.repository.text_format.source import Span

MARK = "tk: ignore["


class Unused(NamedTuple):
    """A rule that a comment silences in vain, or by a former name.

    ``known`` says whether there is such a rule, ``now`` what one is called that was renamed.
    """

    rule: str
    span: Span
    known: bool
    now: str | None = None


class Suppressions:
    """Where which rules are silenced in one file.

    Behind code the comment covers its own line, on a line of its own the next one as well.
    """

    def __init__(self, source: SourceMap) -> None:
        self._comments: list[tuple[str, Span]] = []
        self._lines: dict[tuple[int, str], list[int]] = {}
        self._used: set[int] = set()
        for comment in source.comments:
            lines = (comment.span.line,) if comment.trailing else (comment.span.line, comment.span.line + 1)
            for name in rule_names(comment.text):
                from triton_kit.linter.renamed import current_rule

                for line in lines:
                    self._lines.setdefault((line, current_rule(name)), []).append(len(self._comments))
                self._comments.append((name, comment.span))

    def cover(self, rule: str, span: Span) -> bool:
        """Whether a finding of that rule at that place is silenced; the comment that does it counts as used."""
        found = self._lines.get((span.line, rule), ())
        self._used.update(found)
        return bool(found)

    def unused(self, heard: Collection[str], known: Collection[str]) -> Iterator[Unused]:
        """What silenced nothing, of the rules that were heard and of those that do not exist; and each former name."""
        from triton_kit.linter.renamed import current_rule

        for i, (written, span) in enumerate(self._comments):
            name = current_rule(written)
            if i not in self._used and (name in heard or name not in known):
                yield Unused(written, span, name in known)
            elif name != written:
                yield Unused(written, span, True, name)


def rule_names(comment: str) -> list[str]:
    """The rules that a comment silences; none where it is an ordinary comment."""
    start = comment.find(MARK)
    if start < 0 or comment[:start].strip("# \t"):
        return []
    names, bracket, _ = comment[start + len(MARK) :].partition("]")
    return [name.strip() for name in names.split(",") if name.strip()] if bracket else []
