"""What goes wrong under ``tk serve``, a row each: one clear message, the documented exit code, nothing left over."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from docker_engine import IMAGE, containers, docker, make_model, need_image
from free_ports import free_ports
from test_lifecycle_commands import command, processes, shared_memory, until

from triton_kit.runtime.state import files as statefiles

CLASS = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
HANGS = f"import time\ntime.sleep(600)\n{CLASS}"
MISSING = f"import a_module_that_is_not_there\n{CLASS}"
ENGINE = ["--runtime", "docker", "--image", IMAGE, "--pull", "never", "--gpus", "none"]
LOCAL = ["--runtime", "local"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is given to ``tk serve``, what is done to it, and how it must end.

    ``code`` is model.py of a second model beside a good one; ``alone`` leaves the good one out. ``taken`` is the place
    of the port that something else listens on; ``needs`` is ``disk`` for a full one in ``{place}/full``, ``twin`` for
    another server of the same name. ``{silent}`` is an address that takes connections and never answers.
    """

    name: str
    exit_code: int
    says: str = ""
    arguments: tuple[str, ...] = ()
    docker: bool = False
    code: str | None = None
    alone: bool = False
    taken: int | None = None
    needs: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    phase: str = ""
    act: Callable[[Stage], object] | None = None


class Stage:
    """A ``tk serve`` in a directory of its own, with ports that are known, and a count of what it leaves."""

    def __init__(self, place: Path, fault: Fault) -> None:
        self.place = place
        self.repository = place / "models"
        if not fault.alone:
            make_model(self.repository, "good")
        if fault.code is not None:
            make_model(self.repository, "bad", code=fault.code)
        self.ports = free_ports()
        self.temporary = place / "t"
        self.temporary.mkdir()
        self.name = f"tk-fault-{self.ports[0]}"
        self.errors = place / "err"
        self.silent = ""
        self.tk: subprocess.Popen[bytes] | None = None

    def argv(self, fault: Fault) -> list[str]:
        http, grpc, metrics = self.ports
        runtime = ENGINE if fault.docker else LOCAL
        given = [
            "--http-port",
            str(http),
            "--grpc-port",
            str(grpc),
            "--metrics-port",
            str(metrics),
            "--name",
            self.name,
        ]
        own = [text.format(place=self.place, silent=self.silent) for text in fault.arguments]
        path = [] if own[:1] == ["--"] or not own or own[0].startswith("-") else [own.pop(0)]
        rest = own[own.index("--") :] if "--" in own else []
        return command(
            "serve",
            *(path or [str(self.repository)]),
            *runtime,
            *given,
            "--no-validate",
            *own[: len(own) - len(rest)],
            *rest,
        )

    def start(self, fault: Fault) -> None:
        env = {**os.environ, "TMPDIR": str(self.temporary)}
        env |= {key: value.format(place=self.place, silent=self.silent) for key, value in fault.env.items()}
        with self.errors.open("wb") as err, (self.place / "out").open("wb") as out:
            self.tk = subprocess.Popen(self.argv(fault), stdout=out, stderr=err, env=env)

    def said(self) -> str:
        return self.errors.read_text() + (self.place / "out").read_text()

    def wait_for(self, phase: str) -> None:
        """Until it is in that phase: ``pull``, ``start``, ``load`` or ``ready``."""
        word = {"pull": "pulling", "start": "starting Triton", "load": " loading", "ready": "ready after"}[phase]
        assert self.tk is not None
        assert until(lambda: word in self.said() or self.ended(), 60), self.said()

    def ended(self) -> bool:
        return self.tk is not None and self.tk.poll() is not None

    def signal(self, number: int) -> None:
        assert self.tk is not None
        self.tk.send_signal(number)

    def server(self) -> int:
        """The process of the local server: the one with our port on its command line."""
        mark = f"--http-port={self.ports[0]}".encode()
        found = [p.name for p in Path("/proc").glob("[0-9]*") if mark in _read(p / "cmdline").split(b"\0")]
        pids = [int(pid) for pid in found if b"tritonserver" in _read(Path("/proc") / pid / "cmdline").split(b"\0")[0]]
        return pids[0]

    def left(self) -> list[str]:
        """Containers, processes, state files, shared memory, temporary files."""
        there = containers(self.repository) if shutil.which("docker") else []
        directory = statefiles.servers_dir()
        files = [p.name for p in directory.iterdir() if p.name != ".lock"] if directory.is_dir() else []
        memory = [str(p) for p in shared_memory(str(self.ports[0]))]
        return [*there, *processes(self.repository), *files, *memory, *map(str, self.temporary.iterdir())]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@contextmanager
