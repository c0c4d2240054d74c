"""A report as workflow commands, which GitHub Actions shows as annotations beside the lines of a pull request."""

from __future__ import annotations

from triton_kit.linter.diagnostic import Diagnostic, Report, Severity
from triton_kit.linter.report.paths import show_path

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def format_github(report: Report) -> str:
    """One line a diagnostic: ``::error file=...,line=...,col=...,title=...::message``."""
    return "".join(_annotate(d) + "\n" for d in report.diagnostics)


def _annotate(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    properties = {
        "file": show_path(diagnostic.file),
        "line": str(span.line),
        "endLine": str(span.end_line),
        "title": f"tk: {diagnostic.rule}",
    }
    # GitHub takes columns only for a finding within one line.
    if span.line == span.end_line:
        properties |= {"col": str(span.column), "endColumn": str(max(span.column, span.end_column - 1))}
    message = "\n".join(filter(None, (diagnostic.message, *diagnostic.notes, diagnostic.help)))
    joined = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[diagnostic.severity]} {joined}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
