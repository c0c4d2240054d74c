"""Which of a trial's findings are heard: as a user selects, ignores and silences those of rules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from triton_kit.linter.diagnostic import Diagnostic, Report
from triton_kit.linter.engine import has_suppressions
from triton_kit.linter.load_findings import AREA, PAGES
from triton_kit.linter.options import Options
from triton_kit.linter.select import is_heard
from triton_kit.linter.suppress import Suppressions
from triton_kit.model.broken import Broken
from triton_kit.model.repository import Repository
from triton_kit.value import replace


def heard(
    diagnostics: Iterable[Diagnostic], repository: Repository, options: Options
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """The findings that are heard, each as bad as the project takes it, and those that a comment silences.

    What is not of a trial was heard already.
    """
    severities = dict(options.severities)
    kept: list[Diagnostic] = []
    silenced: list[Diagnostic] = []
    comments: dict[str, Suppressions | None] = {}
    for one in diagnostics:
        if one.rule not in PAGES:
            kept.append(one)
        elif is_heard(one.rule, AREA, options):
            name = one.model or ""
            if name not in comments:
                comments[name] = _comments(repository, name)
            if _covers(comments[name], one, repository):
                silenced.append(one)
            else:
                severity = severities.get(one.rule) or severities.get(AREA) or one.severity
                kept.append(replace(one, severity=severity))
    return kept, silenced


def hides_findings(report: Report, options: Options) -> bool:
    """Whether findings about the models may be missing in the report, or count as less than they are."""
    changed = {*options.ignore, *(name for name, _ in options.severities)}
    return bool(report.suppressed or options.select or changed - {AREA, *PAGES})


def _comments(repository: Repository, name: str) -> Suppressions | None:
    model = repository.model(name)
    if model is None or not has_suppressions(model):
        return None
    try:
        return Suppressions(model.document.source)
    except Broken:
        return None


def _covers(comments: Suppressions | None, diagnostic: Diagnostic, repository: Repository) -> bool:
    model = repository.model(diagnostic.model or "")
    if comments is None or model is None or diagnostic.file.absolute() != Path(model.at_file).absolute():
        return False
    return comments.cover(diagnostic.rule, diagnostic.span)
