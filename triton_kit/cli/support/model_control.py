"""What ``tk load``, ``tk unload`` and ``tk reload`` have in common: each model in turn, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.server_options import Place
from triton_kit.client.model_control import Outcome
from triton_kit.errors import TkError, UsageError

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.linter.diagnostic import Diagnostic

Models = Annotated[list[str], typer.Argument(metavar="MODEL...", help="The models, in this order.")]
RepositoryPath = Annotated[
    Path | None,
    typer.Option("--repository", metavar="PATH", help="The server's repository; known for a server that tk started."),
]
Patience = Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="How long each model may take.")]

ANSWER = 10.0
"""Seconds that the server gets for an answer that needs no loading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The repository that a server has its models from, as far as it is known here, and how it is served."""

    repository: Path | None = None
    release: str = "24.10"
    server_args: tuple[str, ...] = ()
    cpu: bool = False

    def config(self, model: str) -> Mapping[str, object] | None:
        """What the model's file says, on the CPU where the server was started so; ``None`` where that is not known."""
        from triton_kit.runtime.config_override import on_cpu, read_config

        if self.repository is None or "/" in model or not (self.repository / model).is_dir():
            return None
        config = read_config(self.repository / model, self.server_args)
        return on_cpu(config) if config is not None and self.cpu else config

    def prepare(self, model: str) -> None:
        """Let nothing that an earlier load left hide a change."""
        from triton_kit.serve.bytecode import drop_stale

        if self.repository is not None and "/" not in model:
            drop_stale(self.repository / model)

    def findings(self, model: str) -> list[Diagnostic]:
        """What the linter finds in the model that a server would refuse."""
        from triton_kit.cli.support.served_findings import refused_as_served

        if self.repository is None or "/" in model or not (self.repository / model).is_dir():
            return []
        try:
            found = refused_as_served(self.repository / model, self.release, self.server_args, cpu=self.cpu)
        except TkError:
            return []
        return [d for d in found if self._is_at(d, model)]

    def _is_at(self, diagnostic: Diagnostic, model: str) -> bool:
        assert self.repository is not None
        return Path(diagnostic.file).absolute().is_relative_to((self.repository / model).absolute())


def source_of(place: Place, given: Path | None) -> Source:
    """Where the server's models are: as given, as tk knows, or the project's for a server on this machine."""
    from triton_kit.client.address import parse_address
    from triton_kit.project.settings import find

    if given is not None and not given.is_dir():
        raise UsageError(f"{given} is not a directory", hint="give the model repository")
    if place.running is not None:
        wish = place.running.again.get("wish", {})
        return Source(
            repository=given or place.running.repository,
            release=place.running.release,
            server_args=tuple(map(str, wish.get("server_args", ()))),
            cpu=bool(wish.get("cpu")),
        )
    if given is not None:
        return Source(repository=given)
    here = parse_address(place.url, grpc=place.grpc).host in ("127.0.0.1", "::1", "localhost")
    project = find() if here else None
    if project is None or not project.repository.is_dir():
        return Source()
    return Source(repository=project.repository, release=project.release or Source().release)


def run_each(
    client: Client,
    names: Sequence[str],
    act: Callable[[str], Outcome],
    *,
    verb: str,
    source: Source,
    json: bool,
) -> int:
    """Do it to each model, show what became of it, and return the exit code: 1 where any failed."""
    outcomes = []
    for name in dict.fromkeys(names):
        source.prepare(name)
        outcome = act(name)
        findings = source.findings(name) if outcome.error is not None and verb != "unload" else []
        outcomes.append((outcome, findings))
        if not json:
            show(outcome, findings, verb=verb)
    if json:
        terminal.out_json(_json(client, verb, outcomes))
    return 1 if any(outcome.error is not None for outcome, _ in outcomes) else 0


def show(outcome: Outcome, findings: Sequence[Diagnostic], *, verb: str) -> None:
    """A line for a model that came or went; for one that failed its reason, and where the mistake is."""
    from triton_kit.cli.support.served_findings import place
    from triton_kit.runtime.log.meaning import friendly, meaning

    if outcome.error is None:
        terminal.out(_line(outcome, verb))
        return
    known = meaning(outcome.error.message)
    message = friendly(outcome.error.message)
    terminal.error(f"{outcome.model} did not {verb}: {message}", hint=outcome.error.hint)
    for finding in findings:
        terminal.say(f"  {place(finding)}")
        if finding.help:
            terminal.say(f"    help: {finding.help}")
    if known and not findings:
        terminal.say(f"  {known.cause}")
        terminal.say(f"  help: {known.help}")
    if outcome.serving:
        terminal.say(f"  version {_versions(outcome)} is served as before")


def _line(outcome: Outcome, verb: str) -> str:
    seconds = f"{outcome.seconds:.1f} s"
    others = f", with {', '.join(outcome.others)}" if outcome.others else ""
    if verb == "unload":
        return f"{outcome.model}  unloaded{others}  {seconds}"
    return f"{outcome.model}  version {_versions(outcome)} {terminal.style('ready', 'green')}{others}  {seconds}"


def _versions(outcome: Outcome) -> str:
    return ", ".join(version.version for version in outcome.serving)


def _json(client: Client, verb: str, outcomes: Sequence[tuple[Outcome, Sequence[Diagnostic]]]) -> dict[str, object]:
    return {
        "version": 1,
        "url": client.url,
        "protocol": client.protocol,
        "action": verb,
        "models": [as_json(outcome, findings) for outcome, findings in outcomes],
    }


def as_json(outcome: Outcome, findings: Sequence[Diagnostic]) -> dict[str, object]:
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
