"""What a user means who asks for a rule: its name, a name like it, or something the server said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from triton_kit.errors import UsageError
from triton_kit.linter import load_findings, renamed
from triton_kit.linter.areas import AREAS
from triton_kit.linter.pages import Match, Page, page, search_messages, search_text
from triton_kit.linter.rule import load_rules
from triton_kit.suggestion import nearest, suggest

LIST = "tk rules lists all of them, tk rules --search TEXT those about something"

_AREAS = (*AREAS, load_findings.AREA)


class Answer(NamedTuple):
    """The pages that were named, or those that a message led to, the closest first.

    ``renamed`` says of each former name what it is called now.
    """

    pages: list[Page]
    matches: list[Match]
    renamed: tuple[str, ...] = ()


def look_up(words: Sequence[str]) -> Answer:
    """The pages of the rules of those names; a text that is not a name is taken for a message of the server.

    Raises UsageError where nothing is asked for, and where nothing is found.
    """
    if not words:
        raise UsageError("no rule is named", hint=f"name one, or quote what the server said; {LIST}")
    pages = _pages()
    written = [_as_name(word) for word in words]
    names = [renamed.current_rule(name) for name in written]
    if all(name in pages for name in names):
        former = tuple(renamed.how_called_now(name) for name in dict.fromkeys(written) if renamed.is_former(name))
        return Answer([pages[name] for name in dict.fromkeys(names)], [], former)
    if len(names) == 1 and (names[0] in _AREAS or names[0] in renamed.AREAS):
        raise UsageError(f"{words[0]} is an area, not a rule", hint=f"tk rules --area {names[0]} lists its rules")
    # Without quotes a message comes as many words.
    asked = " ".join(words)
    if len(words) > 1 and any(name in pages for name in names):
        asked = next(word for word, name in zip(words, names, strict=True) if name not in pages)
    matches = search_messages(asked, pages.values())
    if len(asked.split()) == 1 and (near := _near(asked)):
        matches = [m for m in matches if _as_name(asked) in m.message]
        if not matches:
            raise UsageError(f"{asked} is not a rule", hint=f"did you mean {near}?")
    if not matches:
        shown = asked if len(asked) <= 60 else asked[:57] + "..."
        raise UsageError(f"no rule is called {shown!r}, and none quotes such a message of the server", hint=LIST)
    return Answer([], matches)


def _as_name(word: str) -> str:
    """A word as rules are named: the brackets of a finding and the underscores of Python do not matter."""
    return word.strip("[]").lower().replace("_", "-")


def _near(word: str) -> str | None:
    return nearest(_as_name(word), _pages(), cutoff=0.7)


def _pages() -> dict[str, Page]:
    """All pages by name: those of the rules, then those of what only a server says."""
    return {**{name: page(rule) for name, rule in load_rules().items()}, **load_findings.PAGES}


def list_rules(area: str | None = None, severity: str | None = None, text: str | None = None) -> list[Page]:
    """The pages of all rules, or of those of an area, of a severity, with all words of a text; in the rules' order.

    The beginning of an area's name stands for every area that begins so, a former name for what it held. Raises
    UsageError where no area begins so.
    """
    if area is None or area in renamed.AREAS:
        asked = _AREAS if area is None else renamed.AREAS[area]
    else:
        asked = tuple(name for name in _AREAS if name.startswith(area))
    if not asked:
        hint = suggest(str(area), _AREAS, otherwise=f"the areas are {', '.join(_AREAS)}")
        raise UsageError(f"{area} is not an area", hint=hint)
    pages = [one for one in _pages().values() if one.area in asked or one.name in asked]
    pages = [one for one in pages if severity in (None, one.severity)]
    return pages if text is None else search_text(text, pages)
