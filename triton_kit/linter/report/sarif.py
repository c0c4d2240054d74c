"""A report as SARIF 2.1.0 (OASIS), which code-scanning services take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from triton_kit.linter.diagnostic import Diagnostic, Report, Severity
from triton_kit.linter.report.paths import relative_uri, show_path
from triton_kit.repository.text_format.source import Span

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def format_sarif(report: Report, *, version: str, describe: Callable[[str], str | None]) -> str:
    """The report as one SARIF run; ``describe`` gives the one-line description of a rule, ``version`` is tk's."""
    names = sorted({d.rule for d in report.diagnostics})
    driver = {
        "name": "triton-kit",
        "semanticVersion": version,
        "rules": [_rule(name, describe(name)) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, names.index(d.rule)) for d in report.diagnostics],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str, description: str | None) -> dict[str, object]:
    rule: dict[str, object] = {"id": name}
    if description:
        rule["shortDescription"] = {"text": description}
    return rule


def _result(diagnostic: Diagnostic, index: int) -> dict[str, object]:
    text = diagnostic.message + (f": {diagnostic.help}" if diagnostic.help else "")
    result: dict[str, object] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": _text(text)},
        "locations": [{"physicalLocation": _place(diagnostic.file, diagnostic.span)}],
        "partialFingerprints": {"tkFinding/v1": _fingerprint(diagnostic)},
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {"message": {"text": _text(r.message)}, "physicalLocation": _place(r.file or diagnostic.file, r.span)}
            for r in diagnostic.related
        ]
    return result


def _place(file: Path, span: Span) -> dict[str, object]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": relative_uri(file)}, "region": region}


def _fingerprint(diagnostic: Diagnostic) -> str:
    """What stays the same when lines move: the rule, the file, what is said."""
    import hashlib

    parts = (diagnostic.rule, show_path(diagnostic.file), diagnostic.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
