"""``tk serve --watch``: what changes in the repository is checked, and loaded again while the old version serves."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triton_kit.client import model_control
from triton_kit.errors import ProblemsFound, TkError
from triton_kit.runtime.config_override import written_config
from triton_kit.runtime.gpu.cpu_only import members_first, members_of
from triton_kit.runtime.serve_plan import ServePlan
from triton_kit.runtime.types import Server
from triton_kit.serve.file_changes import changes
from triton_kit.serve.findings import refused_as_served
from triton_kit.serve.source import ANSWER, Source

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.client.health import ModelHealth
    from triton_kit.linter.diagnostic import Diagnostic

LINGERING = 2.0
"""Seconds that the thread gets to end; it may be in a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """What became of a model that changed: ``verb`` is load, reload or unload."""

    verb: str
    outcome: model_control.ControlResult
    findings: Sequence[Diagnostic] = ()


class NoWatcher:
    """For a server whose repository is not watched."""

    def __enter__(self) -> NoWatcher:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def begin(self, server: Server) -> None:
        """Act on changes from now on."""

    def changes(self) -> Iterator[ModelChange]:
        """What became of the changes since the last call; never blocks."""
        return iter(())


class Watcher(NoWatcher):
    """Watches from its start on, and acts, in a thread of its own, on a server that it is told of by ``begin``.

    Use it as a context manager. ``changes`` raises TkError when the repository cannot be watched.
    """

    def __init__(self, plan: ServePlan, *, timeout: float) -> None:
        spec = plan.spec
        source = Source(repository=spec.repository, release=spec.release, server_args=spec.server_args, cpu=plan.cpu)
        self._reloader = Reloader(source, gpus=plan.gpus.count, timeout=timeout)
        self._repository = spec.repository
        self._server: Server | None = None
        self._begun = threading.Event()
        self._stop = threading.Event()
        self._done: queue.Queue[ModelChange | Exception] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._begun.set()
        self._thread.join(LINGERING)

    def begin(self, server: Server) -> None:
        self._server = server
        self._begun.set()

    def changes(self) -> Iterator[ModelChange]:
        while True:
            try:
                found = self._done.get_nowait()
            except queue.Empty:
                return
            if isinstance(found, Exception):
                raise found
            yield found

    def _run(self) -> None:
        missed: set[str] = set()
        try:
            for names in changes(self._repository, self._stop):
                self._begun.wait()
                server = self._server
                if server is None or self._stop.is_set():
                    return
                missed |= names
                try:
                    self._act(server, missed)
                except OSError:  # what was read went meanwhile, which is another change
                    continue
                except TkError as error:
                    if server.exit_code is not None:
                        return  # as the one that follows the server sees
                    for name in sorted(missed):
                        self._done.put(ModelChange(verb="reload", outcome=_failed(name, error)))
                missed = set()
        except Exception as error:
            self._done.put(error)

    def _act(self, server: Server, names: set[str]) -> None:
        from triton_kit.client import connect

        with connect(server.endpoints.http, headers=server.endpoints.headers, timeout=ANSWER) as client:
            for change in self._reloader.take(client, names):
                self._done.put(change)


@dataclass(slots=True)
class Reloader:
    """Keeps what a server serves up to what its repository says, model by model.

    ``waiting`` are the models whose new state is not served: a server would refuse it, or an ensemble went with a model
    that is gone. They are tried again whenever something changes.
    """

    source: Source
    gpus: int | None
    timeout: float
    waiting: dict[str, tuple[Diagnostic, ...]] = field(default_factory=dict)

    def take(self, client: Client, names: Iterable[str]) -> Iterator[ModelChange]:
        """Act on models that changed, came or went, and report what became of each."""
        changed = set(names)
        served = _by_name(model_control.models(client))
        there = {name for name in changed | self.waiting.keys() if self._is_there(name)}
        for name in sorted((changed | self.waiting.keys()) - there):
            self.waiting.pop(name, None)
            if client.model_ready(name):
                outcome = model_control.unload(client, name, timeout=self.timeout)
                self.waiting |= dict.fromkeys(outcome.others, ())
                yield ModelChange(verb="unload", outcome=outcome)
        for name in self._in_order(there):
            ready = any(version.ready for version in served.get(name, ()))
            verb = "reload" if ready else "load"
            if findings := self._against(name, served):
                known = self.waiting.get(name) == tuple(findings)
                self.waiting[name] = tuple(findings)
                if name in changed or not known:
                    yield ModelChange(verb=verb, outcome=_refused(name, served, findings), findings=findings)
                continue
            self.waiting.pop(name, None)
            self.source.prepare(name)
            outcome = model_control.reload(client, name, config=self.source.config(name), timeout=self.timeout)
            yield ModelChange(verb=verb, outcome=outcome)

    def _is_there(self, name: str) -> bool:
        """Whether there is a model of that name: a directory that has files by now."""
        assert self.source.repository is not None
        place = self.source.repository / name
        return place.is_dir() and any(path.is_file() for path in place.rglob("*"))

    def _against(self, name: str, served: Mapping[str, Sequence[ModelHealth]]) -> list[Diagnostic]:
        """What a server would refuse in the model, or else in the ensembles that use it and are served now."""
        assert self.source.repository is not None
        server = self.source.as_served(gpus=self.gpus).options
        found = refused_as_served(self.source.repository / name, server, cpu=self.source.cpu)
        own = [diagnostic for diagnostic in found if diagnostic.model == name]
        return own or [d for d in found if any(version.ready for version in served.get(str(d.model), ()))]

    def _in_order(self, names: set[str]) -> list[str]:
        repository = self.source.as_served()
        models = {name: repository.model(name) for name in sorted(names)}
        configs = {name: written_config(model) if model is not None else None for name, model in models.items()}
        return members_first({name: members_of(config or {}) & names for name, config in configs.items()})


def _by_name(models: Iterable[ModelHealth]) -> dict[str, list[ModelHealth]]:
    found: dict[str, list[ModelHealth]] = {}
    for model in models:
        found.setdefault(model.name, []).append(model)
    return found


def _refused(
    name: str, served: Mapping[str, Sequence[ModelHealth]], findings: Sequence[Diagnostic]
) -> model_control.ControlResult:
    others = sorted({str(finding.model) for finding in findings} - {name})
    what = f"{', '.join(others)} with it" if others else "it"
    count = f"{len(findings)} error{'' if len(findings) == 1 else 's'}"
    return _failed(name, ProblemsFound(f"a server would refuse {what}, for {count}"), served.get(name, ()))


def _failed(name: str, error: TkError, versions: Sequence[ModelHealth] = ()) -> model_control.ControlResult:
    return model_control.ControlResult(model=name, versions=tuple(versions), seconds=0.0, error=error)
