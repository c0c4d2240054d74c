"""From what the user asks of a server to what will be run: every choice is made, nothing is started."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from triton_kit.errors import TkError, UsageError
from triton_kit.model.repository import Repository
from triton_kit.model.server_flags import server_options
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.release import Release, filter_flags, flag_name
from triton_kit.runtime import PULLS, RUNTIMES, ports, shared_memory
from triton_kit.runtime.container import ENGINES, Engine
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.container.env_file import the_engines_own
from triton_kit.runtime.container.user import Identity, one_identity
from triton_kit.runtime.container.user import check as check_identity
from triton_kit.runtime.docker import DockerRuntime, image, new_name, outside_links
from triton_kit.runtime.further_repositories import check_further, directories
from triton_kit.runtime.gpu.cpu_only import DeferredLoad, divide
from triton_kit.runtime.gpu.selection import NO_GPU, GpuChoice
from triton_kit.runtime.gpu.selection import choose as choose_gpus
from triton_kit.runtime.ignored_settings import ignored_settings
from triton_kit.runtime.limits import refuse_limits, size_of
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.model_control_mode import CONTROLS, control_flags, model_control
from triton_kit.runtime.restricted_endpoints import closing_flags
from triton_kit.runtime.served_release import default_image, release_here, served_release
from triton_kit.runtime.types import Note, Runtime, ServerSpec
from triton_kit.suggestion import suggest

_OURS: Mapping[str, str] = {
    "model-repository": "give the repository as PATH",
    "model-store": "give the repository as PATH",
    "http-port": "write --http-port before the --",
    "grpc-port": "write --grpc-port before the --",
    "metrics-port": "write --metrics-port before the --",
    "http-address": "write --bind before the --",
    "grpc-address": "write --bind before the --",
    "metrics-address": "write --bind before the --",
    "exit-on-error": "write --strict before the --",
    "log-file": "redirect the output of tk serve instead",
    "help": "see tk serve --help",
}
"""Flags that tk writes itself, or without which it cannot see what happens, and what to do instead."""

_ON_CPU = GpuChoice(gpus="none", reason="--cpu", count=0)


def _silent(_line: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest:
    """What the user asks for, as written, with ``more`` repositories beside the first one.

    A port of 0 is any free one, ``shm_size`` of ``None`` is computed.
    A ``release`` of ``None`` is that of what runs: the newest one in an engine, the embedded server's without one.

    With a ``model_control`` of ``explicit`` every model is loaded at the start, and can be loaded again at any time;
    ``cpu`` and ``watch`` need that. ``cpu`` puts GPU instances on the CPU, and ``watch`` reloads what changes.
    """

    repository: Path
    more: tuple[str, ...] = ()
    runtime: str = "auto"
    release: str | None = None
    image: str | None = None
    gpus: str = "auto"
    cpu: bool = False
    watch: bool = False
    bind: str = "127.0.0.1"
    http_port: int = 8000
    grpc_port: int = 8001
    metrics_port: int = 8002
    shm_size: str | None = None
    memory: str | None = None
    cpus: float | None = None
    user: str = "auto"
    model_control: str = "none"
    name: str | None = None
    pull: str = "missing"
    env: tuple[str, ...] = ()
    server_args: tuple[str, ...] = ()
    verbose: bool = False
    detach: bool = False
    progress: Callable[[str], None] = field(default=_silent)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """What will run, and what the user should know of it beforehand: sentences with their remedies.

    ``deferred`` are models to load when the server answers, since it cannot load them as they are.
    """

    runtime: Runtime
    spec: ServerSpec
    gpus: GpuChoice = NO_GPU
    deferred: tuple[DeferredLoad, ...] = ()
    cpu: bool = False
    watch: bool = False
    notes: tuple[Note, ...] = ()


def plan_server(request: ServeRequest, *, environment: Mapping[str, str]) -> ServePlan:
    """Choose runtime, ports, GPUs and shared memory. ``environment`` is what ``--env NAME`` takes values from.

    Raises UsageError for what does not make sense, TkError for what this machine cannot do; starts nothing.
    """
    _check_words(request)
    places = (request.repository, *directories(request.more))
    for place in places:
        check_repository(place)
    env = parse_env(request.env, environment)
    given, memory = size_of("--shm-size", request.shm_size), size_of("--memory", request.memory)
    control = model_control(request.server_args, option=request.model_control, needs=_needs_control(request))
    wanted = request.image or default_image(request.release)
    runtime = choose_runtime(request.runtime, wanted, pull=request.pull, progress=request.progress)
    engine = runtime.engine if isinstance(runtime, DockerRuntime) else None
    check_further(request.more, embedded=engine is None, needs=_needs_control(request))
    served = served_release(request.release, engine=engine, image=request.image)
    target = served.release
    request = replace(request, release=target.container)
    warnings = check_server_args(target, request.server_args)
    if engine is None:
        refuse_limits(request.memory, request.cpus)
    http, grpc, metrics = ports.choose(request.bind, request.http_port, request.grpc_port, request.metrics_port)
    identity = one_identity(request.user, places, maps_users=engines.maps_users(engine)) if engine else Identity()
    chosen = _ON_CPU if request.cpu else choose_gpus(request.gpus, engine=engine)
    seen = as_served(request, gpus=chosen.count)
    all_seen = (seen, *(Repository(place, seen.options) for place in places[1:]))
    flags, own = request.server_args, engine is None and release_here() is not None
    division = divide(seen) if request.cpu else None
    shared = shared_memory.shm_size(*all_seen, flags=flags) if engine else shared_memory.LEAST
    spec = ServerSpec(
        repository=request.repository,
        more=request.more,
        release=target.container,
        release_known=served.known,
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        bind=request.bind,
        image=request.image,
        gpus=chosen.gpus,
        gpu_way=chosen.way,
        shm_size=given or shared,
        memory=memory,
        cpus=request.cpus,
        user=identity.user,
        groups=identity.groups,
        control=control,
        name=request.name or new_name(request.repository),
        pull=request.pull,
        env=env,
        server_args=(
            *closing_flags(target, control=control, given=request.server_args),
            *control_flags(control, request.server_args, needs=_needs_control(request), division=division),
            *request.server_args,
        ),
        verbose=request.verbose,
        detach=request.detach,
    )
    return ServePlan(
        runtime=runtime,
        spec=spec,
        gpus=chosen,
        deferred=division.deferred if division else (),
        cpu=request.cpu,
        watch=request.watch,
        notes=(
            *warnings,
            *served.notes,
            *_notes(request, spec, engine),
            *ignored_settings(all_seen, flags, embedded=own),
        ),
    )


def as_served(request: ServeRequest, *, gpus: int | None = None) -> Repository:
    """The repository as the server that the user asks for sees it: what is decided about its models is decided on this.

    ``gpus`` is how many GPUs the server has, ``None`` where that is not known.
    """
    needs = _needs_control(request)
    control = model_control(request.server_args, option=request.model_control, needs=needs)
    flags = (*control_flags(control, request.server_args, needs=needs), *request.server_args)
    return Repository(request.repository, server_options(flags, release=request.release, gpus=gpus))


def check_repository(path: Path) -> None:
    """Raise UsageError for a path that is not a directory, or is a model instead of a repository of models."""
    Repository(path).models  # noqa: B018 - reads the directory, and says what is wrong with it
    if (path / CONFIG_NAME).is_file():
        raise UsageError(
            f"{path} is a model, not a repository", hint=f"serve the directory that it is in: {path.parent}"
        )


def choose_runtime(
    wanted: str, image: str, *, pull: str = "missing", progress: Callable[[str], None] = _silent
) -> Runtime:
    """The runtime of that name. ``auto`` is Docker if it answers and has the image, otherwise the embedded server."""
    for candidate in ENGINES:
        found = wanted == "auto" and engines.answers(candidate)
        if wanted == candidate or (found and (pull == "always" or engines.has_image(candidate, image))):
            return DockerRuntime(engine=candidate, progress=progress)
    return LocalRuntime(progress=progress)


def check_server_args(target: Release, arguments: Sequence[str]) -> tuple[Note, ...]:
    """What to mention of flags meant for tritonserver; raises UsageError for those that it, or tk, would not take."""
    for argument in arguments:
        name = flag_name(argument) if argument.startswith("--") else ""
        if name in _OURS:
            raise UsageError(f"--{name} is set by tk", hint=_OURS[name])
        if name == "allow-http" and argument.lower().endswith(("=false", "=0", "=no")):
            raise UsageError(f"{argument} leaves no port to see on whether models are ready", hint="leave it out")
    problems = filter_flags(target, arguments)
    for problem in problems:
        if problem.severity == "error":
            raise UsageError(problem.message, hint=problem.help)
    return tuple((problem.message, problem.help) for problem in problems)


def parse_env(items: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """``NAME=VALUE`` and ``NAME`` (its value from ``environment``) as a mapping; else UsageError."""
    found = {}
    for item in items:
        name, given, value = item.partition("=")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            # The value may be a secret, and is shown nowhere.
            raise UsageError(f"--env {name!r} is not a variable's name", hint="write --env NAME=VALUE or --env NAME")
        if "\0" in value or (value and re.search(r"[\r\n]", value) and the_engines_own(name)):
            raise UsageError(
                f"the value of --env {name} has a character that it cannot have", hint="write it in one line"
            )
        if not given and name not in environment:
            raise UsageError(f"--env {name} is not set here", hint=f"write --env {name}=VALUE")
        found[name] = value if given else environment[name]
    return found


def image_of(plan: ServePlan) -> str | None:
    """The image that will run, or ``None`` where no container is involved."""
    return image(plan.spec) if isinstance(plan.runtime, DockerRuntime) else None


def _check_words(request: ServeRequest) -> None:
    for option, value, known in (
        ("--runtime", request.runtime, RUNTIMES),
        ("--pull", request.pull, PULLS),
        ("--model-control", request.model_control, CONTROLS),
    ):
        if value not in known:
            raise UsageError(f"{option} {value!r} is unknown", hint=suggest(value, known))
    if request.name is not None and not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,99}", request.name):
        raise UsageError(f"--name {request.name!r} is not a name for a server", hint="take letters, digits, _ . and -")
    if request.image is not None and not re.fullmatch(r"[A-Za-z0-9][\w.:/@-]*", request.image, re.ASCII):
        raise UsageError(f"--image {request.image!r} is not the name of an image", hint="write it as REPOSITORY:TAG")
    if request.cpus is not None and not 0.01 <= request.cpus < float("inf"):
        raise UsageError(f"--cpus {request.cpus:g} is not a number of processors", hint="write it as 2 or 1.5")
    check_identity(request.user)
    if request.cpu and request.gpus not in ("auto", "none"):
        raise UsageError(f"--cpu and --gpus {request.gpus} exclude each other", hint="choose one")
    if request.watch and request.detach:
        raise UsageError("--watch ends with tk, so it does not go with --detach", hint="choose one")
    if request.runtime == "local" and request.image:
        raise UsageError("--image needs a container, and --runtime is local", hint="leave one of them out")


def _needs_control(request: ServeRequest) -> str | None:
    """The option that cannot do without explicit model control."""
    return "--cpu" if request.cpu else "--watch" if request.watch else None


def _notes(request: ServeRequest, spec: ServerSpec, engine: Engine | None) -> list[Note]:
    notes: list[Note] = []
    if request.runtime == "auto" and request.image and engine is None:
        raise TkError(
            f"image {request.image} is not on this machine, or no container engine answers",
            hint="take --runtime docker, which says what is wrong and pulls the image",
        )
    for place in (spec.repository, *directories(spec.more)) if engine is not None else ():
        if not (links := outside_links(place)):
            continue
        first = links[0].relative_to(place.resolve())
        more = f" and {len(links) - 1} more" if len(links) > 1 else ""
        notes.append((f"{first}{more} links out of the repository, which is broken in a container", "copy the files"))
    if spec.bind not in ("127.0.0.1", "::1", "localhost"):
        notes.append((f"the server can be reached from other machines: it listens on {spec.bind}", None))
    return notes
