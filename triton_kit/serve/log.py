"""What a server's log means with all that tk knows: its own table, the rules' pages, and the models' files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from triton_kit.errors import TkError
from triton_kit.runtime.log.events import read
from triton_kit.runtime.log.message import Message
from triton_kit.runtime.log.messages import MESSAGE, KnownProblem, Table, fill, known_texts
from triton_kit.runtime.log.wrapping import is_wrapping, unwrap

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic
    from triton_kit.linter.pages import Page
    from triton_kit.runtime.log.causes import Digest, LogProblem
    from triton_kit.runtime.log.digest import Reader

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


def explain_message(text: str) -> LogProblem | None:
    """What a message of the server means, a whole line of its log or a part; ``None`` where it is not known.

    It is the explanation that a log with that message gets.
    """
    from triton_kit.runtime.log.digest import digest

    said = text.encode("utf-8", "replace")
    for piece in (said, said.replace(b"\n", b" ")):
        found = digest(io.BytesIO(piece), table_with_rules())
        if found.problems or found.harmless:
            return [*found.problems, *found.harmless][0]
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The cause behind what a server said, the model that it is about where it says so, what to do, and the rule.

    ``inputs`` is whether a request has other inputs than the model takes.
    """

    cause: str
    help: str
    model: str | None = None
    rule: str | None = None
    inputs: bool = False


def meaning(said: str) -> Meaning | None:
    """What a line of the log, or a model's reason, means; ``None`` where it is not known, or names no cause."""
    entry = read(said)
    found = table_with_rules().find(entry.text, level=entry.level or MESSAGE, source=entry.source)
    if found is None or found[0].kind in ("general", "consequence", "harmless", "context"):
        return None
    known, parts = found
    return Meaning(
        cause=fill(known.cause, parts),
        help=fill(known.help, parts),
        model=parts.get("model") or None,
        rule=known.rule,
        inputs=known.area == "inputs",
    )


_IN_ENSEMBLE = "the ensemble {ensemble} passed the request on, and one of its models refused it"


def refusal(said: str) -> Meaning | None:
    """What a server means that refused a request; ``None`` where it is not known.

    The request to an ensemble is not blamed for what one of its models was given by another.
    """
    found = meaning(said)
    parts = unwrap(said).parts
    if "ensemble" not in parts or (found is not None and not found.inputs):
        return found
    help_ = "see tk logs; ask its models one by one with tk infer, and compare what they exchange with tk graph"
    return Meaning(cause=fill(_IN_ENSEMBLE, parts), help=help_, model=parts["ensemble"])


@cache
def table_with_rules() -> Table:
    """All that is known, and the messages that the pages of rules quote."""
    from triton_kit.linter.pages import page
    from triton_kit.linter.rule import load_rules

    entries = (_entry(page(rule)) for rule in load_rules().values())
    return Table([*known_texts(), *(entry for entry in entries if entry.messages)])


def tells(quoted: str) -> bool:
    """Whether what a page quotes tells anything by itself: it is not what is around any message, nor a single word."""
    return len(quoted.split()) > 1 and not is_wrapping(quoted)


def _entry(page: Page) -> KnownProblem:
    """A rule as what is known: what its page quotes."""
    quoted = [one for one in page.messages if tells(one)]
    return KnownProblem(
        area=page.area,
        messages=tuple(Message.quoted(message) for message in quoted),
        cause=_as_clause(page.headline),
        help=f"tk validate shows the place and the fix; tk explain {page.name} shows how it looks right",
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
        return found if found and found.kind in ("error", "symptom", "general") else None


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
