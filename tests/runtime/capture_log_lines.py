"""Make ``data/server_lines.txt.xz`` again: what a real server writes of repositories that it refuses.

    .venv/bin/python tests/runtime/capture_log_lines.py

The repositories are those of ``tests/linter/data/verdicts.jsonl.xz``, one for each kind of reason, served at once:
with namespaces, models of one name do not meet. What ends or stalls a server is served alone, and so are bad flags,
ports that are taken, and models of Python that fail. Of lines that differ in names and numbers only, the first is kept.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from verdicts import materialise, read_cases

from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.log.events import read
from triton_kit.runtime.ports import choose
from triton_kit.runtime.types import ServerSpec

PATH = Path(__file__).parent / "data" / "server_lines.txt.xz"

PYTHON_FAULTS = {
    "syntax": "def broken(:\n",
    "import": "import a_module_that_is_not_there\n",
    "no_class": "x = 1\n",
    "no_execute": "class TritonPythonModel:\n    pass\n",
    "raises": "class TritonPythonModel:\n    def initialize(self, args):\n        raise ValueError('no weights')\n",
    "file": "class TritonPythonModel:\n    def initialize(self, args):\n        open('/no/weights.bin')\n",
    "key": "class TritonPythonModel:\n    def initialize(self, args):\n        args['parameters']\n",
    "exits": "import os\nos._exit(3)\n",
    "sys_exit": "import sys\nsys.exit(3)\n",
    "segfaults": "import ctypes\nctypes.string_at(0)\n",
    "cuda": "class TritonPythonModel:\n    def initialize(self, args):\n"
    "        raise RuntimeError('CUDA error: no kernel image is available for execution on the device')\n",
    "complete": "class TritonPythonModel:\n    @staticmethod\n    def auto_complete_config(auto):\n        return 3\n",
}
"""A model.py for each way in which a model of Python fails to load."""

FLAGS = (
    ("--no-such-flag",),
    ("--model-control-mode=sometimes",),
    ("--log-verbose=many",),
    ("--http-thread-count=0",),
    ("--cache-config=local,size=much",),
    ("--cache-config=redis,size=1048576",),
    ("--cache-config=local,size=1",),
    ("--rate-limit=often",),
    ("--model-config-name=",),
    ("--load-model=nothing", "--model-control-mode=explicit"),
    ("--load-model=a", "--load-model=*", "--model-control-mode=explicit"),
    ("--load-model=a",),
    ("--grpc-use-ssl=true",),
    ("--grpc-use-ssl=true", "--grpc-server-cert=/no/cert.pem", "--grpc-server-key=/no/key.pem"),
    ("--backend-directory=/no/backends",),
    ("--metrics-config=counter_latencies=perhaps",),
    ("--trace-config=mode=loud",),
    ("--trace-config=level=TIMESTAMPS", "--trace-config=triton,file=/no/trace.json", "--trace-config=rate=1"),
    ("--http-address=203.0.113.7",),
    ("--grpc-address=203.0.113.7",),
    ("--metrics-address=203.0.113.7",),
    ("--http-restricted-api=everything:a=b",),
    ("--pinned-memory-pool-byte-size=99999999999999999999",),
    ("--host-policy=0,numa-node",),
    ("--model-repository=/no/models",),
    ("--model-repository=/etc/hostname",),
    ("--model-repository=s3://bucket/models",),
    ("--repoagent-directory=/no/agents",),
)
"""Flags that a server refuses, or has trouble with."""


def serve(repository: Path, *arguments: str, seconds: float, ports: tuple[int, int, int] | None = None) -> list[str]:
    """The whole log of a server that ends by itself, or is ended after so many seconds without a word."""
    http, grpc, metrics = ports or choose("127.0.0.1", 0, 0, 0)
    spec = ServerSpec(
        repository=repository,
        release="24.10",
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        server_args=arguments,
        exit_on_error=False,
    )
    server = LocalRuntime().start(spec)
    lines: list[str] = []
    told = time.monotonic()
    try:
        while server.exit_code is None and time.monotonic() - told < seconds:
            if came := list(server.log()):
                lines += came
                told = time.monotonic()
            time.sleep(0.05)
        time.sleep(0.2)
    finally:
        server.stop()
    return [*lines, *server.log()]


def kinds(mode: str, states: Sequence[str]) -> list[dict[str, Any]]:
    """A case for each kind of reason that the server gave in that mode, of those that can be served as they are."""
    found: dict[str, dict[str, Any]] = {}
    for case in read_cases():
        if case.get("args") or case.get("needs"):
            continue
        reasons = [v for v in case[mode].values() if v["state"] != "READY"]
        if reasons and all(v["state"] in states for v in reasons):
            for verdict in reasons:
                found.setdefault(normal(verdict["reason"]), case)
    return list({case["case"]: case for case in found.values()}.values())


def normal(line: str) -> str:
    """A line without what differs from case to case."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+|/\S+|\[[^]]*\]", "#", read(line).text)


