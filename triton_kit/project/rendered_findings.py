"""Findings about a rendered config.pbtxt, at the place in model.yaml that makes what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.linter.diagnostic import Diagnostic, Related, Report
from triton_kit.project.render import FILE, is_rendered, render_command
from triton_kit.project.yaml_file import YamlFile, read
from triton_kit.repository.text_format.document import Document, parse
from triton_kit.repository.text_format.source import START, Route, Span
from triton_kit.value import replace

_ORIGINS = re.compile(r"# Rendered by tk from (.*?) \(template ")


def at_their_source(report: Report) -> Report:
    """The report with each finding about a rendered configuration in the file that it is rendered from.

    The rendered place stays beside it. A configuration that was edited by hand is the place itself, and so is one with
    values out of --set or --values, which no file holds.
    """
    known = {file: _Rendered(file, text) for file, text in report.sources.items() if _is_made(file, text)}
    if not known:
        return report
    sources: dict[Path, str] = {**report.sources}
    moved = []
    for diagnostic in report.diagnostics:
        if (rendered := known.get(diagnostic.file)) is not None:
            diagnostic = rendered.moved(diagnostic)
            sources.setdefault(diagnostic.file, rendered.text_of(diagnostic.file))
        moved.append(diagnostic)
    return replace(report, diagnostics=tuple(moved), sources=sources)


def _is_made(file: Path, text: str) -> bool:
    return text.startswith("# Rendered by tk ") and is_rendered(text) and (file.parent / FILE).is_file()


class _Rendered:
    """A rendered configuration, and the files that it is made from, the last one on top."""

    def __init__(self, config: Path, text: str) -> None:
        self.config = config
        self.document: Document = parse(text)
        self.spans = list(_spans(self.document))
        self.origins: list[YamlFile] = []
        self.texts: dict[Path, str] = {}
        found = _ORIGINS.match(text)
        names = found[1].split(" and ") if found else []
        for name in names if all(name.endswith(".yaml") for name in names) else ():
            self._read(config.parent / name)

    def _read(self, file: Path) -> None:
        try:
            self.origins.append(read(file))
            self.texts[file] = file.read_text(encoding="utf-8-sig")
        except (TkError, OSError, ValueError):
            return  # An option, or a file that is gone: what is left tells enough.

    def text_of(self, file: Path) -> str:
        return self.texts.get(file, "")

    def moved(self, diagnostic: Diagnostic) -> Diagnostic:
        """The finding at its source; the same where none can be read."""
        if not self.origins:
            return diagnostic
        file, span = self._source(diagnostic.span)
        here = Related(
            message=f"rendered from it; after a change, run: {render_command(self.config)}",
            file=self.config,
            span=diagnostic.span,
        )
        related = tuple(self._moved_place(one) for one in diagnostic.related)
        return replace(diagnostic, file=file, span=span, related=(*related, here))

    def _moved_place(self, related: Related) -> Related:
        if related.file != self.config:
            return related
        file, span = self._source(related.span)
        return replace(related, file=file, span=span)

    def _source(self, span: Span) -> tuple[Path, Span]:
        """What makes the part of the text at that span: the deepest value that is written, or the template's name."""
        route = self._route(span)
        for depth in range(len(route), 0, -1):
            for origin in reversed(self.origins):
                for section in ("config", "values"):
                    if (place := (section, *route[:depth])) in origin.places:
                        return self._place(origin, place)
        origin = next((one for one in reversed(self.origins) if ("template",) in one.places), self.origins[0])
        return self._place(origin, ("template",) if route else ())

    def _route(self, span: Span) -> Route:
        """The route of the value, or of the name, at that span; of the smallest value around it otherwise."""
        if span == START:
            return ()
        around: Route = ()
        for route, value, name in self.spans:
            if span in (value, name):
                return route
            if (value.line, value.column) <= (span.line, span.column) and (span.end_line, span.end_column) <= (
                value.end_line,
                value.end_column,
            ):
                around = route
        return around

    def _place(self, origin: YamlFile, at: Route) -> tuple[Path, Span]:
        line, column = origin.places.get(at, (1, 1))
        lines = self.texts.get(origin.file, "").split("\n")
        text = lines[line - 1] if line <= len(lines) else ""
        end = max(column, len(text.rstrip()) + 1)
        return origin.file, Span(line=line, column=column, end_line=line, end_column=end) if at else START


def _spans(document: Document) -> Iterator[tuple[Route, Span, Span]]:
    """Every route of a configuration, parents first, with the spans of its value and of its name."""
    for route in _routes(document.message.to_dict(), ()):
        yield route, document.source.locate(route), document.source.locate(route, key=True)


def _routes(value: object, at: Route) -> Iterator[Route]:
    items: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, inner in items:
        yield (*at, key)
        yield from _routes(inner, (*at, key))
