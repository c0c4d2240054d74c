"""A report as JUnit XML, which GitLab, Jenkins and most other CI systems show as test results."""

from __future__ import annotations

import re

from triton_kit.linter.diagnostic import Diagnostic, Report, Severity
from triton_kit.linter.report.paths import show_path

# What XML 1.0 has no way to hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def format_junit(report: Report) -> str:
    """A test case for each model and a failure for each error in it; warnings and notes are its output."""
    from xml.etree import ElementTree

    groups: dict[str, list[Diagnostic]] = {model: [] for model in report.models}
    for diagnostic in report.diagnostics:
        groups.setdefault(diagnostic.model or show_path(diagnostic.file), []).append(diagnostic)
    failures = sum(any(d.severity is Severity.ERROR for d in found) for found in groups.values())
    counts = {"tests": str(len(groups)), "failures": str(failures), "errors": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "tk validate", **counts})
    for name, found in groups.items():
        case = ElementTree.SubElement(suite, "testcase", {"classname": "tk.validate", "name": _clean(name)})
        errors = [d for d in found if d.severity is Severity.ERROR]
        if errors:
            attributes = {"type": errors[0].rule, "message": _clean(errors[0].message)}
            ElementTree.SubElement(case, "failure", attributes).text = _clean("\n".join(map(_line, errors)))
        if others := [d for d in found if d.severity is not Severity.ERROR]:
            ElementTree.SubElement(case, "system-out").text = _clean("\n".join(map(_line, others)))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _line(diagnostic: Diagnostic) -> str:
    place = f"{show_path(diagnostic.file)}:{diagnostic.span.line}:{diagnostic.span.column}"
    remedy = f" ({diagnostic.help})" if diagnostic.help else ""
    notes = "".join(f"\n  {note}" for note in diagnostic.notes)
    return f"{place}: {diagnostic.severity}: {diagnostic.message} [{diagnostic.rule}]{remedy}{notes}"


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
