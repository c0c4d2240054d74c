"""Load and unload models on a running server, and wait until each version has come to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.health import READY, ModelHealth, listed
from triton_kit.errors import TkError
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.client.types import Client

PAUSE = 0.02
"""Seconds between two looks at the index."""

AT_ONCE = 1.0
"""A load that took longer, in seconds, was one: where the server sees no change it answers in a few milliseconds."""

_ON_THEIR_WAY = ("LOADING", "UNLOADING")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """What became of a model: its versions as they are now, the seconds that took, or why it was refused.

    ``others`` are the names of the models whose state changed with it: ensembles, and what they are made of. After a
    failed load ``versions`` are what is served all the same.
    """

    model: str
    versions: tuple[ModelHealth, ...]
    seconds: float
    others: tuple[str, ...] = ()
    error: TkError | None = None

    @property
    def serving(self) -> tuple[ModelHealth, ...]:
        """The versions that can be asked."""
        return tuple(version for version in self.versions if version.ready)


def models(client: Client) -> tuple[ModelHealth, ...]:
    """Every version of every model, as ``listed``; where the index is closed, the error says so."""
    try:
        return listed(client)
    except ServerError as error:
        raise (explain(error, client.url) or error) from error


def load(client: Client, model: str, *, config: Mapping[str, object] | None = None, timeout: float) -> ControlResult:
    """Load a model, or load it again, and wait until its versions, and the ensembles that use it, are settled.

    ``config`` is taken instead of what the repository says. A failure that the server reports, or a version that is not
    ready in the end, is the outcome's ``error``; where the server manages its models in another way, or does not
    answer, the error is raised.
    """
    return _act(client, model, lambda seconds: client.load(model, config, timeout=seconds), timeout, wanted=True)


def reload(client: Client, model: str, *, config: Mapping[str, object] | None, timeout: float) -> ControlResult:
    """Load a model again even where the server sees no change: it compares times of files in the model's directory.

    A configuration that differs from the one that is served makes it load (core, ``model_lifecycle.cc``:AsyncLoad).
    ``config`` is what the repository says; where that is ``None``, not known, the server is asked for what it serves,
    after a first load that may have been one: then the model is loaded twice, but only where that takes no time.
    """
    if config is not None:
        return load(client, model, config=marked(config), timeout=timeout)
    first = load(client, model, timeout=timeout)
    if first.error is not None or first.seconds > AT_ONCE or not first.serving:
        return first
    served = client.config(model, first.serving[-1].version)
    return load(client, model, config=marked(served.raw), timeout=timeout)


def marked(config: Mapping[str, object]) -> Mapping[str, object]:
    """The same configuration, unlike any before: a model file for a compute capability that no device has."""
    written = config.get("cc_model_filenames")
    files = {name: file for name, file in written.items() if name != MARK} if isinstance(written, dict) else {}
    return {**config, "cc_model_filenames": {**files, MARK: str(time.time_ns())}}


MARK = "tk.reload"
"""What ``marked`` calls that compute capability."""


def unload(client: Client, model: str, *, dependents: bool = False, timeout: float) -> ControlResult:
    """Unload a model and wait until all its versions are gone; ensembles that use it go with it.

    With ``dependents`` the models that an ensemble is made of go, too. A model whose directory is gone is in no index,
    and served all the same until then. Raises as ``load`` does.
    """

    def ask(seconds: float) -> None:
        client.unload(model, dependents=dependents, timeout=seconds)

    return _act(client, model, ask, timeout, wanted=False)


def _act(client: Client, model: str, ask: Callable[[float], None], timeout: float, *, wanted: bool) -> ControlResult:
    before = _states(models(client))
    hidden = not wanted and model not in before
    if hidden and not client.model_ready(model):
        return ControlResult(model=model, versions=(), seconds=0.0, error=_unknown(model, before))
    begin = time.monotonic()
    error = _ask(client, model, ask, timeout, wanted)
    were_ready = {name for name, ready in before.items() if ready}
    while True:
        now = models(client)
        seconds = time.monotonic() - begin
        settled = _settled(now, model, were_ready, wanted) and not (hidden and client.model_ready(model))
        if settled or error is not None or seconds > timeout:
            break
        time.sleep(PAUSE)
    mine = tuple(m for m in now if m.name == model)
    if isinstance(error, ServerError) and model not in before and not mine:
        error = _unknown(model, before)
    elif error is None and not settled:
        error = _late(model, timeout, wanted)
    elif error is None and wanted:
        error = _not_ready(mine)
    others = tuple(sorted(name for name, ready in _states(now).items() if name != model and before.get(name) != ready))
    return ControlResult(model=model, versions=mine, seconds=seconds, others=others, error=error)


def _ask(
    client: Client, model: str, ask: Callable[[float], None], timeout: float, wanted: bool
) -> ServerError | NoAnswer | None:
    """What the server said against it, or that it did not come to an end in that time; raises all else."""
    begin = time.monotonic()
    try:
        ask(timeout)
    except ServerError as refused:
        if (explained := explain(refused, client.url)) is not None:
            raise explained from refused
        return refused
    except NoAnswer:
        if time.monotonic() - begin < timeout:
            raise
        return _late(model, timeout, wanted)
    return None


def _not_ready(versions: Sequence[ModelHealth]) -> ServerError | None:
    """Why none of the versions can be asked; ``None`` where one can."""
    if any(version.ready for version in versions):
        return None
    reason = next((version.reason for version in versions if version.reason), "no version of it is ready")
    return ServerError(reason, status="UNAVAILABLE")


def _settled(models: tuple[ModelHealth, ...], model: str, were_ready: set[str], wanted: bool) -> bool:
    """Whether nothing is on its way any more but versions that newer ones replace, which take their time."""
    if wanted:
        return not any(m.state == "LOADING" for m in models if m.name == model)
    gone = all(m.state not in (READY, *_ON_THEIR_WAY) for m in models if m.name == model)
    return gone and not any(m.state == "UNLOADING" for m in models if m.name in were_ready)


def _unknown(model: str, names: Iterable[str]) -> ServerError:
    hint = suggest(model, names, otherwise="see tk models")
    return ServerError("the server's repository has no such model", status="404", hint=hint)


def _late(model: str, timeout: float, wanted: bool) -> NoAnswer:
    what = "loaded" if wanted else "unloaded"
    return NoAnswer(f"{model} is not {what} after {timeout:g} s", hint="look at the server's log, or raise --timeout")


def _states(models: tuple[ModelHealth, ...]) -> dict[str, bool]:
    """Whether each model has a version that is ready."""
    states: dict[str, bool] = {}
    for model in models:
        states[model.name] = states.get(model.name, False) or model.ready
    return states


def explain(error: ServerError, url: str) -> TkError | None:
    """The refusal of a server that is not told what to load at all; ``None`` for one that is about a model."""
    lower = error.message.lower()
    if "load / unload is not allowed" in lower:
        return ServerError(
            f"{url} loads its models by itself: it is not in explicit model control",
            status=error.status,
            hint="start it with tk serve --model-control explicit",
        )
    if "restricted" in lower or error.status in ("401", "403", "UNAUTHENTICATED", "PERMISSION_DENIED"):
        hint = 'send what opens it with --header "Name: value"'
        return ServerError(f"{url} keeps its model repository closed: {error.message}", status=error.status, hint=hint)
    return None
