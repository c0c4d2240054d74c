"""``tk models``: the models of a running server, version by version."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from triton_kit.cli.health import rows
from triton_kit.cli.support.server_options import (
    Ca,
    Cert,
    Grpc,
    Header,
    Key,
    ServerName,
    Url,
    check_seconds,
    open_client,
    place_of,
)
from triton_kit.cli.support.table import table
from triton_kit.cli.support.terminal import out, out_json, say
from triton_kit.client import model_control
from triton_kit.client.health import ModelHealth


def models(
    url: Url = "",
    server: ServerName = None,
    grpc: Grpc = False,
    header: Header = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    timeout: Annotated[float, typer.Option(help="Seconds for an answer.")] = 5.0,
    format: Annotated[Literal["text", "json"], typer.Option(help="How to print the result.")] = "text",  # noqa: A002
) -> int:
    """List the models of a running server: each version, its state, and why it is not ready.

    A version counts as ready when the server's index and the model itself say so. Models that were never loaded, or
    were unloaded, are listed too.
    """
    with open_client(place_of(url, server, grpc), header, ca, cert, key, timeout=check_seconds(timeout)) as client:
        found = model_control.models(client)
        if format == "json":
            out_json({"version": 1, "url": client.url, "protocol": client.protocol, "models": list(map(_json, found))})
        elif not found:
            say(f"{client.url} has no models")
        else:
            for line in table(("model", "version", "state", "reason"), rows(found)):
                out(line)
    return 0


def _json(model: ModelHealth) -> dict[str, object]:
    return {
        "name": model.name,
        "version": model.version,
        "state": model.state,
        "ready": model.ready,
        "reason": model.reason,
    }
