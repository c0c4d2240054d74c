"""``tk demo``: serve the sample repository and let it read a digit."""

from __future__ import annotations

import os
import shlex
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.options import Format
from triton_kit.cli.support.runtime_options import TrialOptions
from triton_kit.errors import ProblemsFound, TkError

if TYPE_CHECKING:
    from triton_kit.client.answer import Class
    from triton_kit.runtime.health import Snapshot
    from triton_kit.runtime.serve_plan import ServePlan
    from triton_kit.runtime.types import Server

ENSEMBLE, IMAGE = "digits", "digit.png"
REPEAT = 20
"""Requests after the first one, of which the median time is shown: the first one warms everything up."""
TIMEOUT = 120.0
"""Seconds for the models to become ready; they take about two where the machine is not busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said to the picture: the best classes, the best first, and how long it took in seconds."""

    classes: tuple[Class, ...]
    first: float
    median: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A server that was left running: how to stop it, and the directory that is then of no more use."""

    stop: str
    directory: Path
    log: Path | None
    pid: int | None = None
    container: str | None = None


def demo(
    keep: Annotated[bool, Option("--keep", help="Leave the server running, and say how to end it.")] = False,
    *,
    trial: TrialOptions,
    format_: Format = "text",
) -> None:
    """Serve a copy of the sample repository with a real Triton, and let it read a picture of a digit."""
    from triton_kit.runtime.temporary_directory import make_directory

    with ExitStack() as ending:
        place = make_directory(ending, prefix="tk-demo-")
        models = _copy_sample(place)
        _validate(models)
        plan = _prepare(models, trial, keep=keep)
        with _serving(plan) as server:
            answer = _ask(server, models / IMAGE)
            kept = _kept(plan, place) if keep else None
            if format_ == "json":
                terminal.out_json(_as_json(answer, server, plan, kept))
            else:
                _show(answer, server)
        if keep:
            ending.pop_all()
    if kept is None:
        _done("server ended, copy removed")
    if format_ == "text":
        _show_next(server, kept)


def _copy_sample(place: Path) -> Path:
    from triton_kit.resources import resource

    models = place / "models"
    shutil.copytree(resource("sample_repository"), models, ignore=shutil.ignore_patterns("__pycache__"))
    return models


def _validate(models: Path) -> None:
    from triton_kit.linter.engine import lint

    report = lint(models)
    if not report.ok:
        first = report.diagnostics[0]
        raise ProblemsFound(
            f"the sample repository has problems, the first in {first.file.relative_to(models)}: {first.message}",
            hint="reinstall triton-kit: it ships without any",
        )
    _done("sample repository copied and checked", f"{len(report.models)} models, nothing that a server would refuse")


def _prepare(models: Path, options: TrialOptions, *, keep: bool) -> ServePlan:
    """Choose how to serve: on ports that are free, so that a demo gets into nobody's way."""
    from triton_kit.cli.support.serve_settings import trial_request
    from triton_kit.runtime.serve_plan import plan_server

    request = replace(
        trial_request(options),
        repository=models,
        gpus="none",
        http_port=0,
        grpc_port=0,
        metrics_port=0,
        name=models.parent.name,
        detach=keep,
    )
    plan = plan_server(request, environment=os.environ)
    for note, hint in plan.notes:
        terminal.warn(note, hint=hint)
    return plan


@contextmanager
def _serving(plan: ServePlan) -> Iterator[Server]:
    """A server with every model ready, each shown as it becomes ready; ended with the block unless it is to stay."""
    from triton_kit.runtime.lifecycle import registered
    from triton_kit.runtime.restricted_endpoints import mask_secrets

    shown: set[str] = set()

    def show_ready(snapshot: Snapshot) -> None:
        for name in dict.fromkeys(model.name for model in snapshot.models):
            versions = [model for model in snapshot.models if model.name == name]
            if name not in shown and all(model.state in ("LOADED", "READY") for model in versions):
                shown.add(name)
                _done(name, f"versions {' and '.join(m.version for m in versions)}" if len(versions) > 1 else "")

    terminal.detail(f"starting {plan.runtime.name}: {shlex.join(mask_secrets(plan.runtime.argv(plan.spec)))}")
    with registered(plan, timeout=TIMEOUT, on_snapshot=show_ready) as (server, snapshot):
        for failed in snapshot.failed:
            raise ProblemsFound(f"{failed.name} did not load: {failed.reason.strip()}")
        _done(f"{server.description} is up", f"{snapshot.seconds:.1f} s")
        yield server


