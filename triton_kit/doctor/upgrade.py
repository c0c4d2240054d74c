"""What breaks in a repository, and in the flags of its server, between one release and another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from triton_kit.doctor.checks.driver import demand
from triton_kit.doctor.driver_versions import cuda_major, least_compute, least_driver, runs
from triton_kit.doctor.step import GROUPS, Step
from triton_kit.doctor.upgrade_table import parameters, table_steps
from triton_kit.errors import UsageError
from triton_kit.linter.diagnostic import Diagnostic, Severity
from triton_kit.linter.engine import lint
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.repository.release import Release, filter_flags, python_of, release, releases
from triton_kit.runtime.gpu.devices import Devices

_ENGINE_FILES = ("*.plan", "*.engine")
_NOTES = "NVIDIA's Triton release notes"


def advise(
    repository: Path | None, before: str, after: str, *, flags: Sequence[str] = (), devices: Devices | None = None
) -> tuple[Step, ...]:
    """The steps from one container release to another, what breaks first. Raises UsageError for the same release."""
    if before == after:
        raise UsageError(f"{after} is the release already", hint="name the other one: --release YY.MM, or --from YY.MM")
    models = [] if repository is None else list(Repository(repository).models.values())
    steps = [
        *_flags(before, after, flags),
        *([] if repository is None else _findings(repository, before, after)),
        *_plans(models),
        *_environments(models, before, after),
        *table_steps(models, before, after, flags),
        *_machine(before, after, devices),
        *_libraries(models, before, after),
        *_new_flags(before, after),
    ]
    return tuple(sorted(steps, key=lambda step: (GROUPS.index(step.group), step.since or "")))


def path_between(before: str, after: str) -> list[str]:
    """The releases that an upgrade passes, without the first one; of one back, the other release alone."""
    known = [name for name in releases() if before < name < after]
    return [*known, after]


def _flags(before: str, after: str, flags: Sequence[str]) -> Iterator[Step]:
    known = {(problem.argument, problem.severity) for problem in filter_flags(release(before), flags)}
    for problem in filter_flags(release(after), flags):
        if (problem.argument, problem.severity) not in known:
            yield Step(
                group="must" if problem.severity == "error" else "should",
                what=problem.message,
                remedy=problem.help,
                source="server, command_line_parser.cc",
            )


def _findings(repository: Path, before: str, after: str) -> Iterator[Step]:
    """What the linter says on the way and not before; what is wrong before, too, does not concern the change.

    What is right again at the end is told, since nobody should stay where it is wrong.
    """
    known = set(_found(repository, before))
    first: dict[tuple[object, ...], str] = {}
    last: dict[tuple[object, ...], str] = {}
    seen: dict[tuple[object, ...], Diagnostic] = {}
    for name in path_between(before, after):
        for key, found in _found(repository, name).items():
            if key not in known:
                first.setdefault(key, name)
                last[key], seen[key] = name, found
    for key, found in seen.items():
        passing = last[key] != after
        where = f"{found.file}:{found.span.line}: " if found.file else ""
        span = f"in {first[key]} to {last[key]} alone: " if passing else ""
        group = "must" if found.severity is Severity.ERROR else "should"
        yield Step(
            group="know" if passing else group,  # type: ignore[arg-type]
            what=f"{span}{where}{found.message}",
            remedy=f"do not stay between, or: {found.help}" if passing else found.help,
            source=f"tk explain {found.rule}",
            since=first[key],
            until=last[key] if passing else None,
        )


def _found(repository: Path, container: str) -> Mapping[tuple[object, ...], Diagnostic]:
    found = lint(repository, release=container).diagnostics
    return {(d.rule, d.model, d.file, d.span): d for d in found if d.severity is not Severity.NOTE}


def _plans(models: Sequence[Model]) -> Iterator[Step]:
    for model in models:
        plans = [path for pattern in _ENGINE_FILES for path in model.path.glob(f"*/{pattern}")]
        if plans:
            yield Step(
                group="must",
                what=f"{plans[0]} was built for one release of TensorRT",
                remedy=f"build it again in the image of the other release (tk convert tensorrt {model.name})",
                source="server issue 5793",
            )


def _environments(models: Sequence[Model], before: str, after: str) -> Iterator[Step]:
    old, new = python_of(before), python_of(after)
    if old is None or new is None or old == new:
        return
    since = next((name for name in path_between(before, after) if python_of(name) == new), None)
    for model in models:
        if "EXECUTION_ENV_PATH" in parameters(model):
            yield Step(
                group="must",
                what=f"{model.config_path} names an environment, and Python goes from {old} to {new}",
                remedy=f"pack the environment again with Python {new}",
                source="server, docs/introduction/compatibility.md",
                since=since,
            )


def _machine(before: str, after: str, devices: Devices | None) -> Iterator[Step]:
    target = release(after)
    if devices is None or not devices.found:
        yield from _other_driver(release(before), target)
        return
    gpu, driver = devices.found[0], devices.driver
    if driver and runs(target, driver, gpu.name) == "no" and runs(release(before), driver, gpu.name) != "no":
        yield Step(
            group="must",
            what=f"{demand(target)}, and this machine has the driver {driver}",
            remedy="update the driver first",
            source="NVIDIA, CUDA minor version compatibility",
        )
    least = least_compute(after)
    if least and gpu.compute and tuple(map(int, gpu.compute.split("."))) < least:
        yield Step(
            group="must",
            what=f"{gpu.name} has compute capability {gpu.compute}, and {after} wants {'.'.join(map(str, least))}",
            remedy="stay with the older release on this machine",
            source=_NOTES,
        )


def _other_driver(old: Release, new: Release) -> Iterator[Step]:
    """What the machines with GPUs need, where this one has none that could be asked."""
    had, wants = least_driver(old), least_driver(new)
    if had and wants and wants > had:
        passed = path_between(old.container, new.container)
        yield Step(
            group="should",
            what=f"CUDA goes from {cuda_major(old)} to {cuda_major(new)}: GPUs need the driver {wants}, not {had}",
            remedy=f"see that the machines with GPUs have the driver {wants} or later",
            source="NVIDIA, CUDA minor version compatibility",
            since=next((name for name in passed if least_driver(release(name)) == wants), None),
        )


def _libraries(models: Sequence[Model], before: str, after: str) -> Iterator[Step]:
    """Which libraries that run the models are other ones, as far as both are known."""
    old, new = release(before), release(after)
    used = {_backend(model) for model in models}
    for name, title, was, becomes in (
        ("onnxruntime", "ONNX Runtime", old.onnxruntime, new.onnxruntime),
        ("openvino", "OpenVINO", old.openvino, new.openvino),
    ):
        if name in used and was and becomes and was != becomes:
            yield Step(
                group="know",
                what=f"{title} goes from {was} to {becomes}",
                remedy="compare the answers: tk test, before and after",
                source="server, build.py",
            )


def _backend(model: Model) -> str:
    try:
        return model.backend
    except Broken:
        return ""


def _new_flags(before: str, after: str) -> Iterator[Step]:
    new = [name for name, flag in release(after).flags.items() if flag.since and flag.since > before]
    if new and after > before:
        yield Step(
            group="know",
            what=f"tritonserver has new flags: {', '.join(f'--{name}' for name in new)}",
            remedy=None,
            source="server, command_line_parser.cc",
        )
