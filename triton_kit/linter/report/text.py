"""A report for people: each finding with its source line, then a summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from triton_kit.linter.diagnostic import Diagnostic, Related, Report, Severity
from triton_kit.repository.text_format.source import Span

_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_WIDEST = 160
"""The longest excerpt of a line, in characters."""


def render(report: Report, *, color: bool = False, command: str = "tk validate") -> str:
    """The report as text, without a line break at its end; ``command`` made it, and fixes what can be with --fix."""
    return "\n".join([*_lines(report, color), summary(report), *_fixable(report, command)])


def summary(report: Report) -> str:
    """The last line: ``1 error, 2 warnings in 3 models``."""
    models = _count(len(report.models), "model")
    parts = [
        _count(number, noun)
        for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "note"))
        if (number := report.count(severity))
    ]
    left_out = [(report.suppressed, "suppressed"), (report.baselined, "in the baseline")]
    counts = ", ".join(f"{number} {why}" for number, why in left_out if number)
    suppressed = f" ({counts})" if counts else ""
    return (", ".join(parts) or "no problems") + f" in {models}{suppressed}"


def _fixable(report: Report, command: str) -> Iterator[str]:
    total, number = len(report.diagnostics), sum(d.fixable for d in report.diagnostics)
    if number:
        yield f"{number} of {total} can be fixed: {command} --fix" if total > 1 else f"to fix it: {command} --fix"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _lines(report: Report, color: bool) -> Iterator[str]:
    lines: dict[Path, list[str]] = {}
    for diagnostic in report.diagnostics:
        yield _headline(diagnostic, color)
        source = report.sources.get(diagnostic.file)
        if diagnostic.file not in lines:
            lines[diagnostic.file] = source.split("\n") if source else []
        yield from _excerpt(diagnostic, lines[diagnostic.file], color)
        margin = " " * len(str(diagnostic.span.line)) if source is not None else " "
        for related in diagnostic.related:
            yield f"{margin} {_paint('=', '1;34', color)} {_related(related)}"
        if diagnostic.help:
            help_ = printable(diagnostic.help)
            yield f"{margin} {_paint('=', '1;34', color)} {_paint('help', '1', color)}: {help_}"
        yield ""


def _headline(diagnostic: Diagnostic, color: bool) -> str:
    place = _place(diagnostic.file, diagnostic.span)
    severity = _paint(str(diagnostic.severity), _COLORS[diagnostic.severity], color)
    name = _paint(f"[{diagnostic.rule}]", "2", color)
    return f"{_paint(place, '1', color)}: {severity}: {printable(diagnostic.message)} {name}"


def _place(file: Path, span: Span) -> str:
    return f"{printable(str(file))}:{span.line}:{span.column}"


def _related(related: Related) -> str:
    if related.file is None:
        return printable(related.message)
    return f"see: {_place(related.file, related.span)}: {printable(related.message)}"


def _excerpt(diagnostic: Diagnostic, lines: Sequence[str], color: bool) -> Iterator[str]:
    """The line that the finding is in, with carets below; nothing where there is no text."""
    span = diagnostic.span
    if span.line > len(lines) or not lines[span.line - 1] or lines[span.line - 1].isspace():
        return
    line = lines[span.line - 1].rstrip("\r")
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    # A very long line is shown around the place, from a little before it.
    first = 0 if len(line) <= _WIDEST else max(0, min(start - 40, len(line) - _WIDEST))
    shown = line[first : first + _WIDEST]
    before, marked = shown[: start - first], shown[start - first : max(end, start + 1) - first]
    gutter = " " * len(str(span.line))
    bar = _paint("|", "1;34", color)
    carets = _paint("^" * max(1, width(printable(marked))), _COLORS[diagnostic.severity], color)
    yield f"{gutter} {bar}"
    yield f"{_paint(str(span.line), '1;34', color)} {bar} {'…' if first else ''}{printable(shown)}"
    yield f"{gutter} {bar} {' ' * (width(printable(before)) + bool(first))}{carets}"


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


def printable(text: str) -> str:
    """Text that a terminal shows as it is: tabs as four blanks, control characters and stray bytes escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    if char == "\t":
        return "    "
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def hanging(text: str, indent: str, columns: int | None) -> list[str]:
    """Text in lines of so many columns, those after the first indented; as one line where ``columns`` is ``None``."""
    if columns is None or width(text) <= columns:
        return [text]
    import textwrap

    # A narrow terminal gets lines of a readable length all the same.
    most = max(columns, len(indent) + 30)
    return textwrap.wrap(text, most, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def width(text: str) -> int:
    """The columns that the text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