def refused(root: Path, mode: str) -> Iterator[str]:
    flags = ["--disable-auto-complete-config"] if mode == "strict" else []
    repositories = []
    for case in kinds(mode, ("UNAVAILABLE",)):
        place = root / mode / case["case"]
        materialise(case, place)
        repositories.append(place)
    first, *others = repositories
    print(f"{mode}: {len(repositories)} repositories")
    yield from serve(
        first, "--model-namespacing=true", *flags, *(f"--model-repository={p}" for p in others), seconds=20
    )
    for case in kinds(mode, ("CRASH", "HANG", "TIMEOUT")):
        place = root / mode / case["case"]
        materialise(case, place)
        yield from serve(place, *flags, seconds=4)


def python_faults(root: Path) -> Iterator[str]:
    for name, code in PYTHON_FAULTS.items():
        version = root / "python" / name / "m" / "1"
        version.mkdir(parents=True)
        (version / "model.py").write_text(code)
        (version.parent / "config.pbtxt").write_text('backend: "python"\n')
        # A stub that is gone is noticed only when the server no longer waits for it.
        stub = "--backend-config=python,stub-timeout-seconds=5"
        yield from serve(version.parents[1], stub, seconds=20 if name in ("exits", "segfaults") else 4)


REQUESTS = {
    "exits": "import os\n        os._exit(3)",
    "segfaults": "import ctypes\n        ctypes.string_at(0)",
    "raises": "raise ValueError('no')",
    "answers_none": "return None",
}
"""What execute does, for each way in which a request to a model of Python fails."""

ASKED = (
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1], "data": [1]}]}',
    b'{"inputs": [{"name": "X", "datatype": "INT32", "shape": [1], "data": [1]}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [2, 2], "data": [1]}]}',
    b'{"inputs": [{"name": "W", "datatype": "FP32", "shape": [1], "data": [1]}]}',
    (
        b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1], "parameters": {"shared_memory_region": "none", '
        b'"shared_memory_byte_size": 4}}]}'
    ),
    b'{"inputs": [',
)


def asked(root: Path) -> Iterator[str]:
    """What the log and the answers say of requests that fail."""
    import urllib.error
    import urllib.request

    for name, body in REQUESTS.items():
        version = root / "asked" / name / "m" / "1"
        version.mkdir(parents=True)
        (version / "model.py").write_text(
            f"class TritonPythonModel:\n    def execute(self, requests):\n        {body}\n"
        )
        (version.parent / "config.pbtxt").write_text(
            'backend: "python"\ninput { name: "X" data_type: TYPE_FP32 dims: 1 }\n'
            'output { name: "Y" data_type: TYPE_FP32 dims: 1 }\n'
        )
        ports = choose("127.0.0.1", 0, 0, 0)
        answers: list[str] = []

        def ask(url: str, answers: list[str] = answers) -> None:
            time.sleep(2)
            for model in ("m", "nothing"):
                for data in ASKED:
                    try:
                        urllib.request.urlopen(f"{url}/v2/models/{model}/infer", data=data, timeout=10).close()
                    except urllib.error.HTTPError as error:
                        answers.append(f"E0101 00:00:00.0 1 answer.cc:1] {json.load(error)['error']}")
                    except OSError:
                        return

        asker = threading.Thread(target=ask, args=(f"http://127.0.0.1:{ports[0]}",))
        asker.start()
        yield from serve(version.parents[1], seconds=12, ports=ports)
        asker.join()
        yield from answers


