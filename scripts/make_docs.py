"""Make the generated parts of the documents: the README's command table, docs/commands.md, rules.md, facts.md.

Run it without options to write them, with ``--check`` to compare (exit code 1 and a diff when a file would change).
"""

from __future__ import annotations

import csv
import difflib
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(COLUMNS="100", NO_COLOR="1")


from triton_kit import cli  # noqa: E402
from triton_kit.cli.support import typer_app  # noqa: E402
from triton_kit.linter.lookup import list_rules as list_pages  # noqa: E402
from triton_kit.linter.pages import Page  # noqa: E402

SCRIPT = Path(__file__).relative_to(ROOT).as_posix()
FACTS = ROOT / "tests" / "linter" / "data" / "facts.csv"

ABOUT_RULES = """\
What `tk validate` looks for. Each page is also shown by `tk explain RULE`, and found by what the server said:
`tk explain "must specify 'dims'"`. An **error** is refused by the server, a **warning** loads but not as intended.
The findings of the area [load](#load) are those of `tk validate --load`, which have names as rules have.

In the examples a line that begins with `--` begins another file, relative to the model's directory. In what the server
says, `…` stands for what differs from case to case.
"""

ABOUT_FACTS = """\
What is known about the verdicts of Triton, one name a fact: what is refused (error), what loads and surprises
(warning), and what only looks wrong (ok); with the phase of loading in which it shows. Each fact is covered by
[rules](rules.md), or by tests that nothing is said of it, or cannot be decided from files, for the reason given. *Open*
could be, and is not yet. The table is `tests/linter/data/facts.csv`; a test holds it to the rules and tests that exist.
Facts of the area OWN are our own.
"""


def main(arguments: list[str]) -> int:
    """Write or compare every generated part."""
    wanted = {
        ROOT / "README.md": fill_readme((ROOT / "README.md").read_text()),
        ROOT / "docs" / "commands.md": list_commands(),
        ROOT / "docs" / "rules.md": list_rules(),
        ROOT / "docs" / "facts.md": list_facts(),
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
    """The README with its command table made again."""
    rows = ["| command | what it does |", "|---|---|"]
    for name, entry in cli.COMMANDS.items():
        rows.append(f"| [`tk {name}`](docs/commands.md#tk-{name}) | {entry.summary} |")
    return replace_part(text, "commands", "\n".join(rows))


def replace_part(text: str, name: str, content: str) -> str:
    """The text with what is between its two markers of that name replaced."""
    begin, end = f"<!-- {name}: made by {SCRIPT} -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"README.md lacks the markers {begin} ... {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def list_commands() -> str:
    """Every command with its help, as Markdown."""
    group = typer_app.group()
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


def list_rules() -> str:
    """Every rule with its page, by area, after a table of them all."""
    pages = list_pages()
    areas = dict.fromkeys(one.area for one in pages)
    parts = [f"<!-- made by {SCRIPT} from the rules' docstrings -->", "# Rules", "", ABOUT_RULES]
    for area in areas:
        parts += [f"**[{area}](#{area})**", "", "| rule | severity | |", "|---|---|---|"]
        parts += [
            f"| [{p.name}](#{p.name}) | {p.severity} | {p.headline.rstrip('.')} |" for p in pages if p.area == area
        ]
        parts.append("")
    for area in areas:
        parts += [f"## {area}", ""]
        for one in pages:
            if one.area == area:
                parts += describe_rule(one)
    return "\n".join(parts).rstrip() + "\n"


def describe_rule(one: Page) -> list[str]:
    """A rule's page as a section."""
    about = ", ".join(filter(None, (one.severity, one.releases)))
    parts = [f"### {one.name}", "", f"*{about}*. {one.headline}", ""]
    for paragraph in one.reason:
        parts += [paragraph, ""]
    if one.backends:
        parts += [f"Backend: {', '.join(f'`{name}`' for name in one.backends)}", ""]
    blocks = (("The server says", "\n".join(one.messages)), ("Bad", one.bad), ("Good", one.good))
    for title, text in blocks:
        if text:
            parts += [f"{title}:", "", "```text", text, "```", ""]
    if one.sources:
        parts += [f"Source: {'; '.join(one.sources)}", ""]
    return parts


def list_facts() -> str:
    """Which rule or test covers which fact, by area, after a table of how many."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        facts = list(csv.DictReader(file))
    areas = dict.fromkeys(fact["area"] for fact in facts)
    parts = [f"<!-- made by {SCRIPT} from {FACTS.relative_to(ROOT).as_posix()} -->", "# Facts", "", ABOUT_FACTS]
    parts += [
        "| area | facts | by rules | by tests | not from files | open, at least in part |",
        "|---|---|---|---|---|---|",
    ]
    for area in areas:
        counted = [kind_of(fact) for fact in facts if fact["area"] == area]
        row = [counted.count(kind) for kind in ("rules", "tests", "no", "open")]
        parts.append(f"| [{area}](#{area.lower()}) | {len(counted)} | {' | '.join(map(str, row))} |")
    for area in areas:
        parts += ["", f"## {area}", "", "| fact | severity | phase | covered by |", "|---|---|---|---|"]
        parts += [
            f"| {f['fact']} | {f['severity']} | {f['phase']} | {cover_of(f)} |" for f in facts if f["area"] == area
        ]
    return "\n".join(parts) + "\n"


def kind_of(fact: dict[str, str]) -> str:
    """How a fact is covered."""
    if fact["instead"].startswith("open"):
        return "open"
    return "rules" if fact["rules"] else "tests" if fact["tests"] else "no"


def cover_of(fact: dict[str, str]) -> str:
    """What covers a fact, with links to the rules."""
    rules = [f"[{name}](rules.md#{name})" for name in fact["rules"].split()]
    tests = [f"`{name}`" for name in fact["tests"].split()]
    return "; ".join(filter(None, [", ".join(rules), ", ".join(tests), fact["instead"]]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
