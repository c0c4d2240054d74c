"""The part of ``tk validate`` that fixes: what was fixed, what would be, what was left alone and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triton_kit.linter.diagnostic import Report
    from triton_kit.linter.fix.plan import Fixes
    from triton_kit.linter.options import Options


def fix(paths: Sequence[str], options: Options) -> Report:
    """Write the fixes, say so, and give the report on what remains."""
    from triton_kit.linter.fix.application import write_fixes
    from triton_kit.linter.fix.plan import plan_fixes

    fixes = plan_fixes(paths, options)
    write_fixes(fixes)
    terminal.say(f"fixed {_counts(fixes)}" if fixes.places else "nothing to fix")
    _tell_left(fixes)
    return fixes.report


def show_diff(paths: Sequence[str], options: Options) -> int:
    """Print what ``fix`` would change; 1 where there is something, or an error that it leaves."""
    from triton_kit.linter.fix.application import diff
    from triton_kit.linter.fix.plan import plan_fixes
    from triton_kit.linter.report.text import summary

    fixes = plan_fixes(paths, options)
    for line in diff(fixes):
        terminal.out(terminal.diff_line(line))
    terminal.say(f"would fix {_counts(fixes)}" if fixes.places else "nothing to fix")
    _tell_left(fixes)
    if fixes.report.diagnostics:
        terminal.say(f"left: {summary(fixes.report)}")
    return 1 if fixes.places or not fixes.report.ok else 0


def _counts(fixes: Fixes) -> str:
    findings = "1 finding" if fixes.fixed == 1 else f"{fixes.fixed} findings"
    return f"{findings} in {'1 file' if fixes.places == 1 else f'{fixes.places} files'}"


def _tell_left(fixes: Fixes) -> None:
    from triton_kit.linter.report.text import printable

    if fixes.rendered:
        from triton_kit.project.render import render_command

        for file in fixes.rendered:
            terminal.say(
                f"{file} is made from model.yaml, and left alone: change that, then run: {render_command(file)}"
            )
    for file, diagnostic in fixes.withheld:
        terminal.say(f"{file} is left alone: fixed, it would be refused, since {printable(diagnostic.message)}")
