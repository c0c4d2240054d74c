"""What the commands that start a server have in common: defaults, the check before it, the exit code."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.cli.support.release import named_release
from triton_kit.cli.support.served_findings import one_line
from triton_kit.runtime.further_repositories import directories, is_remote, stand_in
from triton_kit.runtime.gpu.selection import GpuChoice
from triton_kit.runtime.serve_plan import ServePlan, ServeRequest, as_served
from triton_kit.serve import loop
from triton_kit.serve.findings import refusal, refused_as_served
from triton_kit.serve.loop import Board

if TYPE_CHECKING:
    from triton_kit.project.serve_settings import ServeSettings


def defaults(
    path: str | None,
    server_args: Sequence[str],
    *,
    release: str | None = None,
    image: str | None = None,
    settings: ServeSettings | None = None,
    as_json: bool = False,
) -> tuple[Path, str | None, tuple[str, ...]]:
    """Repository, release and server flags: what follows ``--`` is not a path, and tk.yaml fills what is missing.

    ``release`` and ``image`` are those of the options, see ``named_release``, ``settings`` those of tk.yaml.
    """
    from triton_kit.project.settings import find

    flags = list(server_args)
    if path is not None and path.startswith("-"):
        flags.insert(0, path)
        path = None
    if settings is not None:
        flags[:0] = settings.flags
    project = find()
    written = settings.release if settings is not None else None
    chosen = named_release(release, project, image=image, written=written, as_json=as_json)
    if path is not None:
        return stand_in(path) if is_remote(path) else Path(path), chosen, tuple(flags)
    if project:
        return project.repository, chosen, tuple(flags)
    usual = Path("model_repository")
    return usual if usual.is_dir() else Path(), chosen, tuple(flags)


def split_words(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Further repositories, and flags for tritonserver: these begin with a dash, and follow the others."""
    repositories = tuple(itertools.takewhile(lambda word: not word.startswith("-"), words))
    return repositories, list(words[len(repositories) :])


def show_progress(line: str) -> None:
    """Show a line about something that takes time before the start: a pull, the first fetch of the server."""
    if line.strip():
        terminal.say(line)


def validate(request: ServeRequest, gpus: GpuChoice) -> None:
    """Lint the repository for a machine with these GPUs and show its errors; raises ProblemsFound where there are."""
    server = as_served(request, gpus=gpus.count).options
    found = refused_as_served(request.repository, server, cpu=request.cpu, more=directories(request.more))
    if not found:
        return
    for diagnostic in found:
        terminal.say(one_line(diagnostic))
        if diagnostic.help:
            terminal.say(f"  help: {diagnostic.help}")
    raise refusal(found, request.repository, gpus)


def serve_until_interrupted(
    plan: ServePlan, board: Board, *, timeout: float, strict: bool, again: Mapping[str, object] | None = None
) -> int:
    """Run the server as ``serve.loop.run`` does and show it: 0 when Ctrl-C came after it was ready."""
    loop.run(plan, board, timeout=timeout, strict=strict, again=again)
    return 0
