"""What the commands that start a server have in common: the check before, the start, and the time until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from triton_kit.cli.support import terminal
from triton_kit.cli.support.serve_output import Board
from triton_kit.cli.support.served_findings import NEEDS_GPU, NEVER_ON_CPU, place, refused_as_served
from triton_kit.errors import ProblemsFound
from triton_kit.repository.release import DEFAULT
from triton_kit.runtime.gpu.selection import Choice
from triton_kit.runtime.health import Snapshot
from triton_kit.runtime.lifecycle import remembered
from triton_kit.runtime.serve_plan import Prepared, Wish
from triton_kit.runtime.types import Server
from triton_kit.serve.load_on_cpu import end_of, load_later
from triton_kit.serve.watch import NotWatching, Watching

PAUSE = 0.1
"""Seconds between two looks at the log of a server that is ready."""


def defaults(path: str | None, server_args: Sequence[str]) -> tuple[Path, str, tuple[str, ...]]:
    """Repository, release and server flags: what stands after ``--`` is no path, and tk.yaml fills what is missing."""
    from triton_kit.project.settings import find

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


def validate(wish: Wish, gpus: Choice) -> None:
    """Lint the repository for a machine with these GPUs and show its errors; raises ProblemsFound where there are."""
    found = refused_as_served(wish.repository, wish.release, wish.server_args, gpus=gpus.count, cpu=wish.cpu)
    if not found:
        return
    for diagnostic in found:
        terminal.say(place(diagnostic))
        if diagnostic.help:
            terminal.say(f"  help: {diagnostic.help}")
    causes = [diagnostic for diagnostic in found if diagnostic.rule != "step-model-refused"]
    if causes and all(diagnostic.rule in NEEDS_GPU for diagnostic in causes):
        models = list(dict.fromkeys(str(diagnostic.model) for diagnostic in causes))
        verb = "wants" if len(models) == 1 else "want"
        never = any(diagnostic.rule in NEVER_ON_CPU for diagnostic in causes)
        raise ProblemsFound(
            f"{', '.join(models)} {verb} a GPU that the server would not have ({gpus.reason})",
            hint="serve where there is a GPU: a TensorRT plan runs on no CPU"
            if never
            else "serve on the CPU with --cpu, which changes nothing on disk, or name GPUs with --gpus",
        )
    raise ProblemsFound(
        f"{wish.repository} has problems that the server would refuse",
        hint="correct them, or serve all the same with --no-validate",
    )


def serve_until_interrupted(
    prepared: Prepared, board: Board, *, timeout: float, strict: bool, again: Mapping[str, object] | None = None
) -> int:
    """Run the server and show it until Ctrl-C: 0 when that came after it was ready. It is gone at the end.

    A detached one runs on, and this ends once it is ready. ``again`` is what ``tk restart`` needs to know. Raises
    ProblemsFound when no model is ready (with ``strict`` when any is not), TkError when the server ends itself.
    """
    board.starting(prepared)
    was_ready = stays = False

    def load(server: Server, snapshot: Snapshot) -> Snapshot:
        return load_later(prepared, server, snapshot, on_snapshot=board.update, timeout=timeout)

    watching = Watching(prepared, timeout=timeout) if prepared.watch else NotWatching()
    life = remembered(prepared, again=again, timeout=timeout, on_snapshot=board.update, load=load)
    try:
        with watching, life as (server, snapshot):
            was_ready = not prepared.spec.detach
            board.ready(prepared, server, snapshot)
            _judge(prepared, snapshot, strict)
            if not prepared.spec.detach:
                watching.begin(server)
                _follow(server, board, watching)
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
    none_left = len(failed) == len({model.name for model in snapshot.models})
    if failed and (strict or (none_left and not prepared.watch)):
        which = "no model is ready" if not strict else f"{', '.join(failed)} did not load"
        raise ProblemsFound(f"{which}, so the server was ended")
    if failed and prepared.watch:
        terminal.warn(f"{', '.join(failed)} did not load; saving a correction loads it")
    elif failed:
        terminal.warn(f"{', '.join(failed)} did not load; the other models are served", hint=_end(prepared))


def _end(prepared: Prepared) -> str:
    return f"end it with tk stop {prepared.spec.name}" if prepared.spec.detach else "end it with Ctrl-C"


def _follow(server: Server, board: Board, watching: NotWatching) -> None:
    while True:
        code = server.exit_code
        for line in server.log():
            board.log(line)
        for change in watching.changes():
            board.changed(change)
        if code is not None:
            raise end_of(server, code)
        time.sleep(PAUSE)
