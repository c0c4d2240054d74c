"""Where the course of a server is shown: lines, a table that changes in place, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.cli.support.held_log import HeldLog
from triton_kit.cli.support.model_control import as_json, show
from triton_kit.cli.support.served_findings import one_line
from triton_kit.errors import TkError
from triton_kit.model.server_flags import server_options
from triton_kit.runtime.health import ModelState, Snapshot
from triton_kit.runtime.log.meaning import friendly
from triton_kit.runtime.serve_plan import ServePlan, image_of
from triton_kit.runtime.types import Endpoints, Server
from triton_kit.serve.findings import refused_as_served
from triton_kit.serve.log import LogReader, meaning

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from triton_kit.runtime.log.causes import LogProblem
    from triton_kit.serve.watch import ModelChange

TRIED = 8
"""For how many models a command to try is shown."""

_STYLES = {"READY": "green", "LOADED": "green", "UNAVAILABLE": "red", "LOADING": "cyan"}


def board() -> TextBoard:
    """What shows a server to people: a live table on a terminal, plain lines elsewhere."""
    return LiveBoard() if terminal.live() else TextBoard()


class TextBoard:
    """Plain lines: each change of a model's state once, the log as it comes, what a line of it means once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] = {}
        self._log = LogReader()
        self._held: HeldLog | None = None

    def starting(self, plan: ServePlan) -> None:
        if plan.watch and not terminal.settings.verbose:
            self._held = HeldLog()
        where = f"{plan.runtime.name}, {plan.spec.name}"
        terminal.say(
            f"starting {what_runs(plan)} ({where}) on {', '.join(map(str, (plan.spec.repository, *plan.spec.more)))}"
        )

    def update(self, snapshot: Snapshot) -> None:
        for model in _changes(self._seen, snapshot):
            if model.state != "WAITING":
                terminal.say(f"{_label(model):<32} {model.state.lower()}")
        self._details(snapshot)

    def ready(self, plan: ServePlan, server: Server, snapshot: Snapshot) -> None:
        self.close()
        for model in snapshot.failed:
            _show_failure(model, plan)
        good = list(dict.fromkeys(model.name for model in snapshot.models if model.state == "READY"))
        if not good and snapshot.models:
            return
        terminal.out(f"ready after {snapshot.seconds:.1f} s: {server.description}")
        for line in endpoint_lines(server.endpoints):
            terminal.out(f"  {line}")
        if not snapshot.models and not plan.spec.more:
            hint = "add a model, which is then loaded" if plan.watch else "tk add NAME --from model.onnx makes a model"
            terminal.warn(f"the repository {plan.spec.repository} is empty: the server has no model", hint=hint)
        if good:
            terminal.out("try:")
            for line in try_lines(good, server.endpoints):
                terminal.out(f"  {line}")
        if plan.spec.detach:
            terminal.out(f"end it with: tk stop {plan.spec.name}")
        elif self._held is not None:
            terminal.say(f"watching {plan.spec.repository}; Ctrl-C ends it")
            terminal.say("the server's log is shown where something fails; all of it with --verbose")
        else:
            terminal.say("the server's log follows; Ctrl-C ends it")

    def log(self, line: str) -> None:
        problem = self._log.take(line)
        if self._held is None:
            self._show_line(line, problem)
        else:
            self._held.take(line, problem)

    def _show_line(self, line: str, problem: LogProblem | None) -> None:
        terminal.say(line)
        if problem is not None:
            for sentence in (f"= {problem.cause}", f"= help: {problem.help}"):
                terminal.say(terminal.style(f"  {sentence}", "yellow", stream=sys.stderr))

    def changed(self, change: ModelChange) -> None:
        show(change.outcome, change.findings, verb=change.verb)
        held = self._held.release() if self._held is not None else ()
        # What a check of tk's refused, the server was not told of.
        if change.outcome.error is not None and not change.findings:
            for line, _ in held:
                terminal.say(terminal.style(f"  | {line}", "dim", stream=sys.stderr))

    def idle(self) -> None:
        if self._held is not None and self._held.overdue:
            for line, problem in self._held.release():
                self._show_line(line, problem)

    def close(self) -> None:
        if self._held is not None:
            for line, problem in self._held.release() if self._held.troubled else ():
                self._show_line(line, problem)

    def warn(self, message: str, hint: str | None = None) -> None:
        terminal.warn(message, hint=hint)

    def stopping(self) -> None:
        self.close()
        terminal.say("ending the server, which may take 10 s; Ctrl-C again to force")

    def stopped(self) -> None:
        terminal.say("stopped")

    def _details(self, snapshot: Snapshot) -> None:
        for line in snapshot.log:
            terminal.detail(line)