def engine(root: Path) -> Iterator[str]:
    """What docker, and a server in a container, say where a container cannot be what it is to be."""
    image = "triton-kit/tritonserver:24.10-local"
    big = root / "big" / "m" / "1"
    big.mkdir(parents=True)
    (big / "model.py").write_text("held = bytearray(2 ** 30)\nclass TritonPythonModel:\n    pass\n")
    (big.parent / "config.pbtxt").write_text('backend: "python"\n')
    name = f"tk-capture-{os.getpid()}"
    mount = ["-v", f"{big.parents[1]}:/models:ro", image, "tritonserver", "--model-repository=/models"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        calls = [
            ["run", "--rm", "--gpus", "all", image, "true"],
            ["run", "--rm", "-p", f"127.0.0.1:{port}:8000", image, "true"],
            ["run", "--rm", "--pull", "never", "triton-kit/none:0", "true"],
            ["run", "--rm", "--runtime", "nvidia", image, "true"],
            ["run", "--rm", image, "no-such-program"],
            ["run", "--rm", "--mount", "type=bind,source=/no/models,target=/models", image, "true"],
            ["run", "--rm", "--memory", "1k", image, "true"],
            ["run", "--rm", "--memory", "200m", "--shm-size", "64m", *mount],
            ["run", "--rm", "--shm-size", "64k", *mount],
            ["inspect", "--format", "{{.State}}", f"{name}-none"],
            ["create", "--name", name, image],
            ["create", "--name", name, image],
            ["rm", "--force", name],
            ["--host", f"unix://{root}/none.sock", "ps"],
            ["--host", "tcp://127.0.0.1:1", "ps"],
        ]
        for call in calls:
            running = "tritonserver" in call[-2:]
            if call[0] == "run":
                call[1:1] = ["--name", name]
            try:
                done = subprocess.run(["docker", *call], capture_output=True, text=True, timeout=25 if running else 60)
                yield from (done.stdout + done.stderr).splitlines()
            except subprocess.TimeoutExpired as late:
                yield from (late.stdout or b"").decode().splitlines() + (late.stderr or b"").decode().splitlines()
                subprocess.run(["docker", "rm", "--force", name], capture_output=True)


def flags(root: Path) -> Iterator[str]:
    empty = root / "empty"
    empty.mkdir()
    for arguments in FLAGS:
        lines = serve(empty, *arguments, seconds=2)
        yield from lines
    for i in range(3):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            free = choose("127.0.0.1", 0, 0, 0)
            ports = (*free[:i], taken.getsockname()[1], *free[i + 1 :])
            yield from serve(empty, seconds=3, ports=(ports[0], ports[1], ports[2]))


TALK = re.compile(r"[\w-]*|At:|\x1b?\[m|Run 'docker .*|bash: .*|[+|\s].*")
"""Lines in no log format that tell nothing by themselves."""


def problems(lines: Iterable[str], root: Path) -> Iterator[str]:
    """The lines of errors and warnings, and those in no log format that tell something."""
    seen = set()
    usage = False
    for line in lines:
        level = read(line).level
        usage = (usage or line.startswith("Usage:")) and not level
        telling = level in ("E", "W", "F") or (not level and not TALK.fullmatch(line))
        if telling and not usage and normal(line) not in seen:
            seen.add(normal(line))
            yield line.replace(str(root), "/models")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        found: list[str] = []
        parts = (
            python_faults(root),
            asked(root),
            engine(root),
            flags(root),
            refused(root, "auto"),
            refused(root, "strict"),
        )
        for part in parts:
            found += part
            print(f"{len(found)} lines")
        kept = list(problems(found, root))
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_bytes(lzma.compress("\n".join(kept).encode("utf-8", "surrogateescape")))
    print(f"{len(kept)} lines kept")


if __name__ == "__main__":
    main()
