"""``tk versions``: which versions a model has, and safe moves between them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from triton_kit.cli.support import terminal
from triton_kit.cli.support.add_options import TransferOptions
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import spread
from triton_kit.cli.support.options import Format, Model, Repository
from triton_kit.cli.support.runtime_options import LoadTimeout, TrialOptions
from triton_kit.cli.support.server_options import NoUrl, OptionalServerOptions, ServerName
from triton_kit.cli.support.table import table
from triton_kit.cli.support.version_options import find, say_versions
from triton_kit.cli.version_diff import diff
from triton_kit.cli.version_list import list_versions
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from typer._click.core import Command, Context

    from triton_kit.project.context import ProjectContext
    from triton_kit.versions.gate import TestedPromotion
    from triton_kit.versions.golden_run import CaseResult
    from triton_kit.versions.model_folder import ModelFolder
    from triton_kit.versions.policy_change import PolicyChange


class ListedByDefault(TyperGroup):
    """``tk versions MODEL`` stands for ``tk versions list MODEL``, and so does no MODEL at all."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """The arguments, those of ``list`` where no sub-command is named."""
        if not args or (args[0].startswith("-") and not set(ctx.help_option_names) & set(args)):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The sub-command that is named, or ``list`` with all arguments."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["list", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    cls=ListedByDefault,
    help="List the versions of a model, or of all, and move between them. MODEL alone lists them.",
)


app.command("list")(list_versions)


@app.command("add")
@spread
def add_version(
    model: Model,
    source: Annotated[Path, Argument(metavar="FILE", help="The model's file or directory.")],
    *,
    transfer: TransferOptions,
    allow: Annotated[
        bool, Option("--allow-signature-change", help="Take a file whose tensors differ from the served ones.")
    ] = False,
    repository: Repository = None,
    format_: Format = "text",
) -> None:
    """Add the next version from a file; it is served at once only where the policy says so."""
    from triton_kit.versions import addition

    mode = transfer.mode()
    here, folder = find(model, repository, as_json=format_ == "json")
    added = addition.add_version(here, folder, source, mode, allow_signature_change=allow)
    if format_ == "json":
        terminal.out_json(addition.as_json(folder, added))
        return
    terminal.out(f"{added.path}/ is added")
    for change in added.changes:
        terminal.out(f"  {change}")
    if added.compared is not None and not added.changes:
        terminal.out(f"  the same signature as version {added.compared}")
    served = added.number in added.after.served
    terminal.say(
        f"the policy serves {say_versions(added.after.served)}" + ("" if served else "; to serve the new one:")
    )
    if not served:
        terminal.say(f"  tk versions promote {shlex.quote(str(folder.path))} {added.number}")


@app.command("promote")
@spread
def promote(
    model: Model,
    version: Annotated[str, Argument(metavar="VERSION", help="The version to serve.")],
    test: Annotated[
        bool, Option("--test", help="Only if it passes its golden cases, on a server that is started for them.")
    ] = False,
    *,
    server: OptionalServerOptions,
    trial: TrialOptions,
    timeout: LoadTimeout = 120.0,
    repository: Repository = None,
    format_: Format = "text",
) -> None:
    """Serve one version, and no other.

    With --test its golden cases decide, see tk test. On a running server (--url, --server) the version is loaded first,
    and what was served before comes back where a case fails.
    """
    from triton_kit.versions import moves
    from triton_kit.versions.model_folder import read_number

    here, folder = find(model, repository, as_json=format_ == "json")
    number = read_number(version)
    if not test:
        if server.named:
            raise UsageError(f"{'--url' if server.url else '--server'} goes with --test", hint="add --test")
        _show(moves.promote(here, folder, number), format_ == "json")
        return
    tested = _promoted(here, folder, number, server, trial, timeout)
    if format_ == "text":
        terminal.out(f"{len(tested.outcomes)} case{'' if len(tested.outcomes) == 1 else 's'} passed")
    _show(tested.changed, format_ == "json", tested.outcomes)


def _promoted(
    here: ProjectContext,
    folder: ModelFolder,
    version: int,
    server: OptionalServerOptions,
    options: TrialOptions,
    seconds: float,
) -> TestedPromotion:
    """The promotion with its test, on the server that is named or on one of its own."""
    from triton_kit.cli.support.model_control import source_of
    from triton_kit.cli.support.serve_settings import trial_request
    from triton_kit.serve.source import ANSWER
    from triton_kit.versions.gate import promote_on, promote_on_trial
    from triton_kit.versions.trial_server import Trial

    if not server.named:
        terminal.say(f"starting a server for version {version} of {folder.name}")
        return promote_on_trial(here, folder, version, Trial(request=trial_request(options), timeout=seconds))
    where = server.place([folder.name])
    source = source_of(where, folder.repository)
    with server.connect(where, timeout=max(min(seconds, 60.0), ANSWER)) as client:
        return promote_on(here, folder, version, client, config=lambda: source.config(folder.name), timeout=seconds)


@app.command("pin")
@spread
def pin(
    model: Model,
    versions: Annotated[list[str], Argument(metavar="VERSION...", help="The versions to serve.")],
    repository: Repository = None,
    format_: Format = "text",
) -> None:
    """Serve just these versions."""
    from triton_kit.versions import moves
    from triton_kit.versions.model_folder import read_number

    here, folder = find(model, repository, as_json=format_ == "json")
    _show(moves.pin(here, folder, [read_number(v) for v in versions]), format_ == "json")


@app.command("rollback")
@spread
def rollback(model: Model, repository: Repository = None, format_: Format = "text") -> None:
    """Serve what was served before, as the model's log tells it."""
    from triton_kit.versions import moves

    here, folder = find(model, repository, as_json=format_ == "json")
    _show(moves.rollback(here, folder), format_ == "json")