def full_disk(place: Path) -> Iterator[None]:
    """A file system of one megabyte, full."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a small file system")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=True)
    try:
        with contextlib.suppress(OSError), (place / "filler").open("wb") as file:
            file.write(bytes(2_000_000))
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def twin(stage: Stage) -> Iterator[None]:
    """Another server of the same name, which must outlive the fault."""
    free = [text for kind in ("http", "grpc", "metrics") for text in (f"--{kind}-port", "0")]
    given = command("serve", str(stage.repository), *LOCAL, "--name", stage.name, *free, "--detach")
    subprocess.run(given, check=True, capture_output=True, timeout=90)
    try:
        yield
        assert stage.name in statefiles.read_all()
    finally:
        subprocess.run(command("stop", "--forget", stage.name), check=True, capture_output=True, timeout=60)


def send(number: int) -> Callable[[Stage], object]:
    return lambda stage: stage.signal(number)


def to_server(number: int) -> Callable[[Stage], object]:
    return lambda stage: os.kill(stage.server(), number)


def paused(stage: Stage) -> None:
    docker("pause", stage.name)
    time.sleep(0.5)
    docker("unpause", stage.name)
    stage.signal(signal.SIGINT)


LOADING: dict[str, str] = {"code": HANGS, "phase": "load"}

FAULTS: tuple[Fault, ...] = (
    *(
        Fault(name=f"port of {n} taken", exit_code=3, says="in use", taken=i)
        for i, n in enumerate(("http", "grpc", "metrics"))
    ),
    *(
        Fault(name=f"port of {n} taken, docker", exit_code=3, says="in use", taken=i, docker=True)
        for i, n in enumerate(("http", "grpc", "metrics"))
    ),
    Fault(
        name="image missing", exit_code=3, says="--pull never forbids", docker=True, arguments=("--image", "tk/none:1")
    ),
    Fault(
        name="image nowhere",
        exit_code=3,
        says="cannot be pulled",
        docker=True,
        arguments=("--image", "127.0.0.1:1/tk/none:1", "--pull", "missing"),
    ),
    Fault(
        name="engine down",
        exit_code=3,
        says="docker does not answer",
        docker=True,
        env={"DOCKER_HOST": "unix://{place}/no.sock"},
    ),
    Fault(
        name="engine at a closed port",
        exit_code=3,
        says="docker does not answer",
        docker=True,
        env={"DOCKER_HOST": "tcp://127.0.0.1:1"},
    ),
    Fault(
        name="engine hangs",
        exit_code=3,
        says="hint: restart it",
        docker=True,
        env={"DOCKER_HOST": "tcp://{silent}"},
    ),
    *(
        Fault(
            name=f"{n.name} in pull",
            exit_code=-n if n == signal.SIGKILL else 128 + n,
            docker=True,
            phase="pull",
            act=send(n),
            arguments=("--image", "{silent}/tk/none:1", "--pull", "missing"),
        )
        for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
    ),
    Fault(
        name="disk full in the cache",
        exit_code=3,
        says="No space left",
        needs="disk",
        env={"TK_CACHE_DIR": "{place}/full", "TK_SERVER_WHEEL": "{place}/err"},
    ),
    Fault(
        name="disk full in the state",
        exit_code=3,
        says="No space left",
        needs="disk",
        env={"XDG_STATE_HOME": "{place}/full"},
    ),
    Fault(name="two of one name", exit_code=2, says="is running already", needs="twin"),
    Fault(
        name="memory used up",
        exit_code=1,
        says="bad",
        docker=True,
        code=f"held = b'x' * 2**30\n{CLASS}",
        arguments=("--memory", "200m", "--timeout", "10"),
    ),
    Fault(name="no engine", exit_code=3, says="docker", docker=True, env={"PATH": "{place}"}),
    Fault(name="toolkit missing", exit_code=3, says="GPU", docker=True, arguments=("--gpus", "all")),
    Fault(name="unknown flag", exit_code=2, says="--no-such-flag", arguments=("--", "--no-such-flag=1")),
    Fault(name="unknown release", exit_code=2, says="99.99", arguments=("--release", "99.99")),
    Fault(name="unknown runtime", exit_code=2, says="lxc", arguments=("--runtime", "lxc")),
    Fault(name="no such port", exit_code=2, says="99999", arguments=("--http-port", "99999")),
    Fault(name="no such memory", exit_code=2, says="--memory", arguments=("--memory", "much"), docker=True),
    Fault(name="no repository", exit_code=2, says="none", arguments=("{place}/none",)),
    Fault(name="repository is a file", exit_code=2, says="err", arguments=("{place}/err",)),
    Fault(name="one model fails", exit_code=1, says="bad did not load", code=MISSING, arguments=("--strict",)),
    Fault(
        name="one model fails, docker",
        exit_code=1,
        says="bad did not load",
        code=MISSING,
        arguments=("--strict",),
        docker=True,
    ),
    Fault(name="every model fails", exit_code=1, says="no model is ready", code=MISSING, alone=True),
    Fault(name="model.py is not Python", exit_code=1, says="no model is ready", code="def broken(:\n", alone=True),
    Fault(name="model.py raises", exit_code=1, says="no model is ready", code="raise ValueError('no')\n", alone=True),
    Fault(
        name="model.py exits", exit_code=1, says="bad", code="import os\nos._exit(3)\n", arguments=("--timeout", "4")
    ),
    Fault(
        name="model.py crashes",
        exit_code=1,
        says="bad",
        code="import ctypes\nctypes.string_at(0)\n",
        arguments=("--timeout", "4"),
    ),
    Fault(name="model hangs", exit_code=1, says="not ready after 3 s", code=HANGS, arguments=("--timeout", "3")),
    Fault(
        name="model hangs, docker",
        exit_code=1,
        says="not ready after 3 s",
        code=HANGS,
        arguments=("--timeout", "3"),
        docker=True,
    ),
    Fault(
        name="repository vanishes",
        exit_code=1,
        says="not ready after 4 s",
        arguments=("--timeout", "4"),
        act=lambda stage: shutil.rmtree(stage.repository),
        **LOADING,
    ),
    *(
        Fault(name=f"server ended by {n.name}", exit_code=3, says="ended", phase="ready", act=to_server(n))
        for n in (signal.SIGKILL, signal.SIGTERM)
    ),
    Fault(
        name="container killed",
        exit_code=3,
        says="ended",
        phase="ready",
        docker=True,
        act=lambda s: docker("kill", s.name),
    ),
    Fault(
        name="container removed",
        exit_code=3,
        says="ended",
        phase="ready",
        docker=True,
        act=lambda s: docker("rm", "--force", s.name),
    ),
    Fault(name="container paused", exit_code=0, says="stopped", phase="ready", docker=True, act=paused),
    *(
        Fault(
            name=f"{n.name} in start{', docker' * engine}",
            exit_code=128 + n,
            phase="start",
            act=send(n),
            docker=engine,
            code=HANGS,
        )
        for n in (signal.SIGINT, signal.SIGTERM)
        for engine in (False, True)
    ),
    *(
        Fault(name=f"{n.name} in load{', docker' * engine}", exit_code=128 + n, act=send(n), docker=engine, **LOADING)
        for n in (signal.SIGINT, signal.SIGTERM)
        for engine in (False, True)
    ),
    *(
        Fault(
            name=f"{n.name} when ready{', docker' * engine}",
            exit_code=0 if n == signal.SIGINT else 128 + n,
            phase="ready",
            act=send(n),
            docker=engine,
        )
        for n in (signal.SIGINT, signal.SIGTERM)
        for engine in (False, True)
    ),
    *(
        Fault(
            name=f"tk killed in {phase}{', docker' * engine}",
            exit_code=-9,
            phase=phase,
            act=send(9),
            docker=engine,
            code=HANGS if phase == "load" else None,
        )
        for phase in ("start", "load", "ready")
        for engine in (False, True)
    ),
)


@pytest.fixture
def play(tmp_path: Path, embedded: object) -> Iterator[Callable[[Fault], Stage]]:
    """Plays a fault to its end; what it leaves is counted, and removed all the same."""
    stages: list[Stage] = []

    def run(fault: Fault) -> Stage:
        stage = Stage(tmp_path, fault)
        stages.append(stage)
        with ExitStack() as stack:
            if fault.taken is not None:
                taken = stack.enter_context(socket.socket())
                taken.bind(("127.0.0.1", stage.ports[fault.taken]))
                taken.listen()
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            stage.silent = f"127.0.0.1:{silent.getsockname()[1]}"
            if fault.needs == "disk":
                stack.enter_context(full_disk(tmp_path / "full"))
            if fault.needs == "twin":
                stack.enter_context(twin(stage))
            stage.start(fault)
            if fault.act is not None:
                stage.wait_for(fault.phase)
                fault.act(stage)
            assert stage.tk is not None
            stage.tk.wait(90)
        return stage

    yield run
    for stage in stages:
        if not stage.ended() and stage.tk is not None:
            stage.tk.kill()
            stage.tk.wait(30)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_one_clear_message_and_an_exit_code_and_leaves_nothing(
    fault: Fault, play: Callable[[Fault], Stage]
) -> None:
    if fault.docker:
        need_image()
    stage = play(fault)
    assert stage.tk is not None
    said = stage.said()
    assert stage.tk.returncode == fault.exit_code, said
    assert fault.says in said
    assert "Traceback" not in said
    errors = [line for line in stage.errors.read_text().splitlines() if line.startswith("error: ")]
    failed = [line for line in errors if "did not load: " in line]
    assert len(errors) - len(failed) == (1 if fault.exit_code in (1, 2, 3) else 0), said
    if fault.exit_code == -signal.SIGKILL:  # nobody was there to remove the entry: whoever lists the servers next does
        assert until(lambda: processes(stage.repository) == [] and containers(stage.repository) == [])
        subprocess.run(command("ps"), capture_output=True, timeout=60, check=True)
    assert until(lambda: stage.left() == []), stage.left()


NOBODY = "65534"


def test_an_engine_that_refuses_the_user_is_told_with_the_remedy(tmp_path: Path) -> None:
    need_image()
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become a user whom the engine's socket refuses")
    repository = make_model(tmp_path / "models")
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "CACHE", "CONFIG")}
    for place in homes.values():
        Path(place).mkdir(mode=0o777)
        Path(place).chmod(0o777)
    # It may read everything, as the interpreter lies where only root can look, and write to nothing but its homes.
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    ports = [text for kind in ("http", "grpc", "metrics") for text in (f"--{kind}-port", "0")]
    argv = [*become, *command("serve", str(repository), *ENGINE, *ports)]
    done = subprocess.run(argv, env={**os.environ, **homes}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stderr
    assert "error: docker refuses this user: permission denied" in done.stderr
    assert "usermod -aG docker" in done.stderr
    assert done.stderr.count("error: ") == 1
    assert [p for p in (tmp_path / "STATE").rglob("*") if p.is_file() and p.name != ".lock"] == []
