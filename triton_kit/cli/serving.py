"""What the commands that start a server show of it: its models while they load, its endpoints, its log."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from triton_kit.cli import terminal
from triton_kit.cli.explaining import Meanings
from triton_kit.cli.findings import errors, lint_as_served, place
from triton_kit.cli.server_options import HTTP_URL
from triton_kit.errors import ProblemsFound, TkError
from triton_kit.repository.release import DEFAULT
from triton_kit.runtime.gpus import Choice
from triton_kit.runtime.health import ModelState, ServerDied, Snapshot
from triton_kit.runtime.lifecycle import remembered
from triton_kit.runtime.logs import friendly, meaning
from triton_kit.runtime.serving import Prepared, Wish, image_of
from triton_kit.runtime.types import Endpoints, ExplainsItsEnd, Server

if TYPE_CHECKING:
    from rich.live import Live

PAUSE = 0.1
"""Seconds between two looks at the log of a server that is ready."""

TRIED = 8
"""For how many models a command to try is shown."""

_STYLES = {"READY": "green", "LOADED": "green", "UNAVAILABLE": "red", "LOADING": "cyan"}


class Board(Protocol):
    """Where the course of a server is shown."""

    def starting(self, prepared: Prepared) -> None: ...

    def update(self, snapshot: Snapshot) -> None: ...

    def ready(self, prepared: Prepared, server: Server, snapshot: Snapshot) -> None: ...

    def log(self, line: str) -> None: ...

    def close(self) -> None: ...


def defaults(path: str | None, server_args: Sequence[str]) -> tuple[Path, str, tuple[str, ...]]:
    """Repository, release and server flags: what stands after ``--`` is no path, and tk.yaml fills what is missing."""
    from triton_kit.scaffold.project import find

    flags = list(server_args)
    if path is not None and path.startswith("-"):
        flags.insert(0, path)
        path = None
    project = find()
    release = project.release if project and project.release else DEFAULT
    if path is not None:
        return Path(path), release, tuple(flags)
    if project:
        return project.repository, release, tuple(flags)
    usual = Path("model_repository")
    return usual if usual.is_dir() else Path(), release, tuple(flags)


def show_progress(line: str) -> None:
    """Show a line about something that takes time before the start: a pull, the first fetch of the server."""
    if line.strip():
        terminal.say(line)


_NEEDS_GPU = frozenset(("no-gpu-for-group", "tensorrt-without-gpu", "no-such-gpu"))
"""The rules whose findings are about the machine's GPUs."""


def validate(wish: Wish, gpus: Choice) -> None:
    """Lint the repository for a machine with these GPUs and show its errors; raises ProblemsFound where there are."""
    report = lint_as_served(wish.repository, wish.release, wish.server_args, gpus=gpus.count)
    found = errors(report)
    if not found:
        return
    for diagnostic in found:
        terminal.say(place(diagnostic))
        if diagnostic.help:
            terminal.say(f"  help: {diagnostic.help}")
    if all(diagnostic.rule in _NEEDS_GPU for diagnostic in found):
        models = list(dict.fromkeys(str(diagnostic.model) for diagnostic in found))
        verb = "wants" if len(models) == 1 else "want"
        raise ProblemsFound(
            f"{', '.join(models)} {verb} a GPU that the server would not have ({gpus.reason})",
            hint="serve on the CPU with --cpu, which changes nothing on disk, or name GPUs with --gpus",
        )
    raise ProblemsFound(
        f"{wish.repository} has problems that the server would refuse",
        hint="correct them, or serve all the same with --no-validate",
    )


def serve_until_interrupted(
    prepared: Prepared, board: Board, *, timeout: float, strict: bool, again: Mapping[str, Any] | None = None
) -> int:
    """Run the server and show it until Ctrl-C: 0 when that came after it was ready. It is gone at the end.

    A detached one runs on, and this ends once it is ready. ``again`` is what ``tk restart`` needs to know. Raises
    ProblemsFound when no model is ready (with ``strict`` when any is not), TkError when the server ends itself.
    """
    board.starting(prepared)
    was_ready = stays = False
    try:
        with remembered(prepared, again=again, timeout=timeout, on_snapshot=board.update) as (server, snapshot):
            was_ready = not prepared.spec.detach
            board.ready(prepared, server, snapshot)
            _judge(prepared, snapshot, strict)
            if not prepared.spec.detach:
                _follow(server, board)
        stays = True
    except KeyboardInterrupt:
        if not was_ready:
            raise
        terminal.say("stopped")
    finally:
        if not stays:
            board.close()
    return 0


def _judge(prepared: Prepared, snapshot: Snapshot, strict: bool) -> None:
    failed = dict.fromkeys(model.name for model in snapshot.failed)
    if failed and (strict or len(failed) == len({model.name for model in snapshot.models})):
        which = "no model is ready" if not strict else f"{', '.join(failed)} did not load"
        raise ProblemsFound(f"{which}, so the server was ended")
    if failed:
        terminal.warn(f"{', '.join(failed)} did not load; the other models are served", hint=_end(prepared))


def _end(prepared: Prepared) -> str:
    return f"end it with tk stop {prepared.spec.name}" if prepared.spec.detach else "end it with Ctrl-C"


