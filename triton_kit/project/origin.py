"""Where what the linter finds is to be changed: in the file that a configuration is rendered from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Report


def where_it_is_made(report: Report) -> Report:
    """The report with findings about a rendered configuration in its model.yaml."""
    if not any(text.startswith("# Rendered by tk ") for text in report.sources.values()):
        return report
    from triton_kit.project.rendered_findings import at_their_source

    return at_their_source(report)
