"""``tk health``: ask a running server what it has ready."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Annotated

from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format, seconds_option
from triton_kit.cli.support.server_options import ModelVersion, ServerOptions
from triton_kit.cli.support.table import table
from triton_kit.cli.support.terminal import console, live, out, out_json, say, style
from triton_kit.client import NoAnswer
from triton_kit.client.health import Health, ModelHealth, examine, waits_for, watch
from triton_kit.client.types import ServerMetadata
from triton_kit.errors import UsageError
from triton_kit.repository.release import release_of_server
from triton_kit.value import replace

QUICK, PATIENT = 5.0, 60.0
"""Seconds to wait for an answer, and for all to be ready."""


def health(
    address: Annotated[str, Argument(metavar="[URL]", help="Where the server is, as --url says it, too.")] = "",
    model: Annotated[
        list[str] | None, Option("--model", "-m", metavar="MODEL", help="Look at this model only; repeatable.")
    ] = None,
    model_version: ModelVersion = "",
    wait: Annotated[bool, Option("--wait", help="Wait until all of it is ready.")] = False,
    timeout: Annotated[
        float | None, seconds_option("How long an answer may take (5), or with --wait all to be ready (60).")
    ] = None,
    *,
    server: ServerOptions,
    format_: Format = "text",
) -> int:
    """Ask a running server what it has ready.

    A model counts as ready when the server's index and the model itself say so. Without --model, everything counts
    that the server has tried to load. Ends with 0 when all is ready, 1 when not, 3 when nobody answers.
    """
    if model_version and not model:
        raise UsageError("--model-version needs a model", hint="add --model NAME")
    seconds = timeout if timeout is not None else PATIENT if wait else QUICK
    if address and server.url:
        raise UsageError("the address is given twice", hint="leave --url out")
    with replace(server, url=address or server.url).connect(timeout=min(QUICK, seconds), models=model or ()) as client:
        if wait:
            found = _wait(watch(client, models=model or (), version=model_version, timeout=seconds))
        else:
            found = examine(client, models=model or (), version=model_version)
        if format_ == "json":
            out_json(_json(client.url, client.protocol, found))
        else:
            _show(client.url, found)
    if wait and not found.healthy:
        say(f"not ready after {seconds:g} s: waited for {waits_for(found)}")
    return 0 if found.healthy else 1


def _wait(looks: Iterable[Health | NoAnswer]) -> Health:
    """Look on until all is ready or the time is over, telling what is still missing."""
    status, shown = None, ""
    found: Health | NoAnswer | None = None
    if live():
        status = console().status("waiting")
        status.start()
    try:
        for found in looks:
            pending = waits_for(found)
            if pending and pending != shown:
                shown = pending
                if status is not None:
                    status.update(f"waiting for {pending.replace('[', chr(92) + '[')}")
                else:
                    say(f"waiting for {pending}")
    finally:
        if status is not None:
            status.stop()
    if isinstance(found, NoAnswer):
        raise found
    assert found is not None
    return found


def _show(url: str, found: Health) -> None:
    facts = [
        ("server", f"{_called(found.server)} at {url}".strip()),
        ("live", _yes(found.live)),
        ("ready", _yes(found.healthy)),
        ("round trip", f"{1000 * found.round_trip:.1f} ms"),
    ]
    width = max(40, min(100, shutil.get_terminal_size().columns)) - 12
    extensions = textwrap.wrap(", ".join(found.server.extensions), width, break_on_hyphens=False) or ["none"]
    facts += [("extensions" if i == 0 else "", line) for i, line in enumerate(extensions)]
    for name, value in facts:
        out(f"{style(name.ljust(10), 'dim')}  {value}")
    out()
    if found.unlisted is not None and not found.models:
        out(f"models not listed: {found.unlisted}")
    elif not found.models:
        out("no models")
    else:
        for line in table(("model", "version", "state", "reason"), rows(found.models)):
            out(line)


def _called(server: ServerMetadata) -> str:
    """What the server says it is, and the container release of that where tk knows it."""
    container = release_of_server(server.version)
    return f"{server.name} {server.version}" + (f" ({container})" if container else "")


def _yes(value: bool) -> str:
    return style("yes", "green") if value else style("no", "red")


def rows(models: Sequence[ModelHealth]) -> list[tuple[str, str, str, str]]:
    """Name, version, state and the first line of the reason, as ``table`` takes them."""
    return [_row(model) for model in models]


def _row(model: ModelHealth) -> tuple[str, str, str, str]:
    color = "green" if model.ready else "red" if model.wanted else "dim"
    reason = next((line.strip() for line in model.reason.splitlines() if line.strip()), "")
    return model.name, model.version or "-", style(model.state.lower(), color), reason


def _json(url: str, protocol: str, found: Health) -> dict[str, object]:
    return {
        "url": url,
        "protocol": protocol,
        "live": found.live,
        "ready": found.healthy,
        "round_trip_ms": round(1000 * found.round_trip, 3),
        "server": {
            "name": found.server.name,
            "version": found.server.version,
            "release": release_of_server(found.server.version),
            "extensions": list(found.server.extensions),
        },
        "models": [
            {
                "name": m.name,
                "version": m.version,
                "state": m.state,
                "ready": m.ready,
                "counts": m.wanted,
                "reason": m.reason,
            }
            for m in found.models
        ],
        "unlisted": found.unlisted,
    }
