"""What breaks in a repository, and in the flags of its server, between one release and another."""

from __future__ import annotations

import csv
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from triton_kit.doctor.driver_versions import least_compute, runs
from triton_kit.errors import UsageError
from triton_kit.linter.diagnostic import Diagnostic, Severity
from triton_kit.linter.engine import lint
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.repository.release import filter_flags, python_of, release
from triton_kit.resources import resource
from triton_kit.runtime.gpu.devices import Devices

_ENGINE_FILES = ("*.plan", "*.engine")
_EVERYONE = frozenset(("http", "shared-memory", "model-analyzer"))
"""Changes that concern clients, of which a repository says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do for the other release: ``breaks`` fails there, ``look`` may; with its source."""

    weight: Literal["breaks", "look"]
    what: str
    remedy: str | None
    source: str


def advise(
    repository: Path | None, before: str, after: str, *, flags: Sequence[str] = (), devices: Devices | None = None
) -> tuple[Step, ...]:
    """The steps from one container release to another, what breaks first. Raises UsageError for the same release."""
    if before == after:
        raise UsageError(f"{after} is the release already", hint="name the other one: --release YY.MM, or --from YY.MM")
    steps = [
        *_flags(before, after, flags),
        *_findings(repository, before, after),
        *_plans(repository),
        *_environments(repository, before, after),
        *_table(repository, before, after, flags),
        *_machine(before, after, devices),
    ]
    return tuple(sorted(steps, key=lambda step: step.weight != "breaks"))


def _flags(before: str, after: str, flags: Sequence[str]) -> Iterator[Step]:
    known = {(problem.argument, problem.severity) for problem in filter_flags(release(before), flags)}
    for problem in filter_flags(release(after), flags):
        if (problem.argument, problem.severity) not in known:
            weight: Literal["breaks", "look"] = "breaks" if problem.severity == "error" else "look"
            yield Step(
                weight=weight, what=problem.message, remedy=problem.help, source="server, command_line_parser.cc"
            )


def _findings(repository: Path | None, before: str, after: str) -> Iterator[Step]:
    """What the linter says of the other release alone; what is wrong in both does not concern the change."""
    if repository is None:
        return
    known = {_key(found) for found in lint(repository, release=before).diagnostics}
    for found in lint(repository, release=after).diagnostics:
        if _key(found) not in known and found.severity is not Severity.NOTE:
            where = f"{found.file}:{found.span.line}: " if found.file else ""
            yield Step(
                weight="breaks" if found.severity is Severity.ERROR else "look",
                what=f"{where}{found.message}",
                remedy=found.help,
                source=f"tk explain {found.rule}",
            )


def _key(found: Diagnostic) -> tuple[object, ...]:
    return found.rule, found.model, found.file, found.span


def _plans(repository: Path | None) -> Iterator[Step]:
    for model in _models(repository):
        plans = [path for pattern in _ENGINE_FILES for path in model.path.glob(f"*/{pattern}")]
        if plans:
            yield Step(
                weight="breaks",
                what=f"{plans[0]} was built for one release of TensorRT",
                remedy=f"build it again in the image of the other release (tk convert tensorrt {model.name})",
                source="server issue 5793",
            )


def _environments(repository: Path | None, before: str, after: str) -> Iterator[Step]:
    old, new = python_of(before), python_of(after)
    if old is None or new is None or old == new:
        return
    for model in _models(repository):
        if "EXECUTION_ENV_PATH" in _parameters(model):
            yield Step(
                weight="breaks",
                what=f"{model.config_path} names an environment, and Python goes from {old} to {new}",
                remedy=f"pack the environment again with Python {new}",
                source="server, docs/introduction/compatibility.md",
            )


def _table(repository: Path | None, before: str, after: str, flags: Sequence[str]) -> Iterator[Step]:
    first, last = sorted((before, after))
    concerns = {*_EVERYONE, *(_concerns(repository))}
    given = " ".join(flags)
    for row in csv.DictReader(resource("doctor/upgrades.csv").read_text(encoding="utf-8").splitlines()):
        named = [word.partition("=")[0] for word in row["remedy"].split() if word.startswith("--") and word != "--"]
        solved = any(flag in given for flag in named)
        between = after > before and first < row["release"] <= last and not (row["until"] and last > row["until"])
        if between and row["concerns"] in concerns and not solved:
            what = f"from {row['release']} on {row['change']}"
            yield Step(weight="look", what=what, remedy=row["remedy"], source=row["source"])


def _concerns(repository: Path | None) -> Iterator[str]:
    for model in _models(repository):
        with suppress(Broken):
            yield model.backend or model.platform
        if "TRITON_BATCH_STRATEGY_PATH" in _parameters(model):
            yield "batch-strategy"


def _parameters(model: Model) -> Container[str]:
    """The keys of a model's parameters; none where they cannot be read."""
    try:
        return model.config.parameters or ()
    except Broken:
        return ()


def _machine(before: str, after: str, devices: Devices | None) -> Iterator[Step]:
    if devices is None or not devices.found:
        return
    gpu, driver = devices.found[0], devices.driver
    target, least = release(after), least_compute(after)
    if driver and runs(target, driver, gpu.name) == "no" and runs(release(before), driver, gpu.name) != "no":
        yield Step(
            weight="breaks",
            what=f"{after} wants the driver {target.min_driver}, and this machine has {driver}",
            remedy="update the driver first",
            source="NVIDIA's Triton release notes",
        )
    if least and gpu.compute and tuple(map(int, gpu.compute.split("."))) < least:
        yield Step(
            weight="breaks",
            what=f"{gpu.name} has compute capability {gpu.compute}, and {after} wants {'.'.join(map(str, least))}",
            remedy="stay with the older release on this machine",
            source="NVIDIA's Triton release notes",
        )


def _models(repository: Path | None) -> list[Model]:
    return [] if repository is None else list(Repository(repository).models.values())
