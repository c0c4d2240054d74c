"""``tk render``: config.pbtxt from model.yaml and its template."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format, Repository, Settings, ValuesFile
from triton_kit.cli.support.release import tell_newer


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
    if not (check or diff or dry_run):
        context.write_rendered(changed, force=force, lint_options=here.lint_options)
    if format_ == "json":
        terminal.out_json(context.rendered_as_json(rendered))
        return 1 if check and changed else 0
    for item in rendered:
        if dry_run:
            terminal.out(item.text.rstrip("\n") if len(rendered) == 1 else f"--- {item.path}\n{item.text}")
        elif item.changed and (check or diff):
            for line in context.diff(item):
                terminal.out(terminal.diff_line(line))
        else:
            terminal.out(f"{item.path}: {'written' if item.changed else 'unchanged'}")
    if check and changed:
        names = ", ".join(str(r.path) for r in changed)
        terminal.say(f"{names} would change; run: tk render")
        return 1
    return 0
