"""Which rules are asked of a model, in a release."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from triton_kit.linter.areas import AREAS
from triton_kit.linter.rule import Rule, area_rules
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model


class RuleSet:
    """The rules that apply to a release; the modules of an area are imported when a model first concerns it."""

    def __init__(self, release: tuple[int, int]) -> None:
        self._release = release
        self._asked: dict[object, list[Rule]] = {}
        self._decisive = {field for area in AREAS.values() for field in area.about}

    def of(self, scope: str, areas: Iterable[str]) -> list[Rule]:
        """The rules of some areas, in a scope."""
        rules = (rule for area in areas for rule in area_rules(area))
        return [rule for rule in rules if rule.scope == scope and rule.applies(self._release)]

    def about(self, model: Model) -> list[Rule]:
        """The rules that can have something to say about a model; of a template, that it is one, and no more."""
        written = model.written()
        if written is None and model.placeholders:
            return [rule for rule in self.of("model", ("texts",)) if rule.name == "unrendered-template"]
        names: tuple[str, str] | None = None
        with suppress(Broken):
            names = (model.backend, model.platform)
        asked = self._asked.get((self._deciding(written), names))
        if asked is None:
            rules = self.of("model", (area for area, when in AREAS.items() if when.may_speak(written, names)))
            asked = [rule for rule in rules if rule.may_speak(written) and rule.concerns(names)]
            for rule in rules:
                self._decisive.update(rule.about)
            self._asked[self._deciding(written), names] = asked
        return asked

    def _deciding(self, written: frozenset[str] | None) -> frozenset[str] | None:
        """Those of the written fields that decide which rules are asked, as far as their modules are loaded."""
        return written and written.intersection(self._decisive)