def _show(changed: PolicyChange, json: bool, outcomes: Sequence[CaseResult] | None = None) -> None:
    """What a move did."""
    from triton_kit.versions.golden_report import cases_json
    from triton_kit.versions.policy_change import as_json

    if json:
        terminal.out_json({**as_json(changed), "cases": None if outcomes is None else cases_json(outcomes)})
        return
    before, after = changed.before, changed.after
    if not changed.files:
        terminal.out(f"{changed.folder.name} serves {say_versions(after.served)} already")
        return
    terminal.out(
        f"{changed.folder.name} serves {say_versions(after.served)} now; before, {say_versions(before.served)}"
    )
    terminal.say(f"  {', '.join(map(str, changed.files))} written; policy: {after.policy}")


@app.command("prune")
@spread
def prune(
    model: Model,
    keep: Annotated[int, Option(min=1, metavar="N", help="How many of the newest versions stay.")] = 3,
    dry_run: Annotated[bool, Option("--dry-run", help="Show what would go, and remove nothing.")] = False,
    force: Annotated[bool, Option("--force", help="Remove versions that are served, loaded or needed, too.")] = False,
    repository: Repository = None,
    url: NoUrl = "",
    server: ServerName = None,
    format_: Format = "text",
) -> None:
    """Remove old versions, but none that the policy serves, a server has loaded, or an ensemble asks for."""
    from triton_kit.versions import removal
    from triton_kit.versions.loaded_versions import find_named_server, loaded_versions

    here, folder = find(model, repository, as_json=format_ == "json")
    loaded = loaded_versions(folder, find_named_server(url, server))
    found = removal.prune(here, folder, keep, loaded=loaded, force=force, dry_run=dry_run)
    if format_ == "json":
        terminal.out_json(removal.as_json(folder, found, dry_run))
        return
    verb = "would be removed" if dry_run else "removed" if found.gone else "is removed"
    terminal.out(f"{folder.name}: {say_versions(found.gone)} {verb}")
    for number, reasons in found.kept.items():
        terminal.out(f"  version {number} stays: {'; '.join(reasons)}")


app.command("diff")(diff)


@app.command("log")
@spread
def show_log(model: Model, repository: Repository = None, format_: Format = "text") -> None:
    """Show what was done to the versions, oldest first."""
    from triton_kit.versions.log import as_json, read_log

    _, folder = find(model, repository, as_json=format_ == "json")
    entries = read_log(folder.path)
    if format_ == "json":
        terminal.out_json({"model": folder.name, "entries": [as_json(one) for one in entries]})
        return
    if not entries:
        terminal.say(f"nothing was done to the versions of {folder.name} yet")
        return
    rows = [
        (
            one.time.replace("T", " ").removesuffix("Z"),
            one.action,
            ", ".join(map(str, one.versions)),
            ", ".join(map(str, one.before.served)) or "none",
            ", ".join(map(str, one.after.served)) or "none",
            one.note if one.done else "cut short",
        )
        for one in entries
    ]
    for line in table(("time (UTC)", "step", "versions", "served before", "after", "note"), rows):
        terminal.out(line)
