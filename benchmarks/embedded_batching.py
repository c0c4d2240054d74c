"""How much dynamic batching gains on the embedded ONNX backend: the sample classifier with it against one without.

Both models are in one server, one instance each; 16 clients in a closed loop over HTTP ask one of them at a time, in
rounds that take turns. Prints the medians and the median of the rounds' ratios; exit code 1 below the bar.

    python benchmarks/embedded_batching.py [--seconds 3] [--rounds 5] [--clients 16]
"""

from __future__ import annotations

import argparse
import selectors
import shutil
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import verdict

from triton_kit.runtime import ports, session
from triton_kit.runtime.embedded.binaries import RELEASE
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.types import ServerSpec

BAR = 1.5
MODEL = "digit_classifier"
SAMPLE = Path(__file__).resolve().parent.parent / "sample_repository"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        repository = Path(directory)
        make(repository)
        http, grpc, metrics = ports.choose("127.0.0.1", 0, 0, 0)
        spec = ServerSpec(repository=repository, release=RELEASE, http_port=http, grpc_port=grpc, metrics_port=metrics)
        with session.running(LocalRuntime(progress=print), spec) as (_server, snapshot):
            if not snapshot.ready:
                print(snapshot.failed)
                return 1
            return compare(http, options.clients, options.seconds, options.rounds)


def make(repository: Path) -> None:
    """The sample classifier as it is, and once more without its dynamic batching."""
    shutil.copytree(SAMPLE / MODEL, repository / "with")
    shutil.copytree(SAMPLE / MODEL, repository / "without")
    for name in ("with", "without"):
        path = repository / name / "config.pbtxt"
        lines = path.read_text().replace(f'name: "{MODEL}"', f'name: "{name}"').splitlines()
        if name == "without":
            lines = [line for line in lines if not line.startswith("dynamic_batching")]
        path.write_text("\n".join(lines))


def compare(port: int, clients: int, seconds: float, rounds: int) -> int:
    ask(port, "with", clients, 0.5), ask(port, "without", clients, 0.5)
    pairs = []
    for i in range(rounds):
        order = ("with", "without") if i % 2 else ("without", "with")
        got = {name: ask(port, name, clients, seconds) for name in order}
        pairs.append((got["with"], got["without"]))
        print(f"round {i + 1}: {got['with']:7.0f}/s with, {got['without']:7.0f}/s without", flush=True)
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"{clients} clients: {statistics.median(a for a, _ in pairs):.0f}/s with dynamic batching, "
        f"{statistics.median(b for _, b in pairs):.0f}/s without"
    )
    return 0 if verdict("answers with dynamic batching over without", ratio, BAR, most=False) else 1


def ask(port: int, model: str, clients: int, seconds: float) -> float:
    """Answers a second: each client sends its next request when it has the answer to its last."""
    message = request(model)
    selector = selectors.DefaultSelector()
    for _ in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(message)
    answers, end, begin = 0, time.perf_counter() + seconds, time.perf_counter()
    while time.perf_counter() < end:
        for key, _ in selector.select(1.0):
            answer = key.fileobj.recv(65536)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"{model}: {answer!r}")
            answers += 1
            key.fileobj.sendall(message)
    rate = answers / (time.perf_counter() - begin)
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    return rate


def request(model: str) -> bytes:
    pixels = np.random.default_rng(0).uniform(0, 16, (1, 1, 8, 8)).astype("<f4").tobytes()
    header = (
        '{"inputs":[{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","parameters":{"binary_data_size":'
        f'{len(pixels)}}}}}],"outputs":[{{"name":"scores","parameters":{{"binary_data":true}}}}]}}'
    ).encode()
    head = (
        f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: {len(header)}"
        f"\r\nContent-Length: {len(header) + len(pixels)}\r\n\r\n"
    )
    return head.encode() + header + pixels


if __name__ == "__main__":
    sys.exit(main())
