"""``tk explain --log``: what went wrong by a server's log, where, and what mends it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.log.meaning import friendly
from triton_kit.runtime.log.messages import Known, Message, Table, known_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from triton_kit.linter.diagnostic import Diagnostic
    from triton_kit.linter.pages import Page
    from triton_kit.runtime.log.digest import Digest, Reader, Trouble

STDIN = "-"

SHOWN = 160
"""Characters of a line of the log that are shown."""

_TITLES = {"consequence": "follows from that:", "harmless": "harmless:"}

Findings = dict[int, list["Diagnostic"]]
"""What the linter says of the models of a trouble, by the trouble's place in the list."""


def explain_log(name: str, *, repository: Path | None, as_json: bool) -> int:
    """Show what went wrong by the log in that file, or on stdin: 1 where something did, else 0.

    Raises UsageError where the file or the repository is not there, TkError where it cannot be read.
    """
    from triton_kit.runtime.log.digest import digest

    where, release = _repository(repository)
    with _open(name) as file:
        found = digest(file, table_with_rules())
    findings = _findings(found.troubles, where, release)
    if as_json:
        terminal.out_json(_as_json(name, found, findings))
    else:
        terminal.out("\n".join(_show(name, found, findings, where)))
    return 0 if found.ok else 1


def table_with_rules() -> Table:
    """All that is known, and the messages that the pages of rules quote."""
    from triton_kit.linter.pages import page
    from triton_kit.linter.rule import load_rules

    return Table([*known_texts(), *(_entry(one) for rule in load_rules().values() if (one := page(rule)).messages)])


def _entry(page: Page) -> Known:
    return Known(
        area=page.area,
        messages=tuple(Message.read(message) for message in page.messages),
        cause=_as_clause(page.headline),
        help="correct it: the rule's page shows how it looks right",
        rule=page.name,
    )


def _as_clause(sentence: str) -> str:
    """A sentence as our messages are written: no capital but a name's, no final dot."""
    first = sentence.partition(" ")[0]
    small = (first[1:].islower() and first not in ("Python", "Triton")) or first in ("A", "An")
    return (sentence[0].lower() + sentence[1:] if small else sentence).rstrip(".")


class Meanings:
    """What the lines of a running server's log mean: each trouble at its first line, and never again."""

    def __init__(self) -> None:
        self._reader: Reader | None = None
        self._number = 0

    def of(self, line: str) -> list[str]:
        """The cause and what to do, where this line is the first to tell of a known trouble."""
        from triton_kit.runtime.log.digest import Reader

        self._number += 1
        if self._reader is None:
            self._reader = Reader(table_with_rules())
        told = self._reader.take(line, self._number)
        return [f"= {told.cause}", f"= help: {told.help}"] if told and told.severity in ("error", "warning") else []


@contextmanager
def _open(name: str) -> Iterator[IO[bytes]]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"{name} is no file", hint="give the file of the log, or - for stdin") from error
    except OSError as error:
        raise TkError(f"{name} cannot be read: {error.strerror}") from error


def _repository(given: Path | None) -> tuple[Path | None, str | None]:
    """The repository whose models the log is about, where that is known, and the release that serves it."""
    from triton_kit.project.settings import find

    if given is not None and not given.is_dir():
        raise UsageError(f"{given} is not a directory", hint="give the model repository")
    project = find()
    release = project.release if project else None
    return (given, release) if given is not None or project is None else (project.repository, release)


def _findings(troubles: Sequence[Trouble], repository: Path | None, release: str | None) -> Findings:
    """The errors of the models that the log names: those of the trouble's rule where it has one."""
    if repository is None:
        return {}
    errors = {model: _errors(repository / model, release) for t in troubles for model in t.models}
    found: Findings = {}
    for i, trouble in enumerate(troubles):
        if trouble.severity in ("error", "warning"):
            all_ = [d for model in trouble.models for d in errors[model]]
            found[i] = [d for d in all_ if d.rule == trouble.rule] or all_
    return found


