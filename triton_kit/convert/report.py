"""What became of a foreign model: what was carried over, what changed its meaning, what stayed behind, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from triton_kit.errors import TkError
from triton_kit.files.plan import Plan
from triton_kit.linter.report.text import hanging, printable, width


class Treatment(str, Enum):
    """What became of a part: the same as before, something near, or nothing."""

    CARRIED = "carried over"
    CHANGED = "changed"
    LEFT = "left behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A part of the foreign model: ``what`` it was, and ``said``: what it is now, or why it is not."""

    fate: Treatment
    what: str
    said: str


def carried(what: str, said: str) -> Item:
    """A part that is the same as before."""
    return Item(fate=Treatment.CARRIED, what=what, said=said)


def changed(what: str, said: str) -> Item:
    """A part in whose place is something near."""
    return Item(fate=Treatment.CHANGED, what=what, said=said)


def left(what: str, said: str) -> Item:
    """A part that is nowhere."""
    return Item(fate=Treatment.LEFT, what=what, said=said)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedModel:
    """A foreign model: the plan for its folder, ``None`` where it cannot be served, and what became of its parts."""

    name: str
    source: str
    plan: Plan | None
    items: tuple[Item, ...]


def failed(one: ImportedModel, error: TkError) -> ImportedModel:
    """A model that cannot be imported after all, with the reason among its items."""
    said = " ".join(f"{error.message}{f': {error.hint}' if error.hint else ''}".split())
    return replace(one, plan=None, items=(*one.items, left("the model", said)))


def show(imported: Sequence[ImportedModel], *, written: bool, columns: int | None = None) -> str:
    """The report as text of so many columns, without a line break at its end."""
    return "\n\n".join("\n".join(_lines(one, written, columns)) for one in imported)


def _lines(one: ImportedModel, written: bool, columns: int | None) -> list[str]:
    if one.plan is None:
        lines = [f"{one.name} cannot be imported from {one.source}"]
    else:
        verb = "is imported" if written else "would be imported"
        lines = [f"{one.plan.root}/ {verb} from {one.source}"]
    for fate in Treatment:
        items = [item for item in one.items if item.fate is fate]
        if items:
            lines.append(f"  {fate.value}")
        wide = max((width(printable(item.what)) for item in items), default=0)
        for item in items:
            what = printable(item.what)
            line = f"    {what}{' ' * (wide - width(what))}  {printable(item.said)}"
            lines += hanging(line, " " * (wide + 6), columns)
    return lines


def as_json(imported: Sequence[ImportedModel], *, written: bool) -> dict[str, object]:
    """The report for scripts."""
    return {"written": written, "models": [_model(one) for one in imported]}


def _model(one: ImportedModel) -> dict[str, object]:
    items = [
        {"fate": item.fate.value, "what": printable(item.what), "said": printable(item.said)} for item in one.items
    ]
    return {
        "name": one.name,
        "source": one.source,
        "root": str(one.plan.root) if one.plan else None,
        "files": [file.path for file in one.plan.files] if one.plan else [],
        "items": items,
        "next": list(one.plan.next_steps) if one.plan else [],
    }
