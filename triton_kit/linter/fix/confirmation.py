"""Which of the findings that have a fix ``tk validate --fix`` does fix: a report promises no more."""

from __future__ import annotations

import os
from collections.abc import Iterable

from triton_kit.linter.diagnostic import Report
from triton_kit.linter.fix.plan import finding_keys, plan_fixes
from triton_kit.linter.options import Options
from triton_kit.value import replace


def confirmed(report: Report, paths: Iterable[str | os.PathLike[str]], options: Options) -> Report:
    """The report on these paths with changes for those findings alone that ``plan_fixes`` fixes.

    A change for one finding may lay open an error, or be in the way of another one.
    """
    if not any(d.fixable for d in report.diagnostics):
        return report
    left = finding_keys(plan_fixes(paths, options, report).report.diagnostics)
    kept = []
    for diagnostic in report.diagnostics:
        [key] = finding_keys((diagnostic,))
        if diagnostic.fixable and left[key]:
            left[key] -= 1
            diagnostic = replace(diagnostic, changes=())
        kept.append(diagnostic)
    return replace(report, diagnostics=tuple(kept))
