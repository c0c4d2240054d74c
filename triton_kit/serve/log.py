"""What a server's log means with all that tk knows: its own table, the rules' pages, and the models' files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from triton_kit.errors import TkError
from triton_kit.runtime.log.lines import as_written
from triton_kit.runtime.log.messages import KnownProblem, Message, Table, known_texts

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic
    from triton_kit.linter.pages import Page
    from triton_kit.runtime.log.digest import Digest, LogProblem, Reader

Findings = dict[int, list["Diagnostic"]]
"""What the linter says of the models of a problem, by the problem's place in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLog:
    """What went wrong by a log, and what the linter finds in the models that it names."""

    digest: Digest
    findings: Findings


def explain_log(file: IO[bytes], *, repository: Path | None, release: str | None) -> ExplainedLog:
    """What a log says; without a ``repository`` no model is looked at."""
    from triton_kit.runtime.log.digest import digest

    found = digest(file, table_with_rules())
    return ExplainedLog(digest=found, findings=_findings(found.problems, repository, release))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedMessage:
    """What a message means by itself: its cause, what to do, a command for that, and the rule that finds it before."""

    area: str
    severity: str
    cause: str
    help: str
    command: str | None
    rule: str | None


def explain_message(text: str) -> ExplainedMessage | None:
    """What a message of the server means, a whole line of its log or a part; ``None`` where only rules may tell."""
    from triton_kit.runtime.log.digest import Reader

    reader = Reader(Table(known for known in known_texts() if known.kind in ("error", "harmless")))
    # In one piece: what a message of several lines is known by may be in any of them.
    problem = reader.explain(as_written(text.encode("utf-8", "replace")))
    if problem is None:
        return None
    return ExplainedMessage(
        area=problem.area,
        severity=problem.severity,
        cause=problem.cause,
        help=problem.help,
        command=problem.command,
        rule=problem.rule,
    )


def table_with_rules() -> Table:
    """All that is known, and the messages that the pages of rules quote."""
    from triton_kit.linter.pages import page
    from triton_kit.linter.rule import load_rules

    return Table([*known_texts(), *(_entry(one) for rule in load_rules().values() if (one := page(rule)).messages)])


def _entry(page: Page) -> KnownProblem:
    return KnownProblem(
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


class LogReader:
    """Reads the log of a running server line by line: each problem is reported at its first line, and never again."""

    def __init__(self) -> None:
        self._reader: Reader | None = None
        self._number = 0

    def take(self, line: str) -> LogProblem | None:
        """The error or warning that this line is the first to report, if it is."""
        from triton_kit.runtime.log.digest import Reader

        self._number += 1
        if self._reader is None:
            self._reader = Reader(table_with_rules())
        found = self._reader.take(line, self._number)
        return found if found and found.severity in ("error", "warning") else None


def _findings(problems: Sequence[LogProblem], repository: Path | None, release: str | None) -> Findings:
    """The errors of the models that the log names: those of the trouble's rule where it has one."""
    if repository is None:
        return {}
    errors = {model: _errors(repository / model, release) for t in problems for model in t.models}
    found: Findings = {}
    for i, problem in enumerate(problems):
        if problem.severity in ("error", "warning"):
            all_ = [d for model in problem.models for d in errors[model]]
            found[i] = [d for d in all_ if d.rule == problem.rule] or all_
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
