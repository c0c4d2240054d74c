"""Whether a server is ready, model by model, and what it is still waiting for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.types import ModelIndexEntry, ServerMetadata

if TYPE_CHECKING:
    from triton_kit.client.types import Client

READY, NOT_LOADED = "READY", "UNLOADED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHealth:
    """A version of a model.

    ``state`` is the index's, with ``UNLOADED`` for what was never loaded or was unloaded on purpose, and ``MISSING``
    for what was asked for and is not there. ``wanted`` says whether the whole is unhealthy without it.
    """

    name: str
    version: str
    state: str
    reason: str
    wanted: bool

    @property
    def ready(self) -> bool:
        """Whether it can be asked now."""
        return self.state == READY


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a server said of itself; ``round_trip`` is in seconds.

    ``unlisted`` is why the server does not list its models, ``None`` where it does.
    """

    server: ServerMetadata
    live: bool
    ready: bool
    models: tuple[ModelHealth, ...]
    unlisted: str | None
    round_trip: float

    @property
    def healthy(self) -> bool:
        """Whether the server and every model that is wanted are ready."""
        return self.live and self.ready and not self.missing

    @property
    def missing(self) -> tuple[ModelHealth, ...]:
        """The models that are wanted and not ready."""
        return tuple(m for m in self.models if m.wanted and not m.ready)


def examine(client: Client, *, models: Sequence[str] = (), version: str = "") -> Health:
    """Ask the server, and each model that it lists, or only ``models`` in ``version``.

    A model is ready when the index says so and the model itself agrees: ``/v2/health/ready`` stays true after a model
    was unloaded, and turns false while another one is loading. Where models are named, only they decide. Raises
    NoAnswer and ServerError as the client does.
    """
    live = client.live()
    start = time.perf_counter()
    ready = client.ready()
    round_trip = time.perf_counter() - start
    server = client.server_metadata()
    unlisted: str | None = None
    entries: tuple[ModelIndexEntry, ...] = ()
    try:
        entries = client.index()
    except ServerError as error:
        unlisted = error.message
    if models:
        found = tuple(h for name in dict.fromkeys(models) for h in _named(client, entries, name, version, unlisted))
    else:
        found = tuple(_listed(client, entry, _state(entry) != NOT_LOADED) for entry in entries)
    # A server that loads something else just now is not ready as a whole; what was asked for may well be.
    return Health(
        server=server,
        live=live,
        ready=ready or bool(models),
        models=tuple(sorted(found, key=_order)),
        unlisted=unlisted,
        round_trip=round_trip,
    )


def listed(client: Client) -> tuple[ModelHealth, ...]:
    """Every version of every model that the server knows, sorted; ready is what the model itself says, too.

    Raises NoAnswer and ServerError as the client does.
    """
    found = (_listed(client, entry, _state(entry) != NOT_LOADED) for entry in client.index())
    return tuple(sorted(found, key=_order))


def watch(
    client: Client, *, models: Sequence[str] = (), version: str = "", timeout: float, pause: float = 0.25
) -> Iterator[Health | NoAnswer]:
    """Examine again and again, ``pause`` seconds apart, until all is healthy or ``timeout`` seconds have passed.

    Yields at least once; the last value is the verdict.
    """
    deadline = time.monotonic() + timeout
    while True:
        found: Health | NoAnswer
        try:
            found = examine(client, models=models, version=version)
        except NoAnswer as error:
            found = error
        yield found
        if (isinstance(found, Health) and found.healthy) or time.monotonic() + pause >= deadline:
            return
        time.sleep(pause)


def waits_for(found: Health | NoAnswer) -> str:
    """What is still missing, in a few words; empty when nothing is."""
    if isinstance(found, NoAnswer):
        return "an answer"
    if not found.live or (not found.ready and not found.missing):
        return "the server"
    names = list(dict.fromkeys(m.name for m in found.missing))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _named(
    client: Client, entries: Sequence[ModelIndexEntry], name: str, version: str, unlisted: str | None
) -> Iterator[ModelHealth]:
    """What is known of a model that was asked for: the versions that count, or that it is not there."""
    mine = [e for e in entries if e.name == name and version in ("", e.version)]
    if unlisted is not None:
        state = READY if client.model_ready(name, version) else "UNAVAILABLE"
        yield ModelHealth(name=name, version=version, state=state, reason="", wanted=True)
    elif not mine:
        reason = "no such version" if any(e.name == name for e in entries) else "no such model"
        yield ModelHealth(name=name, version=version, state="MISSING", reason=reason, wanted=True)
    else:
        # Old versions that the server unloaded by its policy do not count while a newer one is there.
        loaded = [e for e in mine if _state(e) != NOT_LOADED]
        for entry in mine:
            yield _listed(client, entry, entry in loaded or not loaded)


def _listed(client: Client, entry: ModelIndexEntry, wanted: bool) -> ModelHealth:
    state, reason = _state(entry), entry.reason
    if state == READY and not client.model_ready(entry.name, entry.version):
        state, reason = "UNAVAILABLE", "listed as ready, and says itself that it is not"
    return ModelHealth(name=entry.name, version=entry.version, state=state, reason=reason, wanted=wanted)


def _state(entry: ModelIndexEntry) -> str:
    """The state; a model that was unloaded is UNAVAILABLE with the reason "unloaded" in core's index."""
    if not entry.state or (entry.state == "UNAVAILABLE" and entry.reason == "unloaded"):
        return NOT_LOADED
    return entry.state


def _order(model: ModelHealth) -> tuple[str, tuple[int, str]]:
    return model.name, _number(model.version)


def _number(version: str) -> tuple[int, str]:
    return (int(version) if version.isdecimal() else 0, version)