def _ask(server: Server, image: Path) -> Answer:
    """Send the picture through the ensemble over HTTP, and once more for the time it takes."""
    import numpy as np

    from triton_kit.client import Inference, connect
    from triton_kit.client.answer import read_class

    picture = np.array([[image.read_bytes()]], dtype=object)
    request = Inference(model=ENSEMBLE, inputs={"image": picture}, outputs=("scores",), classes={"scores": 3})
    with connect(server.endpoints.http) as client:
        result = client.infer(request)
        times = [client.infer(request).seconds for _ in range(REPEAT)]
    classes = tuple(read_class(best) for best in result.outputs["scores"].ravel())
    if not classes:
        raise TkError(f"{ENSEMBLE} answered without a class")
    return Answer(classes=classes, first=result.seconds, median=statistics.median(times))


def _kept(plan: ServePlan, place: Path) -> Kept:
    from triton_kit.runtime.state.registry import find

    assert plan.spec.name is not None
    known = find(plan.spec.name)
    stop = f"tk stop {known.name} && rm -r {shlex.quote(str(place))}"
    return Kept(stop=stop, directory=place, log=known.log, pid=known.pid, container=known.container)


def _done(text: str, aside: str = "") -> None:
    tick = terminal.style("✓", "green", stream=sys.stderr)
    note = terminal.style(f"  {aside}", "dim", stream=sys.stderr) if aside else ""
    terminal.say(f"{tick} {text}{note}")


def _show(answer: Answer, server: Server) -> None:
    terminal.say()
    for i, found in enumerate(answer.classes):
        score = f"{found.label}  {found.score:.3f}"
        terminal.out(f"{IMAGE if i == 0 else '':<11}{terminal.style(score, 'dim' if i else 'bold')}")
    aside = terminal.style(f"median of {REPEAT}, the first took {answer.first * 1e3:.1f} ms", "dim")
    terminal.out(f"{'latency':<11}{answer.median * 1e3:.1f} ms  {aside}")
    terminal.out(f"{'http':<11}{server.endpoints.http}/v2/models/{ENSEMBLE}/infer")
    terminal.out(f"{'grpc':<11}{server.endpoints.grpc}")
    terminal.out(f"{'metrics':<11}{server.endpoints.metrics}")
    terminal.say()


def _show_next(server: Server, kept: Kept | None) -> None:
    if kept is None:
        terminal.say("\nNext:")
        terminal.say("  tk demo --keep                the same, and the server stays for you to try")
        terminal.say("  tk init my-project --sample   a project that begins with these models")
        return
    url = server.endpoints.http
    terminal.say("The server is still running. Try it:")
    terminal.say(f"  tk health {url}")
    terminal.say(f"  tk infer {ENSEMBLE} --image {shlex.quote(str(kept.directory / 'models' / IMAGE))} --url {url}")
    terminal.say("End it, and remove its copy of the models:")
    terminal.say(f"  {kept.stop}")


def _as_json(answer: Answer, server: Server, plan: ServePlan, kept: Kept | None) -> dict[str, object]:
    best = answer.classes[0]
    return {
        "image": IMAGE,
        "model": ENSEMBLE,
        "label": best.label,
        "score": best.score,
        "top": [{"label": found.label, "index": found.index, "score": found.score} for found in answer.classes],
        "latency_ms": {"first": answer.first * 1e3, "median": answer.median * 1e3, "requests": REPEAT},
        "runtime": plan.runtime.name,
        "server": server.description,
        "endpoints": {
            "http": server.endpoints.http,
            "grpc": server.endpoints.grpc,
            "metrics": server.endpoints.metrics,
        },
        "kept": None
        if kept is None
        else {
            "stop": kept.stop,
            "directory": str(kept.directory),
            "log": None if kept.log is None else str(kept.log),
            "pid": kept.pid,
            "container": kept.container,
        },
    }
