"""``tk validate --load``: the models on a real server, and its verdict in the report."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.cli.support.option_groups import build_request
from triton_kit.cli.support.serve_output import what_runs
from triton_kit.errors import TkError, UsageError
from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.scope import served, with_dependents
from triton_kit.model.repository import Repository
from triton_kit.model.target import find_targets
from triton_kit.runtime.docker import DockerRuntime
from triton_kit.runtime.hidden_arguments import hide
from triton_kit.runtime.serve_plan import ServePlan, ServeRequest, choose_runtime
from triton_kit.runtime.served_release import default_image, served_release
from triton_kit.serve.trial.bundle import check_place, write_bundle
from triton_kit.serve.trial.findings import Judged, compare
from triton_kit.serve.trial.run import try_models
from triton_kit.serve.trial.verdict import Outcome, State, Verdict

if TYPE_CHECKING:
    from triton_kit.cli.support.load_options import LoadOptions
    from triton_kit.cli.support.runtime_options import EngineOptions
    from triton_kit.linter.diagnostic import Report
    from triton_kit.linter.options import Options

WIDEST = 40
"""Columns for a model's name; a longer one pushes what follows to the right."""

_SAID = {
    State.READY: "loaded",
    State.REFUSED: "refused",
    State.CRASHED: "ended the server",
    State.HUNG: "not loaded in time",
    State.UNJUDGED: "not judged",
}


class Trial:
    """What became of the models on a server: the report with that, and what is said beside it."""

    def __init__(
        self, report: Report, results: Sequence[tuple[Outcome, Sequence[Judged]]], options: Options, bundle: str | None
    ) -> None:
        self.report = report
        self._results = results
        self._options = options
        self._bundle = bundle

    @property
    def judged(self) -> list[Judged]:
        return [one for _, judged in self._results for one in judged]

    def summary(self) -> str:
        """What ran, and how many models had which end, in one line; before it, what was loaded as it is not written."""
        if not self._results:
            return "no model to load"
        server = self._results[0][0].server
        release = (
            f", Triton {server.release}" if server.release else f", version {server.version}" * bool(server.version)
        )
        counts = {state: sum(one.state is state for one in self.judged) for state in State}
        said = ", ".join(f"{count} {_SAID[state]}" for state, count in counts.items() if count)
        on_cpu = [one.verdict.model for one in self.judged if one.verdict.on_cpu]
        moved = f"tried on the CPU, since the server has no GPU: {', '.join(on_cpu)}\n" if on_cpu else ""
        return f"{moved}{server.description}{release}: {said}, in {sum(o.seconds for o, _ in self._results):.1f} s"

    def as_json(self) -> Mapping[str, object]:
        """The same for programs."""
        server = self._results[0][0].server if self._results else None
        return {
            "server": server and server.description,
            "server_version": server and server.version,
            "release": server and server.release,
            "seconds": round(sum(outcome.seconds for outcome, _ in self._results), 3),
            "models": [
                {
                    "name": one.verdict.model,
                    "state": one.state.value,
                    "reason": one.reason or None,
                    "differs": one.differs,
                    "on_cpu": one.verdict.on_cpu,
                    "seconds": round(one.verdict.seconds, 3),
                }
                for one in self.judged
            ],
        }

    def finish(self) -> None:
        """Write the bundle, and ask for a report where tk and the server differ in what can be a mistake of tk."""
        if self._bundle is not None:
            write_bundle(Path(self._bundle), self.report, self._results, self._options.server)
            terminal.say(f"{self._bundle}: no weights, no code; look through it before you send it")
        differing = [one.verdict.model for one in self.judged if one.differs]
        if differing:
            verb = "is" if len(differing) == 1 else "are"
            how = f"and attach {self._bundle}" if self._bundle else "with what --bundle FILE writes"
            terminal.warn(
                f"tk and the server differ on {', '.join(differing)}, which {verb} worth a report",
                hint=f"open an issue of triton-kit {how}",
            )


def try_on_server(
    report: Report, paths: Sequence[str], options: Options, load: LoadOptions, engine: EngineOptions,
    *, show: Callable[[Report], object],
) -> Trial:  # fmt: skip
    """Load the models that the report is about, and add what the server says.

    Where that cannot be, the report is shown as it is, and the error follows.
    """
    hide(item.partition("=")[2] for item in engine.env or ())
    results: list[tuple[Outcome, Sequence[Judged]]] = []
    try:
        if load.bundle is not None:
            check_place(Path(load.bundle))
        for repository, names in _asked(paths, options):
            outcome = _outcome(report, repository, names, options, load, engine)
            report, judged = compare(report, outcome, options)
            results.append((outcome, judged))
    except UsageError:
        raise
    except TkError:
        show(report)
        raise
    return Trial(report, results, options, load.bundle)


def release_that_loads(engine: EngineOptions) -> str | None:
    """The release of what the models will be loaded on; ``None`` where that cannot be, as the attempt will say."""
    with contextlib.suppress(TkError):
        runtime = choose_runtime(engine.runtime or "auto", engine.image or default_image(None), pull=engine.pull)
        container = runtime.engine if isinstance(runtime, DockerRuntime) else None
        return served_release(None, engine=container, image=engine.image).release.container
    return None


def _asked(paths: Sequence[str], options: Options) -> list[tuple[str, list[str]]]:
    """The models that were judged, by repository."""
    found: dict[str, list[str]] = {}
    for target in with_dependents(find_targets(paths), options.server):
        names = served(Repository(target.repository, options.server)) if target.whole else target.models
        found.setdefault(target.repository, []).extend(names)
    return [(repository, list(dict.fromkeys(names))) for repository, names in found.items()]


def _outcome(
    report: Report, repository: str, names: Sequence[str], options: Options, load: LoadOptions, engine: EngineOptions
) -> Outcome:
    server = options.server
    request = build_request(
        ServeRequest,
        engine,
        repository=Path(repository),
        release="{}.{:02}".format(*server.release),
        gpus="none" if server.gpus == 0 else "auto",
        progress=_progress,
    )
    errors = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity is Severity.ERROR]
    bad = {diagnostic.model for diagnostic in errors}
    worse = {error.model for error in errors if error.message.startswith(("kills the server", "hangs the server"))}
    board = _Board(names)
    return try_models(
        request,
        names,
        server,
        clean=lambda name: name not in bad,
        risky=lambda name: name in worse,
        timeout=load.timeout,
        configs=load.bundle is not None,
        on_start=board.start,
        on_verdict=board.verdict,
    )


def _progress(line: str) -> None:
    if line.strip():
        terminal.say(line)


class _Board:
    """Says on the side how far it has come."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = min(max(map(len, names), default=0), WIDEST)
        self._started = False

    def start(self, plan: ServePlan, left: int) -> None:
        models = f"{left} model{'' if left == 1 else 's'}"
        if not self._started:
            terminal.say(f"loading {models} ({plan.runtime.name}, {what_runs(plan)})")
            for message, hint in plan.notes:
                terminal.warn(message, hint=hint)
        elif self._follows():
            terminal.say(f"  another server for {models}")
        self._started = True

    def verdict(self, verdict: Verdict) -> None:
        if self._follows():
            terminal.say(f"  {verdict.model:<{self._width}}  {verdict.seconds:5.1f} s  {_SAID[verdict.state]}")
        for line in verdict.log:
            terminal.detail(f"    {line}")

    def _follows(self) -> bool:
        """Whether somebody looks on: in a log, the end is enough."""
        return terminal.live() or terminal.settings.verbose
