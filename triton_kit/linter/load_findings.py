"""What ``tk validate --load`` reports of a server's verdict: findings with names and pages, as rules have them."""

from __future__ import annotations

from collections.abc import Mapping

from triton_kit.linter.pages import Page

AREA = "load"
"""Their area: it is selected and ignored as the areas of rules are."""

REFUSED = "load-refused"
CRASHED = "load-crashed"
HUNG = "load-hung"
ACCEPTED = "load-accepted"
UNJUDGED = "load-unjudged"


def _page(name: str, severity: str, headline: str, *reason: str) -> Page:
    return Page(
        name=name,
        severity=severity,
        area=AREA,
        releases="",
        headline=headline,
        reason=reason,
        sources=(),
        messages=(),
        bad="",
        good="",
    )


PAGES: Mapping[str, Page] = {
    page.name: page
    for page in (
        _page(
            REFUSED,
            "error",
            "The server that tk started does not load the model.",
            "The finding has the server's words, and their cause and remedy where tk knows them. Its place is the line "
            "of the model's Python that fails, the tensor or field that the server names, or else the head of the "
            "configuration. An ensemble is refused with the model that its step names.",
            "Where a rule finds the same mistake in the files, there is no such finding: the server's words are below "
            "that of the rule.",
        ),
        _page(
            CRASHED,
            "error",
            "The server that tk started ended as it loaded the model.",
            "In production every other model of the server would end with it. The finding says by which signal or with "
            "which exit code it ended, and its last words. A crash is put down to a model only where the server ended "
            "as it loaded that model alone, and never to one that was merely loaded at the same time.",
        ),
        _page(
            HUNG,
            "error",
            "The server that tk started did not load the model in time.",
            "A model that waits in its initialize, for a service that does not answer or for itself, keeps a server "
            "from being ready. --timeout says how many seconds each model gets, 120 by default: raise it for a model "
            "that takes longer to load, such as one that fetches its weights.",
        ),
        _page(
            ACCEPTED,
            "warning",
            "The server that tk started loads a model in which tk validate finds errors.",
            "Either the server is of another release than tk judges for, which --release and --runtime say, or tk is "
            "wrong, which is worth a report: --bundle FILE writes what such a report needs.",
        ),
        _page(
            UNJUDGED,
            "note",
            "The server that tk started cannot judge the model.",
            "It lacks what the model needs: the embedded server has few backends, and its machine may have no GPU. "
            "What tk finds in the files is reported all the same. --runtime docker takes a server with all backends "
            "of the release's image.",
        ),
    )
}
"""The page of each, by its name."""
