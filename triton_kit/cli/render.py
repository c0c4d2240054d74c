"""``tk render``: config.pbtxt from model.yaml and its template."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format, Repository, Settings, ValuesFile
from triton_kit.cli.support.release import tell_newer
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.linter.options import Options
    from triton_kit.project.render import Rendered


def render(
    models: Annotated[
        list[str] | None, Argument(metavar="[MODEL]...", help="Names or directories; all by default.")
    ] = None,
    settings: Settings = None,
    values: ValuesFile = None,
    env: Annotated[str | None, Option(metavar="NAME", help="Lay model.NAME.yaml over model.yaml.")] = None,
    check: Annotated[bool, Option("--check", help="Write nothing; exit 1 if a file would change.")] = False,
    diff: Annotated[bool, Option("--diff", help="Show what changes.")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Print the text, and write nothing.")] = False,
    force: Annotated[
        bool, Option("--force", help="Overwrite what was edited by hand, and what a server would refuse.")
    ] = False,
    repository: Repository = None,
    format_: Format = "text",
) -> int:
    """Write config.pbtxt from model.yaml: the template's text with its values, then the fields under config.

    What --set and --values say holds for this run alone; write it into model.yaml to keep it.
    """
    from triton_kit.project import context

    here = context.find_context()
    tell_newer(here.release, as_json=format_ == "json")
    rendered = context.render_models(here, repository, models or (), env, context.option_layers(values, settings or ()))
    if not rendered:
        terminal.say("no model has a model.yaml: there is nothing to render")
    changed = [r for r in rendered if r.changed]
    command = _command(models, settings, values, env, repository)
    if not (check or diff or dry_run):
        context.write_rendered(changed, force=force, lint_options=here.lint_options, command=command)
    if format_ == "json":
        terminal.out_json(context.rendered_as_json(rendered))
        return 1 if check and changed else 0
    if dry_run:
        for item in rendered:
            terminal.out(item.text.rstrip("\n") if len(rendered) == 1 else f"--- {item.path}\n{item.text}")
    elif rendered:
        _show(rendered, would=check or diff)
    return _tell_change(changed, here.lint_options, command) if check and changed else 0


def _command(
    models: Sequence[str] | None,
    settings: Sequence[str] | None,
    values: Path | None,
    env: str | None,
    repository: Path | None,
) -> str:
    """What to type for the same models and values, without what makes it write or not."""
    words = ["tk", "render", *(models or ())]
    for setting in settings or ():
        words += ["--set", setting]
    for option, value in (("--values", values), ("--env", env), ("--repository", repository)):
        if value is not None:
            words += [option, str(value)]
    return shlex.join(words)


def _tell_change(changed: Sequence[Rendered], lint_options: Options, command: str) -> int:
    """What to do about the files that would change; 1, for --check."""
    from triton_kit.project import context

    try:
        context.refuse_unwritable(changed, lint_options, command)
    except UsageError as error:
        terminal.warn(error.message, hint=error.hint)
    else:
        terminal.say(f"to write {'it' if len(changed) == 1 else 'them'}: {command}")
    return 1


def _show(rendered: Sequence[Rendered], *, would: bool) -> None:
    """What became of each config, or its change, and how many there are; the unchanged ones with --verbose."""
    from triton_kit.project import context

    for item in rendered:
        if not item.changed:
            terminal.detail(f"{item.path}: unchanged")
        elif would:
            for line in context.diff(item):
                terminal.out(terminal.diff_line(line))
        else:
            terminal.out(f"{item.path}: written")
    changed = sum(item.changed for item in rendered)
    counts = ((changed, "would change" if would else "written"), (len(rendered) - changed, "unchanged"))
    files = "1 file" if len(rendered) == 1 else f"{len(rendered)} files"
    terminal.say(f"{files}: {', '.join(f'{count} {word}' for count, word in counts if count)}")
