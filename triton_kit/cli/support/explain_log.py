"""``tk explain --log``: what went wrong by a server's log, where, and what fixes it."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.cli.support.release import tell_newer
from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.log.meaning import friendly
from triton_kit.serve import log
from triton_kit.serve.log import Findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from triton_kit.linter.diagnostic import Diagnostic
    from triton_kit.runtime.log.causes import Digest, LogProblem

STDIN = "-"

_STILL_LOADING = (
    "wait where it loads something large; a Python model whose stub, library or model.py is missing keeps a server "
    "waiting for ever, and tk validate --load tells which"
)

SHOWN = 160
"""Characters of a line of the log that are shown."""


def explain_log(name: str, *, repository: Path | None, as_json: bool) -> int:
    """Show what went wrong by the log in that file, or on stdin: 1 where something did, else 0.

    Raises UsageError where the file or the repository is not there, TkError where it cannot be read.
    """
    where, release = _repository(repository)
    if release is not None:
        tell_newer(release, as_json=as_json)
    with _open(name) as file:
        explained = log.explain_log(file, repository=where, release=release)
    found, findings = explained.digest, explained.findings
    if as_json:
        terminal.out_json(_as_json(name, found, findings))
    else:
        terminal.out("\n".join(_show(name, found, findings, where)))
    return 0 if found.ok else 1


@contextmanager
def _open(name: str) -> Iterator[IO[bytes]]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"{name} is not a file", hint="give the file of the log, or - for stdin") from error
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


def _show(name: str, found: Digest, findings: Findings, repository: Path | None) -> Iterator[str]:
    yield _headline(name, found)
    unknown = {line.line for line in found.unknown}
    for i, problem in enumerate(found.problems):
        if problem.severity == "consequence":
            if problem.follows not in unknown:
                yield _show_consequence(problem)
        else:
            yield ""
            yield from _show_problem(problem, findings.get(i, []), repository)
    yield from _show_unknown(found)
    if found.harmless:
        yield ""
        yield terminal.style("harmless:", "bold")
        for problem in found.harmless:
            yield f"  {_aside(problem)}"
    if found.loading:
        yield ""
        yield f"the log ends while {', '.join(found.loading)} {'is' if len(found.loading) == 1 else 'are'} being loaded"
        yield from _wrap(f"help: {_STILL_LOADING}")
    elif found.ok:
        yield ""
        yield "no errors" if found.problems else "nothing is wrong"


def _show_unknown(found: Digest) -> Iterator[str]:
    if found.unknown:
        yield ""
        yield terminal.style("look like errors, and nothing is known of them:", "bold")
        for line in found.unknown:
            of = f"{', '.join(line.models)}: " if line.models else ""
            yield f"  {_where(line.line, line.count)}: {of}{_short(friendly(line.text))}"
            for problem in found.problems:
                if problem.follows == line.line:
                    yield f"  {_show_consequence(problem)}"


def _show_consequence(problem: LogProblem) -> str:
    what = "a clue:" if problem.kind == "context" else "follows:"
    return f"  {terminal.style(what, 'bold')} {_aside(problem)}"


def _aside(problem: LogProblem) -> str:
    of = _models(problem)
    return f"{of}{problem.cause}  {terminal.style(_where(problem.line, problem.count), 'dim')}"


def _headline(name: str, found: Digest) -> str:
    log = "the log" if name == STDIN else name
    said = [f"{log}: {_number(found.lines, 'line')}"]
    if found.lines and not found.logged:
        said.append("none in the form of a server's log")
    if errors := sum(problem.severity == "error" for problem in found.problems):
        said.append(_number(errors, "problem"))
    if found.unknown:
        said.append(_number(len(found.unknown), "unknown error"))
    if warnings := sum(problem.severity == "warning" for problem in found.problems):
        said.append(_number(warnings, "warning"))
    return ", ".join(said)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _models(problem: LogProblem) -> str:
    named = set(re.split(r"[^\w.-]+", problem.cause))
    models = [model for model in problem.models if model not in named]
    return f"{', '.join(models)}: " if models else ""


def _show_problem(problem: LogProblem, findings: Sequence[Diagnostic], repository: Path | None) -> Iterator[str]:
    yield f"{terminal.style(problem.severity, problem.severity)}: {_models(problem)}{problem.cause}"
    yield f"  {terminal.style(f'{_where(problem.line, problem.count)}: {_short(friendly(problem.text))}', 'dim')}"
    for d in findings:
        yield f"  {d.file}:{d.span.line}:{d.span.column}: {d.message} [{d.rule}]"
    if not findings and problem.place:
        yield f"  at {problem.place}"
    yield from _wrap(f"help: {problem.help}")
    if command := _command(problem, repository):
        yield f"  try: {terminal.style(command, 'bold')}"


def _command(problem: LogProblem, repository: Path | None) -> str | None:
    import shlex

    where = shlex.quote(str(repository)) if repository else "REPOSITORY"
    if problem.command:
        return problem.command.replace("REPOSITORY", where)
    if problem.rule:
        return f"tk explain {problem.rule}" if repository is None else f"tk validate {where}"
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
        "log": name,
        "ok": found.ok,
        "lines": found.lines,
        "problems": [
            _problem_as_json(problem)
            | {
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
            for i, problem in enumerate(found.problems)
        ],
        "harmless": [_problem_as_json(problem) for problem in found.harmless],
        "loading": found.loading,
        "unknown": [
            {"line": line.line, "count": line.count, "text": line.text, "models": line.models} for line in found.unknown
        ],
    }


def _problem_as_json(problem: LogProblem) -> dict[str, object]:
    return {
        "severity": problem.severity,
        "area": problem.area,
        "cause": problem.cause,
        "help": problem.help,
        "command": problem.command,
        "rule": problem.rule,
        "models": problem.models,
        "place": problem.place,
        "line": problem.line,
        "count": problem.count,
        "text": problem.text,
        "follows": problem.follows,
    }
