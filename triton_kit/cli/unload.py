"""``tk unload``: unload models from a running server."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from triton_kit.cli.support.model_control import Models, Patience, run_each
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
from triton_kit.serve.source import ANSWER, Source


def unload(
    models: Models,
    dependents: Annotated[bool, typer.Option("--dependents", help="Unload what an ensemble is made of, too.")] = False,
    url: Url = "",
    server: ServerName = None,
    grpc: Grpc = False,
    timeout: Patience = 120.0,
    header: Header = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="How to print the result.")] = "text",  # noqa: A002
) -> int:
    """Unload models from a running server.

    Ensembles that use a model go with it. Each is waited for until all its versions are gone. Ends with 1 when any is
    still served, or is no model.
    """
    seconds = check_seconds(timeout)
    address = find_server(url, server, grpc)
    source = Source()
    with open_client(address, header, ca, cert, key, timeout=min(seconds, ANSWER)) as client:

        def act(name: str) -> model_control.ControlResult:
            return model_control.unload(client, name, dependents=dependents, timeout=seconds)

        return run_each(client, models, act, verb="unload", source=source, json=format == "json")
