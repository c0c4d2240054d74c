"""``tk fmt``: config.pbtxt in its canonical layout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.model_paths import default_path, model_paths, project_around
from triton_kit.cli.support.options import Format
from triton_kit.errors import TkError, UsageError, assert_never

if TYPE_CHECKING:
    from triton_kit.project.canonical_layout import Formatted


def fmt(
    paths: Annotated[
        list[str] | None,
        Argument(metavar="[PATH]...", help="Models by name or path, repositories, files; - is stdin. Default: here."),
    ] = None,
    check: Annotated[bool, Option("--check", help="Write nothing; exit 1 if a file would change.")] = False,
    diff: Annotated[bool, Option("--diff", help="Write nothing; show what would change.")] = False,
    format_: Format = "text",
) -> int:
    """Lay out config.pbtxt the canonical way: the same fields in the same order, every comment, one look.

    What was written on one line stays on it where it fits into 80 columns; what was spread stays spread. A file that
    cannot be read is named and left alone, which is exit code 1. What tk render wrote is left to tk render.
    """
    from triton_kit.project import canonical_layout

    given = paths or []
    if "-" in given:
        if len(given) > 1:
            raise UsageError("- is stdin, and does not go with other paths", hint="give - alone")
        if format_ == "json":
            raise UsageError("--format json prints no text to go on with", hint="leave it out with -")
        text = _stdin()
        return _filter(canonical_layout.format_text(text, "<stdin>"), check=check, diff=diff)
    project = project_around(given[0] if given else ".")
    named = model_paths(given, project) if given else [default_path(project)]
    results = list(canonical_layout.format_files(named))
    for result in results:
        if result.status == "changed" and not (check or diff):
            canonical_layout.write_formatted(result)
    if format_ == "json":
        terminal.out_json({"files": [_as_json(result) for result in results]})
    else:
        _show(results, check=check, diff=diff)
    return _exit_code(results, check=check)


def _stdin() -> str:
    from triton_kit.model import disk

    try:
        return disk.read_stream(sys.stdin.buffer).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise TkError(f"<stdin> cannot be read: {disk.reason(error)}", hint="give a configuration") from None


def _filter(result: Formatted, *, check: bool, diff: bool) -> int:
    """Stdin to stdout; what cannot be read comes out as it is, so that an editor loses nothing."""
    if result.status == "unreadable":
        _show_problem(result)
    if diff:
        _show_diff(result)
    elif check:
        if result.status == "changed":
            terminal.say("<stdin> would be formatted")
    else:
        sys.stdout.buffer.write(result.new.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    return _exit_code([result], check=check)


def _exit_code(results: list[Formatted], *, check: bool) -> int:
    bad = ("unreadable", "changed") if check else ("unreadable",)
    return 1 if any(result.status in bad for result in results) else 0


def _show(results: list[Formatted], *, check: bool, diff: bool) -> None:
    for result in results:
        match result.status:
            case "unreadable":
                _show_problem(result)
            case "rendered":
                terminal.detail(f"{result.path}: written by tk render, left alone")
            case "changed" if diff:
                _show_diff(result)
            case "changed":
                terminal.out(f"{result.path}: {'would be formatted' if check else 'formatted'}")
            case "unchanged":
                pass
            case _:
                assert_never(result.status)
    terminal.say(_summary(results, would=check or diff))


def _summary(results: list[Formatted], *, would: bool) -> str:
    words = {
        "changed": "would be formatted" if would else "formatted",
        "unchanged": "unchanged",
        "rendered": "rendered by tk",
        "unreadable": "cannot be read",
    }
    counts = [(sum(r.status == status for r in results), label) for status, label in words.items()]
    if not results:
        return "no config.pbtxt here"
    parts = [f"{count} {label}" for count, label in counts if count]
    files = "1 file" if len(results) == 1 else f"{len(results)} files"
    return f"{files}: {', '.join(parts)}"


def _show_problem(result: Formatted) -> None:
    problem = result.problem
    assert problem is not None
    place = f"{result.path}:{problem.span.line}:{problem.span.column}"
    terminal.error(f"{place}: {problem.message}", hint=problem.help)


def _show_diff(result: Formatted) -> None:
    from triton_kit.project import canonical_layout

    for line in canonical_layout.diff(result):
        terminal.out(terminal.diff_line(line))


def _as_json(result: Formatted) -> dict[str, object]:
    shown: dict[str, object] = {"file": result.path, "status": result.status}
    if result.problem:
        span = result.problem.span
        shown["problem"] = {"line": span.line, "column": span.column, "message": result.problem.message}
    return shown
