"""Make the generated parts of the documents: the README's command table, docs/commands.md.

Run it without options to write them, with ``--check`` to compare (exit code 1 and a diff when a file would change).
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(COLUMNS="100", NO_COLOR="1")

import typer  # noqa: E402

from triton_kit import cli  # noqa: E402

SCRIPT = Path(__file__).relative_to(ROOT).as_posix()


def main(arguments: list[str]) -> int:
    """Write or compare every generated part."""
    wanted = {
        ROOT / "README.md": fill_readme((ROOT / "README.md").read_text()),
        ROOT / "docs" / "commands.md": list_commands(),
    }
    changed = 0
    for path, text in wanted.items():
        before = path.read_text() if path.exists() else ""
        if before == text:
            continue
        changed += 1
        if "--check" in arguments:
            name = path.relative_to(ROOT).as_posix()
            sys.stdout.writelines(
                difflib.unified_diff(before.splitlines(True), text.splitlines(True), name, f"{name} from {SCRIPT}")
            )
        else:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
    if changed and "--check" in arguments:
        print(f"{changed} generated file(s) are out of date: run python {SCRIPT}", file=sys.stderr)
        return 1
    return 0


def fill_readme(text: str) -> str:
    """The README with its command table made anew."""
    rows = ["| command | what it does |", "|---|---|"]
    for name, entry in cli.COMMANDS.items():
        rows.append(f"| [`tk {name}`](docs/commands.md#tk-{name}) | {entry.summary} |")
    return replace_part(text, "commands", "\n".join(rows))


def replace_part(text: str, name: str, content: str) -> str:
    """The text with what stands between its two markers of that name replaced."""
    begin, end = f"<!-- {name}: made by {SCRIPT} -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"README.md lacks the markers {begin} ... {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def list_commands() -> str:
    """Every command with its help, as Markdown."""
    group = typer.main.get_command(cli._app())
    cli._add_common_options(group)
    parts = [f"<!-- made by {SCRIPT} from the commands themselves -->", "# Commands", ""]
    with group.make_context("tk", [], resilient_parsing=True) as context:
        for name in cli.COMMANDS:
            command = group.get_command(context, name)
            parts += describe(command, name, context, level=2)
    return "\n".join(parts).rstrip() + "\n"


def describe(command: object, name: str, parent: object, *, level: int) -> list[str]:
    """A command's help as a section, its sub-commands' sections below it."""
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:  # type: ignore[attr-defined]
        text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
        parts = [f"{'#' * level} {context.command_path}", "", "```text", text, "```", ""]
        for sub_name, sub in getattr(command, "commands", {}).items():
            parts += describe(sub, sub_name, context, level=level + 1)
    return parts


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
