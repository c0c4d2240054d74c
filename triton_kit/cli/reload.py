"""``tk reload``: reload models on a running server, changed or not."""

from __future__ import annotations

from triton_kit.cli.support.model_control import run_each, source_of
from triton_kit.cli.support.options import Format, Models, ModelTimeout, ServedRepository
from triton_kit.cli.support.server_options import ServerOptions
from triton_kit.client import model_control
from triton_kit.serve.source import ANSWER


def reload(
    models: Models,
    repository: ServedRepository = None,
    timeout: ModelTimeout = 120.0,
    *,
    server: ServerOptions,
    format_: Format = "text",
) -> int:
    """Reload models on a running server, changed or not.

    A server loads a model again only if the times of its files have changed; this loads it in any case, without a
    change to the repository. The version that is served goes only when the new one is ready, and stays when that fails.
    Ends with 1 when any failed.
    """
    place = server.place(models)
    source = source_of(place, repository)
    with server.connect(place, timeout=min(timeout, ANSWER)) as client:

        def act(name: str) -> model_control.ControlResult:
            return model_control.reload(client, name, config=source.config(name), timeout=timeout)

        return run_each(client, models, act, verb="reload", source=source, json=format_ == "json")
