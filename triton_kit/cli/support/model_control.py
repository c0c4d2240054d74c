"""What ``tk load``, ``tk unload`` and ``tk reload`` have in common: each model in turn, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.cli.support.server_options import ServerAddress
from triton_kit.client.model_control import ControlResult
from triton_kit.serve.model_control import ControlledModel, control_each
from triton_kit.serve.source import Source, find_source

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.linter.diagnostic import Diagnostic


def source_of(address: ServerAddress, given: Path | None) -> Source:
    """Where the server's models are: as given, as tk knows, or the project's for a server on this machine."""
    return find_source(address.url, grpc=address.grpc, running=address.running, repository=given)


def run_each(
    client: Client,
    names: Sequence[str],
    act: Callable[[str], ControlResult],
    *,
    verb: str,
    source: Source,
    json: bool,
) -> int:
    """Do it to each model, show what became of it, and return the exit code: 1 where any failed."""
    done = []
    for one in control_each(names, act, source, explain=verb != "unload"):
        done.append(one)
        if not json:
            show(one.result, one.findings, verb=verb)
    if json:
        terminal.out_json(_json(client, verb, done))
    return 1 if any(one.result.error is not None for one in done) else 0


def show(outcome: ControlResult, findings: Sequence[Diagnostic], *, verb: str) -> None:
    """A line for a model that came or went; for one that failed its reason, and where the mistake is."""
    from triton_kit.cli.support.served_findings import one_line
    from triton_kit.runtime.log.meaning import friendly
    from triton_kit.serve.log import meaning

    if outcome.error is None:
        terminal.out(_line(outcome, verb))
        return
    known = meaning(outcome.error.message)
    message = friendly(outcome.error.message)
    terminal.error(f"{outcome.model} did not {verb}: {message}", hint=outcome.error.hint)
    for finding in findings:
        terminal.say(f"  {one_line(finding)}")
        if finding.help:
            terminal.say(f"    help: {finding.help}")
    if known and not findings:
        terminal.say(f"  {known.cause}")
        terminal.say(f"  help: {known.help}")
    if outcome.serving:
        terminal.say(f"  version {_versions(outcome)} is served as before")


def _line(outcome: ControlResult, verb: str) -> str:
    seconds = f"{outcome.seconds:.1f} s"
    others = f", with {', '.join(outcome.others)}" if outcome.others else ""
    if verb == "unload":
        return f"{outcome.model}  unloaded{others}  {seconds}"
    return f"{outcome.model}  version {_versions(outcome)} {terminal.style('ready', 'green')}{others}  {seconds}"


def _versions(outcome: ControlResult) -> str:
    return ", ".join(version.version for version in outcome.serving)


def _json(client: Client, verb: str, done: Sequence[ControlledModel]) -> dict[str, object]:
    return {
        "url": client.url,
        "protocol": client.protocol,
        "action": verb,
        "models": [as_json(one.result, one.findings) for one in done],
    }


def as_json(outcome: ControlResult, findings: Sequence[Diagnostic]) -> dict[str, object]:
    """What became of a model, as ``docs/json.md`` has it."""
    return {
        "name": outcome.model,
        "ok": outcome.error is None,
        "seconds": round(outcome.seconds, 3),
        "versions": [
            {"version": v.version, "state": v.state, "reason": v.reason} for v in outcome.versions if v.version
        ],
        "others": list(outcome.others),
        "error": None if outcome.error is None else outcome.error.message,
        "findings": [
            {
                "rule": d.rule,
                "message": d.message,
                "help": d.help,
                "file": str(d.file),
                "line": d.span.line,
                "column": d.span.column,
            }
            for d in findings
        ],
    }
