"""Starts and stops in a row, in mixed runtimes and manners: is anything left over, does anything grow?

Each round starts a server with ``tk serve`` and ends it: locally and in a container (where the engine has the image),
detached (ended by ``tk stop --forget``) and attached (ended by Ctrl-C, SIGTERM, ``tk stop`` from elsewhere, or as tk is
killed by ``kill -9``). Before and after, what belongs to these rounds is counted: processes, containers, shared memory,
temporary files, state files, and the engine's open files for their growth. Exit code 1 when anything is left or grows.

    python benchmarks/starts_and_stops.py [--times 200]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from common import TK, environment

IMAGE = os.environ.get("TK_TEST_IMAGE", "triton-kit/tritonserver:24.10-local")
FREE = ("--http-port=0", "--grpc-port=0", "--metrics-port=0")
PATIENCE = 60.0

MODEL = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.get_input_tensor_by_name(r, "X")]) for r in requests]
"""
CONFIG = """\
backend: "python"
input { name: "X" data_type: TYPE_FP32 dims: -1 }
output { name: "X" data_type: TYPE_FP32 dims: -1 }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What there is of these rounds."""

    processes: int
    containers: int
    shared_memory: int
    temporary_files: int
    state_files: int


class Rounds:
    """Starts and ends servers on a repository in ``place``, which also holds the state and the temporary files."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.repository = place / "models here"  # a blank: the server then gets a link
        self.env = {**environment(), "XDG_STATE_HOME": str(place / "state"), "TMPDIR": str(place / "tmp")}
        self.env["XDG_RUNTIME_DIR"] = str(place / "run")
        self.ports: set[str] = set()
        version = self.repository / "echo" / "1"
        version.mkdir(parents=True)
        for name in ("tmp", "run"):
            (place / name).mkdir(mode=0o700)
        (version / "model.py").write_text(MODEL)
        (version.parent / "config.pbtxt").write_text(CONFIG)

    def detached(self, *runtime: str) -> None:
        """Left running, and ended by ``tk stop --forget``."""
        argv = [*TK, "serve", str(self.repository), *runtime, *FREE, "--detach", "--format=json"]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"tk serve --detach ended with {done.returncode}: {done.stderr}")
        ready = json.loads(done.stdout.splitlines()[-1])
        self._note(ready)
        self._stop(ready["name"])

    def attached(self, *runtime: str, end: Callable[[subprocess.Popen[str], str], object]) -> None:
        """Shown until ``end``, called with the process and the server's name, ends it."""
        argv = [*TK, "serve", str(self.repository), *runtime, *FREE, "--format=json"]
        with subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tk:
            assert tk.stdout is not None
            for line in tk.stdout:
                if (event := json.loads(line))["event"] == "ready":
                    self._note(event)
                    end(tk, event["name"])
        if not self.ports:
            raise SystemExit("tk serve ended before it was ready")

    def stopped_from_elsewhere(self, _tk: subprocess.Popen[str], name: str) -> None:
        self._stop(name)

    def count(self) -> Count:
        return Count(
            processes=len(list(self._processes())),
            containers=len(self._containers()),
            shared_memory=sum(len(list(Path("/dev/shm").glob(f"tk_127.0.0.1_{port}_*"))) for port in self.ports),
            temporary_files=sum(len(list((self.place / name).iterdir())) for name in ("tmp", "run")),
            state_files=len([p for p in (self.place / "state").rglob("*") if p.is_file() and p.name != ".lock"]),
        )

    def settled(self) -> Count:
        """The count once it is no longer falling: a reaper of a killed tk takes its time."""
        end = time.monotonic() + PATIENCE
        while (found := self.count()) != Count(
            processes=0, containers=0, shared_memory=0, temporary_files=0, state_files=0
        ) and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def _note(self, event: dict[str, dict[str, str]]) -> None:
        self.ports.add(event["endpoints"]["http"].rpartition(":")[2])

    def _stop(self, name: str) -> None:
        # By its name: the one of a tk that was killed before may take a moment to end.
        subprocess.run([*TK, "stop", name, "--forget"], env=self.env, stdout=subprocess.DEVNULL, check=True)

    def _containers(self) -> list[str]:
        argv = ["docker", "ps", "--all", "--quiet", "--filter", f"label=triton-kit.repository={self.repository}"]
        try:
            return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
        except FileNotFoundError:
            return []

    def _processes(self) -> Iterator[int]:
        mark = f"XDG_STATE_HOME={self.place}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                ours = (
                    mark in (entry / "environ").read_bytes()
                    or str(self.place).encode() in (entry / "cmdline").read_bytes()
                )
                dead = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
            except OSError:
                continue
            if ours and not dead and int(entry.name) != os.getpid():
                yield int(entry.name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tk-rounds-") as place:
        rounds = Rounds(Path(place))
        ways = list(ways_of(rounds))
        print(f"{options.times} starts and stops, in turns of {', '.join(name for name, _ in ways)}", flush=True)
        begin, files = rounds.count(), engine_files()
        for i, (name, way) in zip(range(options.times), itertools.cycle(ways), strict=False):
            start = time.perf_counter()
            way()
            if (i + 1) % len(ways) == 0 or i + 1 == options.times:
                left = rounds.settled()
                said = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in asdict(left).items())
                print(f"{i + 1:4} {name} ({time.perf_counter() - start:.1f} s): left over {said}", flush=True)
                if left != begin:
                    return 1
        after = engine_files()
        print(f"open files of the engine: {files} before, {after} after")
        # Other clients of the engine come and go: only what grows with the rounds would be ours.
        grown = options.times >= 20 and files is not None and after is not None and after - files >= options.times // 2
        print("it grows" if grown else "nothing is left over, nothing grows")
        return 1 if grown else 0


def ways_of(rounds: Rounds) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each way to start and end a server, by its name."""
    ends: dict[str, Callable[[subprocess.Popen[str], str], object]] = {
        "Ctrl-C": lambda tk, _: tk.send_signal(signal.SIGINT),
        "SIGTERM": lambda tk, _: tk.send_signal(signal.SIGTERM),
        "tk stop": rounds.stopped_from_elsewhere,
        "kill -9": lambda tk, _: tk.send_signal(signal.SIGKILL),
    }
    for runtime, arguments in runtimes().items():
        yield f"{runtime} detached", lambda arguments=arguments: rounds.detached(*arguments)  # type: ignore[misc]
        for name, end in ends.items():
            yield (
                f"{runtime} attached until {name}",
                lambda arguments=arguments, end=end: rounds.attached(*arguments, end=end),  # type: ignore[misc]
            )


def runtimes() -> dict[str, tuple[str, ...]]:
    """The options of each runtime that this machine has."""
    found: dict[str, tuple[str, ...]] = {"local": ("--runtime=local",)}
    try:
        if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode == 0:
            found["docker"] = ("--runtime=docker", f"--image={IMAGE}", "--pull=never")
    except FileNotFoundError:
        pass
    if "docker" not in found:
        print(f"no container engine with {IMAGE}: the local runtime alone")
    return found


def engine_files() -> int | None:
    """How many files the engine's daemon has open, where that can be seen."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() == "dockerd":
                return len(list((entry / "fd").iterdir()))
    return None


if __name__ == "__main__":
    sys.exit(main())
