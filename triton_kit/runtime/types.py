"""A server to run, the places where it answers, and what runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from triton_kit.errors import TkError
from triton_kit.runtime.shell_command import ShellCommand

Note: TypeAlias = "tuple[str, str | None]"
"""Something that the user should know before a start, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """What to run.

    ``http_port``, ``grpc_port`` and ``metrics_port`` are TCP ports on ``bind``, already chosen (never 0): see
    ``triton_kit.runtime.ports.choose``. ``gpus`` is ``"none"``, ``"all"`` or a comma-separated list of indices or
    UUIDs, which a container gets by ``gpu_way``, a ``gpu.selection.Way``. ``shm_size`` and ``memory`` are in
    bytes, ``memory`` and ``cpus`` the most that a container may use. ``server_args`` go to tritonserver as they are.
    ``more`` are further repositories, directories or addresses such as ``s3://bucket/models``.
    ``release`` is the container release, such as ``24.10``, that models and flags are judged for, and with
    ``release_known`` what runs; ``image`` overrides the image that follows from it. ``user`` is whom a container's
    server runs as, ``UID:GID`` with the further ``groups``, or ``None`` for the image's own user. With ``detach`` the
    server outlives tk; one that is no container then writes its log to the file ``log``. ``labels`` are put on a
    container, and ``leftovers`` removed with a server that is no longer there, see ``reaper.sweep``. Without
    ``bytecode`` Python writes none beside the models.
    """

    repository: Path
    release: str
    http_port: int
    grpc_port: int
    metrics_port: int
    bind: str = "127.0.0.1"
    release_known: bool = True
    more: tuple[str, ...] = ()
    image: str | None = None
    gpus: str = "none"
    gpu_way: str | None = None
    shm_size: int = 256 * 1024 * 1024
    name: str | None = None
    pull: str = "missing"
    env: Mapping[str, str] = field(default_factory=dict)
    server_args: tuple[str, ...] = ()
    exit_on_error: bool = False
    verbose: bool = False
    memory: int | None = None
    cpus: float | None = None
    user: str | None = None
    groups: tuple[int, ...] = ()
    control: str = "none"
    detach: bool = False
    log: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    leftovers: tuple[str, ...] = ()
    bytecode: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a server answers, as base URLs without a trailing slash; gRPC as host:port.

    ``headers`` open over HTTP what is closed to others.
    """

    http: str
    grpc: str
    metrics: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Server(Protocol):
    """A server that was started. Stopping it twice is fine; it leaves nothing behind."""

    @property
    def endpoints(self) -> Endpoints: ...

    @property
    def description(self) -> str:
        """What runs, in a few words: ``docker nvcr.io/nvidia/tritonserver:24.10-py3``, ``embedded tritonserver``."""
        ...

    @property
    def exit_code(self) -> int | None:
        """``None`` while it runs, afterwards the exit code (negative: killed by that signal, as in subprocess)."""
        ...

    def log(self) -> Iterator[str]:
        """The lines of the log that came since the last call, without their line ends; never blocks."""
        ...

    def release(self) -> None:
        """Let it outlive tk from here on; it was started with ``ServerSpec.detach``."""
        ...

    def stop(self, *, grace: float = 10.0) -> None:
        """End the server: politely first, after ``grace`` seconds by force."""
        ...


@runtime_checkable
class ExplainsItsEnd(Protocol):
    """A server that knows more of its end than its log says: the container engine refused, someone killed it."""

    def explain_end(self) -> TkError | None: ...


class Runtime(Protocol):
    """A way to run a server. ``check`` raises TkError with the remedy when this machine cannot."""

    @property
    def name(self) -> str: ...

    def check(self, spec: ServerSpec) -> None: ...

    def argv(self, spec: ServerSpec) -> list[str]:
        """The command line that ``start`` runs; pure."""
        ...

    def command(self, spec: ServerSpec) -> ShellCommand:
        """The same for a shell, with the environment and what must be there first; starts nothing."""
        ...

    def start(self, spec: ServerSpec) -> Server: ...