def _errors(model: Path, release: str | None) -> list[Diagnostic]:
    from triton_kit.linter.diagnostic import Severity
    from triton_kit.linter.engine import lint

    if model.name in ("", ".", "..") or not model.is_dir():
        return []
    try:
        report = lint(model, release=release) if release else lint(model)
    except TkError:
        return []
    return [d for d in report.diagnostics if d.severity is Severity.ERROR]


def _show(name: str, found: Digest, findings: Findings, repository: Path | None) -> Iterator[str]:
    yield _headline(name, found)
    for i, trouble in enumerate(found.troubles):
        if trouble.severity in ("error", "warning"):
            yield ""
            yield from _show_trouble(trouble, findings.get(i, []), repository)
    for severity, title in _TITLES.items():
        some = [t for t in found.troubles if t.severity == severity]
        if some:
            yield ""
            yield terminal.style(title, "bold")
            for trouble in some:
                yield f"  {trouble.cause}  {terminal.style(_where(trouble.line, trouble.count), 'dim')}"
    if found.unknown:
        yield ""
        yield terminal.style("look like errors, and nothing is known of them:", "bold")
        for line in found.unknown:
            yield f"  {_where(line.line, line.count)}: {_short(friendly(line.text))}"


def _headline(name: str, found: Digest) -> str:
    errors = sum(t.severity == "error" for t in found.troubles)
    log = "the log" if name == STDIN else name
    what = f"{errors} problem{'' if errors == 1 else 's'}" if errors else "nothing known is wrong"
    return f"{log}: {found.lines:,} line{'' if found.lines == 1 else 's'}, {what}"


def _show_trouble(trouble: Trouble, findings: Sequence[Diagnostic], repository: Path | None) -> Iterator[str]:
    models = [model for model in trouble.models if model not in trouble.cause]
    of = f"{', '.join(models)}: " if models else ""
    yield f"{terminal.style(trouble.severity, trouble.severity)}: {of}{trouble.cause}"
    yield f"  {terminal.style(f'{_where(trouble.line, trouble.count)}: {_short(friendly(trouble.text))}', 'dim')}"
    for d in findings:
        yield f"  {d.file}:{d.span.line}:{d.span.column}: {d.message} [{d.rule}]"
    if not findings and trouble.place:
        yield f"  at {trouble.place}"
    yield from _wrap(f"help: {trouble.help}")
    if command := _command(trouble, repository):
        yield f"  try: {terminal.style(command, 'bold')}"


def _command(trouble: Trouble, repository: Path | None) -> str | None:
    import shlex

    where = shlex.quote(str(repository)) if repository else "REPOSITORY"
    if trouble.command:
        return trouble.command.replace("REPOSITORY", where)
    if trouble.rule:
        return f"tk explain {trouble.rule}" if repository is None else f"tk validate {where}"
    return None


def _where(line: int, count: int) -> str:
    return f"line {line:,}" + (f", {count:,} times" if count > 1 else "")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 1] + "…"


def _wrap(text: str) -> list[str]:
    width = min(shutil.get_terminal_size((80, 24)).columns, 100)
    return textwrap.wrap(
        text, width, initial_indent="  ", subsequent_indent="        ", break_long_words=False, break_on_hyphens=False
    )


def _as_json(name: str, found: Digest, findings: Findings) -> Mapping[str, object]:
    return {
        "version": 1,
        "log": name,
        "ok": found.ok,
        "lines": found.lines,
        "problems": [
            {
                "severity": trouble.severity,
                "area": trouble.area,
                "cause": trouble.cause,
                "help": trouble.help,
                "command": trouble.command,
                "rule": trouble.rule,
                "models": trouble.models,
                "place": trouble.place,
                "line": trouble.line,
                "count": trouble.count,
                "text": trouble.text,
                "findings": [
                    {
                        "file": str(d.file),
                        "line": d.span.line,
                        "column": d.span.column,
                        "message": d.message,
                        "rule": d.rule,
                    }
                    for d in findings.get(i, [])
                ],
            }
            for i, trouble in enumerate(found.troubles)
        ],
        "unknown": [{"line": line.line, "count": line.count, "text": line.text} for line in found.unknown],
    }
