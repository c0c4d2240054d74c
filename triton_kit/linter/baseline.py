"""Findings that a project knows of: kept in a file, recognised by what they say and not by where they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from triton_kit.errors import UsageError
from triton_kit.linter.diagnostic import Diagnostic, Report
from triton_kit.linter.renamed import current_rule, how_called_now, is_former
from triton_kit.linter.report.text import printable
from triton_kit.value import replace

VERSION = 1

Fingerprint = tuple[str, str, str, str]
"""Rule, model (empty for the repository), file below the model, message."""


def fingerprint(diagnostic: Diagnostic) -> Fingerprint:
    """What stays the same where lines are added above a finding, or the repository moves."""
    parts, model = diagnostic.file.parts, diagnostic.model
    name = diagnostic.file.name
    if model is not None and model in parts:
        last = len(parts) - 1 - parts[::-1].index(model)
        name = "/".join(parts[last + 1 :]) or "."
    # A message may name the file, or say how many bytes it has; the fingerprint takes it as it is.
    return diagnostic.rule, printable(model or ""), printable(name), printable(diagnostic.message)


def render_baseline(report: Report) -> str:
    """The file that has all findings of a report as known ones, sorted."""
    entries = [
        {"rule": rule, "model": model, "file": file, "message": message}
        for rule, model, file, message in sorted(map(fingerprint, report.diagnostics), key=lambda f: (f[1], f[2], f))
    ]
    return json.dumps({"version": VERSION, "findings": entries}, indent=2, ensure_ascii=False) + "\n"


def read_baseline(text: str, name: str) -> Counter[Fingerprint]:
    """The known findings of such a file, with how often each is known. Raises UsageError for any other text."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise UsageError(f"{name} is a baseline of version {document['version']}", hint="write it again")
        found = document["findings"]
        return Counter(
            (current_rule(str(e["rule"])), str(e["model"]), str(e["file"]), str(e["message"])) for e in found
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{name} is not a baseline", hint="write it with --update-baseline") from None


def former_names(text: str) -> list[str]:
    """What to report of a baseline that ``read_baseline`` takes: the rules in it that were renamed."""
    names = dict.fromkeys(str(entry["rule"]) for entry in json.loads(text)["findings"])
    return [how_called_now(name) for name in names if is_former(name)]


def without_known(report: Report, known: Counter[Fingerprint]) -> Report:
    """The report without what is known: each as often as it is."""
    left = Counter(known)
    kept = tuple(_unknown(report.diagnostics, left))
    return replace(report, diagnostics=kept, baselined=len(report.diagnostics) - len(kept))


def _unknown(diagnostics: Iterable[Diagnostic], left: Counter[Fingerprint]) -> Iterable[Diagnostic]:
    for diagnostic in diagnostics:
        one = fingerprint(diagnostic)
        if left[one] > 0:
            left[one] -= 1
        else:
            yield diagnostic
