"""``tk rules``: what tk validate looks for."""

from __future__ import annotations

import shutil
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.options import Format

if TYPE_CHECKING:
    from triton_kit.linter.pages import Page


class Level(str, Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def rules(
    area: Annotated[str | None, Option(metavar="AREA", help="Rules of this area only.")] = None,
    severity: Annotated[Level | None, Option(help="Rules of this severity only.")] = None,
    search: Annotated[str | None, Option(metavar="TEXT", help="Rules about something: all words count.")] = None,
    format_: Format = "text",
) -> int:
    """List the rules of tk validate by area. tk explain RULE shows the page of one."""
    from triton_kit.linter.lookup import list_rules
    from triton_kit.linter.renamed import how_called_now, is_former

    if area is not None and is_former(area):
        terminal.warn(how_called_now(area))
    pages = list_rules(area, severity.value if severity else None, search)
    if format_ == "json":
        shown = ("name", "severity", "area", "headline", "backends")
        listed = [{field: getattr(page, field) for field in shown} for page in pages]
        terminal.out_json({"rules": listed})
        return 0
    if not pages:
        terminal.say("no rule matches")
        return 0
    terminal.out("\n".join(show_rules(pages)))
    return 0


def show_rules(pages: list[Page]) -> list[str]:
    """A section for each area, a line for each rule; on a terminal the summary is cut where the line ends."""
    columns = shutil.get_terminal_size((0, 0)).columns
    lines: list[str] = []
    for area in dict.fromkeys(page.area for page in pages):
        lines += [*([""] if lines else []), terminal.style(area, "bold")]
        within = [page for page in pages if page.area == area]
        width = max(len(page.name) for page in within)
        for page in within:
            severity = terminal.style(page.severity.ljust(7), page.severity)
            summary = page.headline.rstrip(".")
            room = max(columns - width - 13, 12)
            if columns and len(summary) > room:
                summary = summary[: room - 1].rpartition(" ")[0].rstrip(",;:") + "…"
            lines.append(f"  {page.name.ljust(width)}  {severity}  {summary}")
    return lines
