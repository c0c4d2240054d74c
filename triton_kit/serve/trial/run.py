"""A repository's models tried: on a fresh server whenever one of them has ended or stopped the one before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from triton_kit.errors import ProblemsFound, TkError
from triton_kit.model.repository import Repository
from triton_kit.model.server_options import ServerOptions
from triton_kit.repository.release import release_of_server
from triton_kit.runtime.docker import DockerRuntime
from triton_kit.runtime.health import NotReady, ServerDied, Snapshot
from triton_kit.runtime.restricted_endpoints import opening_headers
from triton_kit.runtime.serve_plan import ServePlan, ServeRequest, image_of, plan_server
from triton_kit.runtime.session import running
from triton_kit.runtime.types import Server
from triton_kit.serve.source import ANSWER
from triton_kit.serve.trial.loading import Loading
from triton_kit.serve.trial.on_cpu import configs_on_cpu
from triton_kit.serve.trial.order import Queue, with_members
from triton_kit.serve.trial.start import NoStart, Start, needs_farewell
from triton_kit.serve.trial.verdict import Outcome, ServerFacts, State, Verdict

START = 60.0
"""Seconds in which a server without models has to answer."""

GRACE = 3.0
"""Seconds that it gets to end by itself; by then its models are unloaded."""

TRIES = 3
"""Starts until one finds its ports free, and servers that end while they load nothing, before that is an error."""

_USED = ("already in use", "Address already in use")


def trial_flags(options: ServerOptions) -> tuple[str, ...]:
    """The flags of a server that judges as ``options`` say, and loads nothing until it is asked to."""
    flags = ["--model-control-mode=explicit", "--allow-grpc=false", "--http-thread-count=16"]
    if not options.auto_complete:
        flags.append("--disable-auto-complete-config")
    if options.config_name is not None:
        flags.append(f"--model-config-name={options.config_name}")
    if options.default_max_batch_size != ServerOptions().default_max_batch_size:
        flags.append(f"--backend-config=default-max-batch-size={options.default_max_batch_size}")
    if options.cache:
        flags.append("--cache-config=local,size=1048576")
    if options.rate_limit:
        flags.append("--rate-limit=execution_count")
        flags += [f"--rate-limit-resource={name}:{count}" for name, count in options.rate_resources]
    return tuple(flags)


def try_models(
    request: ServeRequest,
    names: Iterable[str],
    options: ServerOptions,
    *,
    clean: Callable[[str], bool],
    risky: Callable[[str], bool],
    timeout: float,
    configs: bool = False,
    on_start: Callable[[ServePlan, int], None],
    on_verdict: Callable[[Verdict], None],
) -> Outcome:
    """The verdict of a real server on each of these models, and on all that they are made of.

    ``request`` says what runs; its ports and flags are chosen here. ``clean`` are the models that should load, which
    are tried first, all at once, ``risky`` those that may end or stop a server, which are tried alone. ``timeout`` is
    how many seconds each model may take. ``on_start`` is told of each server, and how many models are left. What this
    machine cannot do is a TkError.
    """
    begin = time.monotonic()
    repository = Repository(request.repository, options)
    queue = Queue(with_members(repository, names))
    request = replace(request, http_port=0, grpc_port=0, metrics_port=0, server_args=trial_flags(options))
    plan = plan_server(request, environment=os.environ)
    request = replace(request, runtime=plan.runtime.name)
    _pass_over(queue, plan)
    facts = _facts_of(plan)
    on_cpu = configs_on_cpu(repository, queue.names) if plan.gpus.count == 0 and options.gpus != 0 else {}

    def load_on(plan: ServePlan, server: Server, started: Sequence[str] = ()) -> None:
        nonlocal facts
        facts = facts if facts.version else _facts(plan, server)
        polite = needs_farewell(repository, queue.names)
        Loading(
            server, queue, timeout=timeout, configs=configs, polite=polite, on_cpu=on_cpu, started=started,
            on_verdict=on_verdict,
        ).run()  # fmt: skip

    def settle(verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            queue.settle(verdict)
            on_verdict(verdict)

    first = queue.loadable(lambda name: clean(name) and name not in on_cpu)
    if first:
        on_start(plan, len(queue.left))
        start = Start(first, timeout=timeout)
        try:
            with _server(request, start) as (plan, server, snapshot):
                ready = list(start.verdicts(server, snapshot, configs=configs))
                settle(ready)
                load_on(plan, server, [verdict.model for verdict in ready])
        except NoStart as error:
            if error.waiting is not None:
                known, suspects = start.waiting(error.waiting, configs=configs)
                settle(known)
                queue.doubt(suspects)
    queue.doubt(name for name in queue.left if risky(name))
    idle = 0
    while queue.left:
        before = len(queue.left), len(queue.suspects)
        on_start(plan, before[0])
        with _server(request) as (plan, server, _):
            load_on(plan, server)
        idle = idle + 1 if (len(queue.left), len(queue.suspects)) == before else 0
        if idle >= TRIES:
            raise TkError(f"{facts.description} ends by itself, whatever it loads", hint="see tk doctor")
    return Outcome(
        repository=request.repository,
        root="/models" if isinstance(plan.runtime, DockerRuntime) else str(request.repository.absolute()),
        server=facts,
        verdicts=tuple(queue.verdicts[name] for name in queue.names),
        seconds=time.monotonic() - begin,
    )


@contextmanager
def _server(request: ServeRequest, start: Start | None = None) -> Iterator[tuple[ServePlan, Server, Snapshot]]:
    """A server on ports of its own, which ends with the block; it has no models but those of ``start``.

    Raises NoStart where it is these on account of which it does not answer.
    """
    names = start.names if start else ()
    for left in reversed(range(TRIES)):
        plan = plan_server(request, environment=os.environ)
        # In a repository that is only tried, nothing may change.
        flags = (*plan.spec.server_args, *(f"--load-model={name}" for name in names))
        spec = replace(plan.spec, bytecode=False, server_args=flags)
        timeout, look, stall = START, None, None
        if start is not None:
            timeout, look, stall = START + start.longest, start.look, start.patience
        started = False
        try:
            with running(
                plan.runtime, spec, models=names, timeout=timeout, on_snapshot=look, grace=GRACE, stall=stall
            ) as (server, snapshot):
                started = True
                yield plan, server, snapshot
        except (ServerDied, ProblemsFound) as error:
            if started:
                raise
            # Another program may have taken a port since it was chosen.
            if left and isinstance(error, ServerDied) and any(text in line for line in error.log for text in _USED):
                continue
            if names:
                waiting = error.snapshot if isinstance(error, NotReady) and error.waits else None
                raise NoStart(error.message, waiting=waiting) from error
            if isinstance(error, ServerDied):
                raise
            raise TkError(error.message, hint="see tk doctor, or what it says under tk serve --verbose") from None
        return


def _pass_over(queue: Queue, plan: ServePlan) -> None:
    """Give a verdict on what the embedded server cannot judge and would wait for: its ONNX backend is a Python model.

    A Python model of such a name makes every server wait.
    """
    from triton_kit.model.broken import Broken
    from triton_kit.runtime.embedded.plain_path import is_plain

    if not _is_embedded(plan):
        return
    repository = Repository(plan.spec.repository)
    for name in queue.left:
        model = repository.model(name)
        with suppress(Broken):
            if model is not None and not is_plain(name) and model.backend == "onnxruntime":
                reason = "the embedded server takes no such name for an ONNX model"
                queue.settle(Verdict(model=name, state=State.UNJUDGED, reason=reason))


def _is_embedded(plan: ServePlan) -> bool:
    from triton_kit.runtime.embedded.binaries import find_home
    from triton_kit.runtime.local import LocalRuntime

    return isinstance(plan.runtime, LocalRuntime) and find_home().origin != "path"


def _facts_of(plan: ServePlan) -> ServerFacts:
    """What is known of a server before it runs."""
    image = image_of(plan)
    secrets = {*opening_headers(plan.spec.server_args)[0].values(), *plan.spec.env.values()}
    return ServerFacts(
        description=f"{plan.runtime.name} {image}" if image else "the embedded server",
        release=plan.spec.release if _is_embedded(plan) else None,
        gpus=plan.gpus.count,
        embedded=_is_embedded(plan),
        secrets=tuple(sorted(secrets - {""})),
    )


def _facts(plan: ServePlan, server: Server) -> ServerFacts:
    """What judges, by its own word: an image, or a server on PATH, may be of any release."""
    from triton_kit.client import connect

    known = _facts_of(plan)
    try:
        with connect(server.endpoints.http, headers=server.endpoints.headers, timeout=ANSWER) as client:
            version = client.server_metadata().version
    except TkError:
        version = ""
    description = known.description if image_of(plan) or known.embedded else server.description
    return replace(known, description=description, version=version, release=release_of_server(version))