class LiveBoard(TextBoard):
    """A table of the models that changes in place."""

    def __init__(self) -> None:
        super().__init__()
        self._live: Live | None = None

    def update(self, snapshot: Snapshot) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=terminal.console(), refresh_per_second=10, transient=False)
            self._live.start()
        self._live.update(_table(snapshot))
        self._details(snapshot)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        super().close()


class JsonBoard:
    """One JSON object a line on stdout for each event, each with ``version`` (1) and ``event``.

    ``starting``: name, runtime, repository, container. ``model``, at each change: name, model_version, state, reason.
    ``ready``, or ``partly-ready`` where models failed: name, endpoints, seconds, failed. ``log``: line. ``change``,
    with ``--watch``: action, and what ``tk reload`` says of a model. ``stopped``. With ``--detach`` the last one is
    that of the models.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] = {}

    def starting(self, plan: ServePlan) -> None:
        spec = plan.spec
        container = spec.name if image_of(plan) else None
        _event(
            "starting",
            name=spec.name,
            runtime=plan.runtime.name,
            repository=str(spec.repository),
            container=container,
        )

    def update(self, snapshot: Snapshot) -> None:
        for model in _changes(self._seen, snapshot):
            _event("model", name=model.name, model_version=model.version, state=model.state, reason=model.reason)

    def ready(self, plan: ServePlan, server: Server, snapshot: Snapshot) -> None:
        where = server.endpoints
        _event(
            "ready" if not snapshot.failed else "partly-ready",
            name=plan.spec.name,
            endpoints={"http": where.http, "grpc": where.grpc, "metrics": where.metrics},
            seconds=round(snapshot.seconds, 3),
            failed=sorted({model.name for model in snapshot.failed}),
        )

    def log(self, line: str) -> None:
        _event("log", line=line)

    def changed(self, change: ModelChange) -> None:
        _event("change", action=change.verb, **as_json(change.outcome, change.findings))

    def idle(self) -> None:
        return

    def close(self) -> None:
        _event("stopped")

    def warn(self, message: str, hint: str | None = None) -> None:
        terminal.warn(message, hint=hint)

    def stopping(self) -> None:
        terminal.say("ending the server, which may take 10 s; Ctrl-C again to force")

    def stopped(self) -> None:
        terminal.say("stopped")


def what_runs(plan: ServePlan) -> str:
    """What is about to run, with its release only where that is known before the server says it."""
    spec = plan.spec
    return f"Triton {spec.release}" if spec.release_known else f"Triton of {spec.image or plan.runtime.argv(spec)[0]}"


def endpoint_lines(endpoints: Endpoints) -> list[str]:
    """The endpoints, one a line, aligned."""
    return [f"HTTP     {endpoints.http}", f"gRPC     {endpoints.grpc}", f"metrics  {endpoints.metrics}"]


def try_lines(models: Sequence[str], endpoints: Endpoints) -> list[str]:
    """A command for each of the first models, which works as it stands, and how many models more there are."""
    import shlex

    from triton_kit.cli.support.server_options import HTTP_URL

    url = "" if endpoints.http == HTTP_URL else f" --url {shlex.quote(endpoints.http)}"
    lines = [f"tk infer {shlex.quote(name)} --random{url}" for name in models[:TRIED]]
    return [*lines, f"and {len(models) - TRIED} more"] if len(models) > TRIED else lines


def _event(event: str, **fields: object) -> None:
    terminal.out_event({"event": event, **fields})


def _changes(seen: dict[tuple[str, str], str], snapshot: Snapshot) -> list[ModelState]:
    changed = [m for m in snapshot.models if seen.get((m.name, m.version)) != m.state and m.state]
    seen.update({(m.name, m.version): m.state for m in changed})
    return changed


def _label(model: ModelState) -> str:
    return f"{model.name} {model.version}".strip()


def _table(snapshot: Snapshot) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=None, caption=f"{snapshot.seconds:.1f} s", caption_justify="left")
    for column in ("model", "version", "state"):
        table.add_column(column)
    for model in snapshot.models:
        state = Text(model.state.lower(), style=_STYLES.get(model.state, "dim"))
        table.add_row(Text(model.name), Text(model.version), state)
    return table


def _show_failure(model: ModelState, plan: ServePlan) -> None:
    """Why a model did not load: the server's reason, what it means, and where the configuration says so."""
    terminal.error(f"{_label(model)} did not load: {friendly(model.reason)}")
    known = meaning(model.reason)
    if known:
        terminal.say(f"  {known.cause}")
        terminal.say(f"  help: {known.help}")
    try:
        spec = plan.spec
        server = server_options(spec.server_args, release=spec.release)
        found = refused_as_served(spec.repository / model.name, server, cpu=plan.cpu)
    except TkError:
        return
    for diagnostic in found:
        terminal.say(f"  {one_line(diagnostic)}")
