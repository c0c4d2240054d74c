"""``tk load``: load models on a running server, or load those that have changed anew."""

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


def load(
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
    """Load models on a running server, or load those that have changed anew.

    A model that is served already is loaded anew if its files have changed. Each is waited for until its versions are
    ready. One that fails is told with its reason, and where the mistake stands if the repository is known; a version
    that was served before is served on. Ends with 1 when any failed.
    """
    seconds = check_seconds(timeout)
    address = find_server(url, server, grpc)
    source = source_of(address, repository)
    with open_client(address, header, ca, cert, key, timeout=min(seconds, ANSWER)) as client:

        def act(name: str) -> model_control.ControlResult:
            return model_control.load(client, name, config=source.config(name) if source.cpu else None, timeout=seconds)

        return run_each(client, models, act, verb="load", source=source, json=format == "json")
