"""The comment ``# tk: ignore[rule-name]``, which silences a rule on its line or the next."""

from __future__ import annotations

from triton_kit.repository.source import Span
from triton_kit.repository.textproto import SourceMap

_MARK = "tk: ignore["


class Suppressions:
    """Where which rules are silenced in one file.

    Behind code the comment covers its own line, on a line of its own the next one as well.
    """

    def __init__(self, source: SourceMap) -> None:
        self._lines: dict[int, set[str]] = {}
        for comment in source.comments:
            names = rule_names(comment.text)
            if not names:
                continue
            lines = (comment.span.line,) if comment.trailing else (comment.span.line, comment.span.line + 1)
            for line in lines:
                self._lines.setdefault(line, set()).update(names)

    def cover(self, rule: str, span: Span) -> bool:
        """Whether a finding of that rule at that place is silenced."""
        return rule in self._lines.get(span.line, ())


def rule_names(comment: str) -> list[str]:
    """The rules that a comment silences; none where it is an ordinary comment."""
    start = comment.find(_MARK)
    if start < 0 or comment[:start].strip("# \t"):
        return []
    names, bracket, _ = comment[start + len(_MARK) :].partition("]")
    return [name.strip() for name in names.split(",") if name.strip()] if bracket else []
