"""``tk unload``: unload models from a running server."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.model_control import run_each
from triton_kit.cli.support.options import Format, Models, ModelTimeout
from triton_kit.cli.support.server_options import ServerOptions
from triton_kit.client import model_control
from triton_kit.serve.source import ANSWER, Source


def unload(
    models: Models,
    dependents: Annotated[bool, Option("--dependents", help="Unload what an ensemble is made of, too.")] = False,
    timeout: ModelTimeout = 120.0,
    *,
    server: ServerOptions,
    format_: Format = "text",
) -> int:
    """Unload models from a running server.

    Ensembles that use a model go with it. Each is waited for until all its versions are gone. Ends with 1 when any is
    still served, or is not a model.
    """
    place = server.place(models)
    source = Source()
    with server.connect(place, timeout=min(timeout, ANSWER)) as client:

        def act(name: str) -> model_control.ControlResult:
            return model_control.unload(client, name, dependents=dependents, timeout=timeout)

        return run_each(client, models, act, verb="unload", source=source, json=format_ == "json")
