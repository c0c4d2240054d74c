"""``tk load``: load models on a running server, or load those that have changed again."""

from __future__ import annotations

from triton_kit.cli.support.model_control import run_each, source_of
from triton_kit.cli.support.options import Format, Models, ModelTimeout, ServedRepository
from triton_kit.cli.support.server_options import ServerOptions
from triton_kit.client import model_control
from triton_kit.serve.source import ANSWER


def load(
    models: Models,
    repository: ServedRepository = None,
    timeout: ModelTimeout = 120.0,
    *,
    server: ServerOptions,
    format_: Format = "text",
) -> int:
    """Load models on a running server, or load those that have changed again.

    A model that is served already is loaded again if its files have changed. Each is waited for until its versions are
    ready. One that fails is reported with its reason, and where the mistake is if the repository is known; a version
    that was served before is served on. Ends with 1 when any failed.
    """
    place = server.place(models)
    source = source_of(place, repository)
    with server.connect(place, timeout=min(timeout, ANSWER)) as client:

        def act(name: str) -> model_control.ControlResult:
            return model_control.load(client, name, config=source.config(name) if source.cpu else None, timeout=timeout)

        return run_each(client, models, act, verb="load", source=source, json=format_ == "json")
