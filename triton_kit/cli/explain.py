"""``tk explain``: a rule's page, by its name or by what the server said."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.linter.lookup import Answer
    from triton_kit.linter.pages import Match, Page
    from triton_kit.runtime.log.causes import LogProblem


def explain(
    rules: Annotated[
        list[str] | None,
        Argument(metavar="[RULE]...", help="Names of rules, or a message of the server, even a whole log line."),
    ] = None,
    log: Annotated[
        str | None, Option("--log", metavar="FILE", help="Explain what went wrong by a log instead; - is stdin.")
    ] = None,
    repository: Annotated[
        Path | None, Option(metavar="DIR", help="With --log: the models it is about; by default the project's.")
    ] = None,
    format_: Format = "text",
) -> int:
    """Explain a rule, a message of the server, or a whole log: what is wrong, and how it looks right.

    The names are in brackets after each finding of tk validate. What is not a name of a rule is looked for in the
    server's messages, so that tk explain "must specify 'dims'" finds the rule behind that line of a log.

    With --log each problem of a log is reported once: its cause before what follows from it, the place in the
    configuration, and what fixes it. Logs of tritonserver, docker, compose and kubernetes are read as they are. The
    exit code is 1 where something went wrong.
    """
    if log is not None:
        if rules:
            raise UsageError(f"{rules[0]} does not go with --log", hint="name rules, or give a log")
        from triton_kit.cli.support.explain_log import explain_log

        return explain_log(log, repository=repository, as_json=format_ == "json")
    if repository is not None:
        raise UsageError("--repository goes with --log", hint="add --log FILE, or - for stdin")
    answer, known = _asked(rules or [])
    for renamed in answer.renamed:
        terminal.warn(renamed)
    if format_ == "json":
        terminal.out_json(as_json(answer, known))
        return 0
    if known is not None:
        terminal.out("\n".join(show_known(known, answer.matches)))
        return 0
    if len(answer.matches) > 1:
        terminal.out("\n".join(show_matches(answer.matches)))
        terminal.say("\ntk explain RULE shows the whole page of one")
        return 0
    pages = answer.pages or [match.page for match in answer.matches]
    terminal.out("\n\n".join("\n".join(show_page(page)) for page in pages))
    return 0


def _asked(words: list[str]) -> tuple[Answer, LogProblem | None]:
    """The pages for those words, and what they mean where they are a message. Raises UsageError for neither."""
    from triton_kit.linter.lookup import Answer, look_up
    from triton_kit.serve.log import explain_message

    text = " ".join(words)
    known = explain_message(text) if len(text.split()) > 1 else None
    try:
        answer = look_up(words)
    except UsageError:
        if known is None:
            raise
        return Answer([], []), known
    if known is None and answer.matches:
        answer = answer._replace(matches=_telling(text, answer.matches))
    return answer, known if answer.matches else None


def _telling(text: str, matches: list[Match]) -> list[Match]:
    """The pages that quote a message, but for those that quote only what is around any. Raises UsageError for none."""
    from triton_kit.linter.lookup import LIST
    from triton_kit.serve.log import tells

    found = [match for match in matches if tells(match.message) or len(text.split()) <= len(match.message.split())]
    if not found:
        raise UsageError("nothing is known of such a message of the server", hint=LIST)
    return found


def as_json(answer: Answer, known: LogProblem | None) -> dict[str, object]:
    """The answer with every part of each page; ``found`` is the fragment by which a message led there."""
    pages: list[dict[str, object]] = [page._asdict() for page in answer.pages]
    pages += [match.page._asdict() | {"found": match.message} for match in answer.matches]
    meaning = None
    if known is not None:
        meaning = {name: getattr(known, name) for name in ("area", "severity", "cause", "help", "command", "rule")}
    return {"known": meaning, "rules": pages}


def show_known(known: LogProblem, matches: list[Match]) -> list[str]:
    """The lines for a message that is known: what it means and what to do, and its rule's page where it has one."""
    own = [match.page for match in matches if match.page.name == known.rule]
    if own and known.cause.casefold() == own[0].headline.rstrip(".").casefold():
        return show_page(own[0])
    lines = [*_wrap(known.cause), "", *_wrap(f"help: {known.help}", "  ")]
    if known.command:
        lines.append(f"  try: {terminal.style(known.command, 'bold')}")
    for page in own[:1]:
        lines += ["", *show_page(page)]
    others = [match.page.name for match in matches if match.page not in own]
    if own and others:
        lines += ["", *_wrap(f"rules that quote such a message: {', '.join(others)}")]
    elif known.rule and not own:
        lines += ["", f"tk explain {known.rule} shows the rule that finds it beforehand"]
    return lines


def show_page(page: Page) -> list[str]:
    """The lines of a page, its headings bold where colours are."""
    severity = terminal.style(page.severity, page.severity)
    about = ", ".join(filter(None, (page.area, page.releases)))
    lines = [f"{terminal.style(page.name, 'bold')}  {severity}  {about}", "", *_wrap(page.headline)]
    for paragraph in page.reason:
        lines += ["", *_wrap(paragraph)]
    for title, parts in (
        ("Backend", page.backends),
        ("The server says", page.messages),
        ("Bad", page.bad.splitlines()),
        ("Good", page.good.splitlines()),
        ("Source", page.sources),
    ):
        if parts:
            lines += ["", terminal.style(title, "bold"), *(f"  {part}".rstrip() for part in parts)]
    return lines


def show_matches(matches: list[Match]) -> list[str]:
    """The rules that a message may come from, each with the fragment by which it was found."""
    lines = [f"{len(matches)} rules explain such a message:"]
    for page, message in matches:
        severity = terminal.style(page.severity, page.severity)
        lines += ["", f"{terminal.style(page.name, 'bold')}  {severity}", *_wrap(page.headline, "  ")]
        lines.append(f"  {terminal.style(f'server: {message}', 'dim')}")
    return lines


def _wrap(text: str, indent: str = "") -> list[str]:
    width = min(shutil.get_terminal_size((80, 24)).columns, 100)
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
