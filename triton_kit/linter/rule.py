"""What a rule is: a generator of problems with a name, a severity and a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from triton_kit.linter.areas import AREAS
from triton_kit.linter.diagnostic import Problem, Severity

if TYPE_CHECKING:
    pass

Check = Callable[[Any], Iterator[Problem]]
"""A rule's function: takes the checked model or, in the scope ``repository``, the checked repository."""


class Rule(NamedTuple):
    """One thing that can be wrong.

    ``name`` is the function's with hyphens; ``doc`` its page: a headline, why (with the source upstream), and the
    blocks ``Bad:`` and ``Good:``. ``since`` and ``until`` bound the releases that behave so (``until`` exclusive).
    ``area`` is the module; ``scope`` says whether the check takes a model, the repository, or the
    ``suppressions`` that silence nothing. ``broken`` rules have something to say of broken configurations only;
    those with ``about`` only where one of these fields is written, as for a whole Area.
    """

    name: str
    severity: Severity
    check: Check
    area: str
    scope: str
    since: tuple[int, int] | None
    until: tuple[int, int] | None
    broken: bool = False
    about: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """The rule's page, as written in its docstring."""
        return self.check.__doc__ or ""

    def may_speak(self, written: Set[str] | None) -> bool:
        """Whether there can be anything to say where these fields are written; ``None`` for a broken configuration."""
        return written is None or not (self.broken or (self.about and written.isdisjoint(self.about)))

    def applies(self, release: tuple[int, int]) -> bool:
        """Whether servers of that release behave as the rule says."""
        return (self.since is None or release >= self.since) and (self.until is None or release < self.until)


RULES: dict[str, Rule] = {}
"""The rules by name whose areas were loaded; all of them after ``load_rules``."""

BY_AREA: dict[str, list[Rule]] = {}
"""The rules of each area that was loaded."""


def rule(
    severity: Severity,
    *,
    since: str | None = None,
    until: str | None = None,
    scope: str = "model",
    broken: bool = False,
    about: tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register a generator function as a rule; its name with hyphens is the rule's name everywhere."""

    def register(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        assert name not in RULES, f"two rules of the name {name}"
        area = check.__module__.rpartition(".")[2]
        RULES[name] = Rule(
            name=name,
            severity=severity,
            check=check,
            area=area,
            broken=broken,
            about=about,
            scope=scope,
            since=parse_release(since) if since else None,
            until=parse_release(until) if until else None,
        )
        BY_AREA.setdefault(area, []).append(RULES[name])
        return check

    return register


def parse_release(text: str) -> tuple[int, int]:
    """A container release such as ``24.10`` as a pair that compares; raises ValueError for other text."""
    year, dot, month = text.partition(".")
    if not (dot and len(year) == len(month) == 2 and text.replace(".", "").isdecimal() and 1 <= int(month) <= 12):
        raise ValueError(f"{text!r} is no release")
    return int(year), int(month)


def area_rules(area: str) -> list[Rule]:
    """The rules of an area; the first call imports its module. Raises KeyError for no area."""
    if area not in BY_AREA:
        from importlib import import_module

        import_module(f"triton_kit.linter.rules.{area}")
    return BY_AREA[area]


def load_rules() -> dict[str, Rule]:
    """All rules in the order of their areas; the first call imports their modules."""
    found = {rule.name: rule for area in AREAS for rule in area_rules(area)}
    if list(found) != list(RULES):
        RULES.clear()
        RULES.update(found)
    return RULES
