"""``tk models``: the models of a running server, version by version."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.health import rows
from triton_kit.cli.support.options import Format, seconds_option
from triton_kit.cli.support.server_options import ServerOptions
from triton_kit.cli.support.table import table
from triton_kit.cli.support.terminal import out, out_json, say
from triton_kit.client import model_control
from triton_kit.client.health import ModelHealth


def models(
    timeout: Annotated[float, seconds_option("How long an answer may take.")] = 5.0,
    *,
    server: ServerOptions,
    format_: Format = "text",
) -> int:
    """List the models of a running server: each version, its state, and why it is not ready.

    A version counts as ready when the server's index and the model itself say so. Models that were never loaded, or
    were unloaded, are listed too.
    """
    with server.connect(timeout=timeout) as client:
        found = model_control.models(client)
        if format_ == "json":
            out_json({"url": client.url, "protocol": client.protocol, "models": list(map(_json, found))})
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
