"""``tk versions list``: the versions of a model, or of every model of the repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument
from triton_kit.cli.support.option_groups import spread
from triton_kit.cli.support.options import Format, Repository
from triton_kit.cli.support.server_options import NoUrl, ServerName
from triton_kit.cli.support.table import table
from triton_kit.cli.support.version_options import find, say_versions
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.versions.overview import Overview

OptionalModel = Annotated[
    str | None, Argument(metavar="[MODEL]", help="The model's name, or its directory; all models by default.")
]


@spread
def list_versions(
    model: OptionalModel = None,
    repository: Repository = None,
    url: NoUrl = "",
    server: ServerName = None,
    format_: Format = "text",
) -> None:
    """List the versions: sizes, dates, signatures, which the policy serves, which servers have loaded.

    Without MODEL each model of the repository is in the list, with its versions and its policy.
    """
    if model is None:
        if url or server:
            option = "--url" if url else "--server"
            raise UsageError(f"{option} goes with a model", hint=f"name the model, or leave out {option}")
        _list_models(repository, json=format_ == "json")
        return
    from triton_kit.versions.loaded_versions import find_named_server, loaded_versions
    from triton_kit.versions.overview import as_json, overview

    _, folder = find(model, repository, as_json=format_ == "json")
    found = overview(folder, loaded_versions(folder, find_named_server(url, server)))
    if format_ == "json":
        terminal.out_json(as_json(found))
        return
    _show(found)


def _show(found: Overview) -> None:
    """The versions of one model."""
    from triton_kit.repository.size import show_size

    folder = found.folder
    terminal.out(f"{terminal.style(folder.name, 'bold')}  policy: {found.state.policy}")
    if not found.rows:
        terminal.out("no versions")
    rows = [
        (
            str(row.number),
            "served" if row.served else "",
            show_size(row.size),
            f"{row.changed.astimezone():%Y-%m-%d %H:%M}" if row.changed else "no directory",
            str(row.opset or ""),
            row.signature,
            ", ".join(row.loaded),
        )
        for row in found.rows
    ]
    head = ("version", "", "size", "changed", "opset", "signature", "loaded on")
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    right = [n for n, i in enumerate(used) if i in (0, 2, 4)]
    for line in table([head[i] for i in used], [[row[i] for i in used] for row in rows], right=right) if rows else ():
        terminal.out(line)
    missing = [n for n in found.state.policy.numbers if n not in found.state.served]
    if found.state.policy.kind == "specific" and missing:
        terminal.warn(f"the policy names {say_versions(tuple(missing))}, which has no directory")
    for name in found.ignored:
        terminal.warn(f"the directory {name} is not a plain number", hint="rename it; see tk validate")


def _list_models(repository: Path | None, *, json: bool) -> None:
    """The versions of every model, a line for each."""
    from triton_kit.cli.support.release import tell_newer
    from triton_kit.project import context
    from triton_kit.versions.models_overview import as_json, models_overview

    here = context.find_context()
    tell_newer(here.release, as_json=json)
    found = models_overview(here, context.find_repository(here, repository))
    if json:
        terminal.out_json(as_json(found))
        return
    if not found:
        terminal.say("there are no models")
        return
    rows = [
        (
            one.folder.name,
            _some(one.versions) or "none",
            _some(one.state.served) or "none" if one.state else "",
            str(one.state.policy) if one.state else "cannot be read",
        )
        for one in found
    ]
    for line in table(("model", "versions", "served", "policy"), rows):
        terminal.out(line)
    for one in found:
        if one.problem is not None:
            terminal.warn(one.problem.message, hint=one.problem.hint)


_SHOWN = 5
"""So many versions are named in a line of the overview, the newest ones."""


def _some(numbers: tuple[int, ...]) -> str:
    more = "..., " if len(numbers) > _SHOWN else ""
    return more + ", ".join(map(str, numbers[-_SHOWN:]))
