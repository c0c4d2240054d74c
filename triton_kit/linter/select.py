"""Which rules are heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Severity
    from triton_kit.linter.options import Options
    from triton_kit.linter.rule import Rule


def chosen(rule: Rule, options: Options) -> bool:
    """Whether a rule's findings are shown: selected by its name or area (or nothing is), and not ignored."""
    return is_heard(rule.name, rule.area, options)


def is_heard(name: str, area: str, options: Options) -> bool:
    """The same for a finding of that name and area."""
    if options.select and not (name in options.select or area in options.select):
        return False
    return name not in options.ignore and area not in options.ignore


def split_severities(given: Mapping[str, str]) -> tuple[list[str], tuple[tuple[str, Severity], ...]]:
    """The rules or areas that are ``off``, and what the others count as. Raises UsageError for an unknown severity."""
    from triton_kit.errors import UsageError
    from triton_kit.linter.diagnostic import Severity

    off, changed = [], []
    for name, severity in given.items():
        if severity == "off":
            off.append(name)
        elif severity.upper() in Severity.__members__:
            changed.append((name, Severity[severity.upper()]))
        else:
            raise UsageError(f"{severity} is not a severity", hint="write error, warning, note or off")
    return off, tuple(changed)


def check_names(names: tuple[str, ...]) -> list[str]:
    """What to report of names of rules and areas: those that are former names, with what they stand for.

    Raises UsageError for a name that is neither a rule nor an area and never was, with the nearest that is.
    """
    from triton_kit.errors import UsageError
    from triton_kit.linter import load_findings
    from triton_kit.linter.areas import AREAS
    from triton_kit.linter.renamed import how_called_now, is_former
    from triton_kit.linter.rule import load_rules
    from triton_kit.suggestion import suggest

    known = [*load_rules(), *AREAS, *load_findings.PAGES, load_findings.AREA]
    for name in names:
        if name not in known and not is_former(name):
            hint = suggest(name, known, otherwise="the names are in brackets after each message")
            raise UsageError(f"{name} is not a rule", hint=hint)
    return [how_called_now(name) for name in dict.fromkeys(names) if is_former(name)]
