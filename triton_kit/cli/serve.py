"""``tk serve``: a server for the repository, until Ctrl-C."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.errors import UsageError
from triton_kit.runtime.hidden_arguments import hide
from triton_kit.runtime.serve_plan import ServeRequest, plan_server
from triton_kit.runtime.state.restart import to_json

if TYPE_CHECKING:
    import typer


def serve(
    path: Annotated[str | None, typer.Argument(help="The model repository; by default the project's.")] = None,
    server_args: Annotated[
        list[str] | None, typer.Argument(metavar="[-- FLAG...]", help="Flags for tritonserver, after a --.")
    ] = None,
    runtime: Annotated[str, typer.Option(help="auto, docker, podman or local (the embedded server).")] = "auto",
    release: Annotated[
        str | None, typer.Option(metavar="YY.MM", help="The Triton release; tk.yaml's, or 24.10.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="Another image than the official one of the release.")] = None,
    gpus: Annotated[str, typer.Option(help="auto, all, none, or indices or UUIDs: 0,1.")] = "auto",
    cpu: Annotated[
        bool, typer.Option("--cpu", help="Put the models' GPU instances on the CPU; nothing changes on disk.")
    ] = False,
    bind: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(help="HTTP port; 0 takes a free one.")] = 8000,
    grpc_port: Annotated[int, typer.Option(help="gRPC port; 0 takes a free one.")] = 8001,
    metrics_port: Annotated[int, typer.Option(help="Metrics port; 0 takes a free one.")] = 8002,
    shm_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Shared memory of the container, as 512m; computed by default.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="The most memory that the container may use, as 8g.")
    ] = None,
    cpus: Annotated[
        float | None, typer.Option(metavar="N", help="The most processors that the container may use, as 1.5.")
    ] = None,
    user: Annotated[
        str, typer.Option(metavar="UID[:GID]", help="Whom the container runs as: auto (not root), image, or a number.")
    ] = "auto",
    name: Annotated[str | None, typer.Option(help="The server's name; made up by default.")] = None,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME[=VALUE]", help="A variable for the server; may be repeated.")
    ] = None,
    model_control: Annotated[
        str, typer.Option(help="none, or explicit: every model is loaded, and can be loaded anew.")
    ] = "none",
    pull: Annotated[str, typer.Option(help="missing, always or never.")] = "missing",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long the models may take to load.")] = 120.0,
    strict: Annotated[bool, typer.Option("--strict", help="End when any model fails to load.")] = False,
    no_validate: Annotated[bool, typer.Option("--no-validate", help="Start without checking first.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check and load anew what changes in the repository, as it is saved.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="End when the models are ready, and leave the server running.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the command line and end.")] = False,
    output: Annotated[str, typer.Option("--format", help="text, or json: one event a line.")] = "text",
) -> int:
    """Serve the repository, say when each model is ready, show the log until Ctrl-C.

    Models that fail are shown with the reason, and the others are served. Ctrl-C ends the server: the exit code is 0
    after it was ready, and 130 before. With --detach it runs on: see tk ps, tk logs, tk stop and tk restart.
    """
    from triton_kit.cli.support import serve_loop, serve_output

    if output not in ("text", "json"):
        raise UsageError(f"--format {output!r} is unknown", hint="choose from: text, json")
    hide(item.partition("=")[2] for item in env or ())
    repository, default_release, flags = serve_loop.defaults(path, server_args or [])
    request = ServeRequest(
        repository=repository,
        runtime=runtime,
        release=release or default_release,
        image=image,
        gpus=gpus,
        cpu=cpu,
        watch=watch,
        bind=bind,
        http_port=http_port,
        grpc_port=grpc_port,
        metrics_port=metrics_port,
        shm_size=shm_size,
        memory=memory,
        cpus=cpus,
        user=user,
        model_control=model_control,
        name=name,
        pull=pull,
        env=tuple(env or ()),
        server_args=flags,
        verbose=terminal.settings.verbose,
        detach=detach,
        progress=serve_loop.show_progress,
    )
    plan = plan_server(request, environment=os.environ)
    terminal.detail(f"GPUs: {plan.gpus.gpus} ({plan.gpus.reason})")
    if not no_validate:
        serve_loop.validate(request, plan.gpus)
    for message, hint in plan.notes:
        terminal.warn(message, hint=hint)
    if dry_run:
        argv = plan.runtime.argv(plan.spec)
        if output == "json":
            terminal.out_json({"argv": argv})
        else:
            terminal.out(shlex.join(argv))
        return 0
    again = {"wish": to_json(request, plan.spec), "timeout": timeout, "strict": strict, "validate": not no_validate}
    board = serve_output.JsonBoard() if output == "json" else serve_output.board()
    return serve_loop.serve_until_interrupted(plan, board, timeout=timeout, strict=strict, again=again)
