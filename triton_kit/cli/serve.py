"""``tk serve``: a server for the repository, until Ctrl-C."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated, Literal

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import build_request
from triton_kit.cli.support.options import Release, RepositoryPath, format_option
from triton_kit.cli.support.runtime_options import (
    ContainerOptions,
    ListenOptions,
    LoadTimeout,
    ModelsOptions,
    Ports,
    Profile,
)
from triton_kit.cli.support.serve_settings import image_of, project_settings, with_ports, with_settings
from triton_kit.runtime.further_repositories import is_remote
from triton_kit.runtime.hidden_arguments import hide
from triton_kit.runtime.serve_plan import ServeRequest, plan_server
from triton_kit.runtime.state.restart import to_json


def serve(
    path: RepositoryPath = None,
    server_args: Annotated[
        list[str] | None,
        Argument(metavar="[DIR...] [-- FLAG...]", help="Further repositories; flags for tritonserver, after a --."),
    ] = None,
    release: Release = None,
    *,
    container: ContainerOptions,
    listen: ListenOptions,
    models: ModelsOptions,
    ports: Ports = None,
    profile: Profile = None,
    timeout: LoadTimeout = 120.0,
    strict: Annotated[bool, Option("--strict", help="End when any model fails to load.")] = False,
    no_validate: Annotated[bool, Option("--no-validate", help="Start without checking first.")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Print the command line and end.")] = False,
    format_: Annotated[
        Literal["text", "json"], format_option("How to print the result; json: one event a line.")
    ] = "text",
) -> int:
    """Serve the repository, say when each model is ready, show the log until Ctrl-C.

    Models that fail are shown with the reason, and the others are served. Ctrl-C ends the server: the exit code is 0
    after it was ready, and 130 before. With --detach it runs on: see tk ps, tk logs, tk stop and tk restart.
    """
    from triton_kit.cli.support import serve_loop, serve_output

    settings = project_settings(profile)
    image = image_of(container.image, release, settings)
    container = with_settings(container, replace(settings, image=image))
    listen = with_settings(with_ports(listen, ports), settings)
    models = with_settings(models, settings)
    hide(item.partition("=")[2] for item in container.env or ())
    more, words = serve_loop.split_words(server_args or [])
    repository, named, flags = serve_loop.defaults(
        path, words, release=release, image=container.image, settings=settings
    )
    if path is not None and is_remote(path):
        more = (path, *more)
    request = build_request(
        ServeRequest,
        container,
        listen,
        models,
        repository=repository,
        more=more,
        release=named,
        server_args=flags,
        verbose=terminal.settings.verbose,
        progress=serve_loop.show_progress,
    )
    plan = plan_server(request, environment=os.environ)
    terminal.detail(f"GPUs: {plan.gpus.gpus} ({plan.gpus.reason})")
    if not no_validate:
        serve_loop.validate(replace(request, release=plan.spec.release), plan.gpus)
    for message, hint in plan.notes:
        terminal.warn(message, hint=hint)
    if dry_run:
        command = plan.runtime.command(plan.spec)
        if format_ == "json":
            terminal.out_json(command._asdict())
        else:
            terminal.out(command.line)
        return 0
    again = {"wish": to_json(request, plan.spec), "timeout": timeout, "strict": strict, "validate": not no_validate}
    board = serve_output.JsonBoard() if format_ == "json" else serve_output.board()
    return serve_loop.serve_until_interrupted(plan, board, timeout=timeout, strict=strict, again=again)
