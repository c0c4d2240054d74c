"""A report for programs: a JSON document, version 1.

The keys: ``version``; ``ok``, whether no finding is an error; ``summary`` with ``errors``, ``warnings``, ``notes``,
``suppressed``, ``models``, ``files``; ``models``, the names that were looked at; ``diagnostics`` in order of file and
place, each with ``rule``, ``severity`` (``error``, ``warning``, ``note``), ``model`` (``null`` for the repository),
``file``, ``span`` (``line``, ``column``, ``end_line``, ``end_column``; from 1, the end exclusive), ``message``,
``help`` (or ``null``), ``related`` (each ``message``, ``file`` or ``null``, ``span``), ``fixable``, and ``edits``, what
``--fix`` would do: each ``file``, ``span`` and ``text`` to be there, or a directory to make, both of them ``null``.
"""

from __future__ import annotations

from triton_kit import json_document
from triton_kit.linter.diagnostic import Change, Diagnostic, Related, Report, Severity
from triton_kit.linter.report.text import printable
from triton_kit.repository.text_format.source import Span


def render(report: Report) -> str:
    """The report as JSON text."""
    return json_document.render(content(report))


def content(report: Report) -> dict[str, object]:
    """The report as plain values, without the version."""
    return {
        "ok": report.ok,
        "summary": {
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.NOTE),
            "suppressed": report.suppressed,
            "baselined": report.baselined,
            "models": len(report.models),
            "files": report.files,
        },
        "models": [printable(name) for name in report.models],
        "diagnostics": [_diagnostic(d) for d in report.diagnostics],
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "rule": diagnostic.rule,
        "severity": str(diagnostic.severity),
        "model": printable(diagnostic.model) if diagnostic.model is not None else None,
        "file": printable(str(diagnostic.file)),
        "span": _span(diagnostic.span),
        "message": _text(diagnostic.message),
        "help": _text(diagnostic.help) if diagnostic.help is not None else None,
        "related": [_related(r) for r in diagnostic.related],
        "fixable": diagnostic.fixable,
        "edits": [_edit(change) for change in diagnostic.changes],
    }


def _edit(change: Change) -> dict[str, object]:
    new = change.replacement
    return {
        "file": printable(str(change.file)),
        "span": _span(change.span) if new else None,
        "text": _text(new.text) if new else None,
    }


def _related(related: Related) -> dict[str, object]:
    file = printable(str(related.file)) if related.file is not None else None
    return {"message": _text(related.message), "file": file, "span": _span(related.span)}


def _span(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
