"""What a rule is: a generator of problems with a name, a severity and a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import Any, NamedTuple

from triton_kit.linter.areas import AREA_OF, AREAS
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.repository.release_name import parse_release

_PACKAGE = "triton_kit.linter.rules."

Check = Callable[[Any], Iterator[Problem]]
"""A rule's function: takes the checked model or, in the scope ``repository``, the checked repository."""


class Rule(NamedTuple):
    """One thing that can be wrong.

    ``name`` is the function's with hyphens; ``doc`` its page: a headline, why (with the source upstream), and the
    blocks ``Bad:`` and ``Good:``. ``since`` and ``until`` bound the releases that behave so (``until`` exclusive).
    ``area`` is that of the module; ``scope`` says whether the check takes a model, the repository, or the
    ``suppressions`` that silence nothing. ``broken`` rules have something to say of broken configurations only;
    those with ``about`` only where one of these fields is written, as for a whole Area. A rule with ``backends`` or
    ``platforms`` is about models that have one of them after the server's completion, and about no other.
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
    backends: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """The rule's page, as written in its docstring."""
        return self.check.__doc__ or ""

    def may_speak(self, written: Set[str] | None) -> bool:
        """Whether there can be anything to say where these fields are written; ``None`` for a broken configuration."""
        return written is None or not (self.broken or (self.about and written.isdisjoint(self.about)))

    def concerns(self, names: tuple[str, str] | None) -> bool:
        """Whether it is about models of this backend and platform; ``None`` is one that does not show them."""
        if not (self.backends or self.platforms):
            return True
        return names is not None and (names[0] in self.backends or names[1] in self.platforms)

    def applies(self, release: tuple[int, int]) -> bool:
        """Whether servers of that release behave as the rule says."""
        return (self.since is None or release >= self.since) and (self.until is None or release < self.until)


RULES: dict[str, Rule] = {}
"""The rules by name whose areas were loaded; all of them after ``load_rules``."""

BY_AREA: dict[str, list[Rule]] = {}
"""The rules of each area that was loaded."""

_BY_MODULE: dict[str, list[Rule]] = {}


def rule(
    severity: Severity,
    *,
    since: str | None = None,
    until: str | None = None,
    scope: str = "model",
    broken: bool = False,
    about: tuple[str, ...] = (),
    backend: str | tuple[str, ...] = (),
    platform: str | tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register a generator function as a rule; its name with hyphens is the rule's name everywhere.

    The engine asks a rule with ``backend`` or ``platform`` about models with one of these after the server's completion
    only, so that its body need not look.
    """

    def register(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        assert name not in RULES, f"two rules of the name {name}"
        module = check.__module__.removeprefix(_PACKAGE)
        RULES[name] = Rule(
            name=name,
            severity=severity,
            check=check,
            area=AREA_OF[module],
            broken=broken,
            about=about,
            backends=(backend,) if isinstance(backend, str) else backend,
            platforms=(platform,) if isinstance(platform, str) else platform,
            scope=scope,
            since=parse_release(since) if since else None,
            until=parse_release(until) if until else None,
        )
        _BY_MODULE.setdefault(module, []).append(RULES[name])
        return check

    return register


def area_rules(area: str) -> list[Rule]:
    """The rules of an area; the first call imports its modules. Raises KeyError for no area."""
    if area not in BY_AREA:
        from importlib import import_module

        modules = AREAS[area].modules
        for module in modules:
            import_module(_PACKAGE + module)
        BY_AREA[area] = [rule for module in modules for rule in _BY_MODULE[module]]
    return BY_AREA[area]


def load_rules() -> dict[str, Rule]:
    """All rules in the order of their areas; the first call imports their modules."""
    found = {rule.name: rule for area in AREAS for rule in area_rules(area)}
    if list(found) != list(RULES):
        RULES.clear()
        RULES.update(found)
    return RULES