def _follow(server: Server, board: Board) -> None:
    while True:
        code = server.exit_code
        for line in server.log():
            board.log(line)
        if code is not None:
            break
        time.sleep(PAUSE)
    if isinstance(server, ExplainsItsEnd) and (reason := server.explain_end()):
        raise reason
    how = f"with exit code {code}" if code >= 0 else f"by signal {-code}"
    raise ServerDied(f"{server.description} ended by itself, {how}", status=code, log=())


def board() -> TextBoard:
    """What shows a server to people: a live table on a terminal, plain lines elsewhere."""
    return LiveBoard() if terminal.live() else TextBoard()


class TextBoard:
    """Plain lines: each change of a model's state once, the log as it comes, what a line of it means once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] = {}
        self._meanings = Meanings()

    def starting(self, prepared: Prepared) -> None:
        what = prepared.spec.image or prepared.spec.release
        where = f"{prepared.runtime.name}, {prepared.spec.name}"
        terminal.say(f"starting Triton {what} ({where}) on {prepared.spec.repository}")

    def update(self, snapshot: Snapshot) -> None:
        for model in _changes(self._seen, snapshot):
            if model.state != "WAITING":
                terminal.say(f"{_label(model):<32} {model.state.lower()}")
        self._details(snapshot)

    def ready(self, prepared: Prepared, server: Server, snapshot: Snapshot) -> None:
        self.close()
        for model in snapshot.failed:
            _show_failure(model, prepared)
        good = list(dict.fromkeys(model.name for model in snapshot.models if model.state == "READY"))
        if not good and snapshot.models:
            return
        terminal.out(f"ready after {snapshot.seconds:.1f} s: {server.description}")
        for line in endpoint_lines(server.endpoints):
            terminal.out(f"  {line}")
        if good:
            terminal.out("try:")
            for line in try_lines(good, server.endpoints):
                terminal.out(f"  {line}")
        if prepared.spec.detach:
            terminal.out(f"end it with: tk stop {prepared.spec.name}")
        else:
            terminal.say("the server's log follows; Ctrl-C ends it")

    def log(self, line: str) -> None:
        terminal.say(line)
        for sentence in self._meanings.of(line):
            terminal.say(terminal.style(f"  {sentence}", "yellow", stream=sys.stderr))

    def close(self) -> None:
        return

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


class JsonBoard:
    """One JSON object a line on stdout for each event, each with ``version`` (1) and ``event``.

    ``starting``: name, runtime, repository, container. ``model``, at each change: name, model_version, state, reason.
    ``ready``, or ``partly-ready`` where models failed: name, endpoints, seconds, failed. ``log``: line. ``stopped``.
    With ``--detach`` the last one is that of the models.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] = {}

    def starting(self, prepared: Prepared) -> None:
        spec = prepared.spec
        container = spec.name if image_of(prepared) else None
        _event(
            "starting",
            name=spec.name,
            runtime=prepared.runtime.name,
            repository=str(spec.repository),
            container=container,
        )

    def update(self, snapshot: Snapshot) -> None:
        for model in _changes(self._seen, snapshot):
            _event("model", name=model.name, model_version=model.version, state=model.state, reason=model.reason)

    def ready(self, prepared: Prepared, server: Server, snapshot: Snapshot) -> None:
        where = server.endpoints
        _event(
            "ready" if not snapshot.failed else "partly-ready",
            name=prepared.spec.name,
            endpoints={"http": where.http, "grpc": where.grpc, "metrics": where.metrics},
            seconds=round(snapshot.seconds, 3),
            failed=sorted({model.name for model in snapshot.failed}),
        )

    def log(self, line: str) -> None:
        _event("log", line=line)

    def close(self) -> None:
        _event("stopped")


def endpoint_lines(endpoints: Endpoints) -> list[str]:
    """The endpoints, one a line, aligned."""
    return [f"HTTP     {endpoints.http}", f"gRPC     {endpoints.grpc}", f"metrics  {endpoints.metrics}"]


def try_lines(models: Sequence[str], endpoints: Endpoints) -> list[str]:
    """A command for each of the first models, which works as it stands, and how many models more there are."""
    import shlex

    url = "" if endpoints.http == HTTP_URL else f" --url {shlex.quote(endpoints.http)}"
    lines = [f"tk infer {shlex.quote(name)} --random{url}" for name in models[:TRIED]]
    return [*lines, f"and {len(models) - TRIED} more"] if len(models) > TRIED else lines


def _event(event: str, **fields: Any) -> None:
    terminal.out(json.dumps({"version": 1, "event": event, **fields}, ensure_ascii=False))


def _changes(seen: dict[tuple[str, str], str], snapshot: Snapshot) -> list[ModelState]:
    changed = [m for m in snapshot.models if seen.get((m.name, m.version)) != m.state and m.state]
    seen.update({(m.name, m.version): m.state for m in changed})
    return changed


def _label(model: ModelState) -> str:
    return f"{model.name} {model.version}".strip()


def _table(snapshot: Snapshot) -> Any:
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


def _show_failure(model: ModelState, prepared: Prepared) -> None:
    """Why a model did not load: the server's reason, what it means, and where the configuration says so."""
    terminal.error(f"{_label(model)} did not load: {friendly(model.reason)}")
    known = meaning(model.reason)
    if known:
        terminal.say(f"  {known.cause}")
        terminal.say(f"  help: {known.help}")
    try:
        report = lint_as_served(prepared.spec.repository / model.name, prepared.spec.release, prepared.spec.server_args)
    except TkError:
        return
    for diagnostic in errors(report):
        terminal.say(f"  {place(diagnostic)}")
