"""``tk reload``: load models anew on a running server, changed or not."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from triton_kit.cli.support.model_control import Models, Patience, RepositoryPath, run_each, source_of
from triton_kit.cli.support.server_options import (
    Ca,
    Cert,
    Grpc,
    Header,
    Key,
    ServerName,
    Url,
    check_seconds,
    find_server,
    open_client,
)
from triton_kit.client import model_control
from triton_kit.serve.source import ANSWER


def reload(
    models: Models,
    url: Url = "",
    server: ServerName = None,
    grpc: Grpc = False,
    repository: RepositoryPath = None,
    timeout: Patience = 120.0,
    header: Header = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="How to print the result.")] = "text",  # noqa: A002
) -> int:
    """Load models anew on a running server, changed or not.

    A server loads a model again only if the times of its files have changed; this loads it in any case, without a
    change to the repository. The version that is served goes only when the new one is ready, and stays when that fails.
    Ends with 1 when any failed.
    """
    seconds = check_seconds(timeout)
    address = find_server(url, server, grpc)
    source = source_of(address, repository)
    with open_client(address, header, ca, cert, key, timeout=min(seconds, ANSWER)) as client:

        def act(name: str) -> model_control.ControlResult:
            return model_control.reload(client, name, config=source.config(name), timeout=seconds)

        return run_each(client, models, act, verb="reload", source=source, json=format == "json")
