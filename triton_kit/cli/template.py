"""``tk template``: list, show or copy the templates for config.pbtxt."""

from __future__ import annotations

from typing import Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import spread
from triton_kit.cli.support.options import Format

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List, show or copy the templates."
)


@app.command("list")
@spread
def list_templates(
    format_: Format = "text",
) -> None:
    """List the templates; a project's own come before the built-in ones."""
    from triton_kit.project import context

    found = context.list_templates(context.find_context())
    if format_ == "json":
        terminal.out_json(context.templates_as_json(found))
        return
    width = max(len(t.name) for t in found)
    for item in found:
        note = terminal.style("  (the project's own)", "dim") if item.own else ""
        terminal.out(f"{item.name.ljust(width)}  {item.description}{note}".rstrip())


@app.command("show")
@spread
def show_template(
    name: Annotated[str, Argument(metavar="NAME", help="The name of a template.")],
) -> None:
    """Show what a template is for, the values it takes, and its files."""
    from triton_kit.project import context, templates

    item = context.find_context().templates.get(name)
    terminal.out(f"{terminal.style(item.name, 'bold')}: {item.description}" if item.description else item.name)
    if item.values:
        width = max(map(len, item.values))
        terminal.out("\nValues:")
        for key, value in item.values.items():
            default = "" if value.default in (None, [], "") else f" (default: {value.default})"
            terminal.out(f"  {key.ljust(width)}  {value.about}{default}")
    for path in item.files().values():
        terminal.out(f"\n{terminal.style(f'--- {path}', 'dim')}")
        terminal.out(templates.read_text(path, errors="backslashreplace").rstrip("\n"))


@app.command("copy")
@spread
def copy_template(
    name: Annotated[str, Argument(metavar="NAME", help="The name of a built-in template.")],
    to: Annotated[str | None, Option("--as", metavar="NAME", help="Copy it under another name.")] = None,
) -> None:
    """Copy a built-in template into the project, where it takes the place of the built-in one."""
    from triton_kit.project import context

    root = context.copy_template(context.find_context(), name, to or name)
    terminal.out(f"{root}/ is yours to edit")
