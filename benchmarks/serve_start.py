"""What ``tk serve`` costs over starting the same tritonserver by hand: until it says ready, seconds, medians of pairs.

By hand means: the same command line and environment, and asking each model whether it is ready every 5 ms. Exit code 1
above the bar.

    python benchmarks/serve_start.py [--pairs 5] [REPOSITORY]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from common import verdict

from triton_kit.runtime import health, ports
from triton_kit.runtime.embedded.binaries import RELEASE, server_home
from triton_kit.runtime.local import LocalRuntime, endpoints
from triton_kit.runtime.session import model_names, running
from triton_kit.runtime.types import ServerSpec

BAR = 0.2
SAMPLE = Path(__file__).resolve().parent.parent / "sample_repository"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    server_home(print)
    with running(LocalRuntime(), spec_of(options.repository)):
        pass  # files are read from the disk once, and the backend directory is made
    extra = []
    for i in range(options.pairs):
        ways = (by_tk, by_hand) if i % 2 else (by_hand, by_tk)
        took = {way: way(options.repository) for way in ways}
        extra.append(took[by_tk] - took[by_hand])
        print(f"pair {i + 1}: {took[by_tk]:.2f} s with tk serve, {took[by_hand]:.2f} s by hand", flush=True)
    cost = statistics.median(extra)
    return 0 if verdict("tk serve over starting the server by hand", cost, BAR, unit=" s") else 1


def spec_of(repository: Path) -> ServerSpec:
    http, grpc, metrics = ports.choose("127.0.0.1", 0, 0, 0)
    return ServerSpec(repository=repository, release=RELEASE, http_port=http, grpc_port=grpc, metrics_port=metrics)


def by_hand(repository: Path) -> float:
    spec = spec_of(repository)
    runtime = LocalRuntime()
    argv, env, names, place = runtime.argv(spec), runtime.environment(spec), model_names(spec), endpoints(spec)
    begin = time.perf_counter()
    server = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not all(health.ready(place, name) for name in names):
            time.sleep(0.005)
        return time.perf_counter() - begin
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def by_tk(repository: Path) -> float:
    argv = [sys.executable, "-m", "triton_kit", "serve", str(repository), "--runtime=local", "--format=json"]
    argv += [f"--{kind}-port=0" for kind in ("http", "grpc", "metrics")]
    begin = time.perf_counter()
    tk = subprocess.Popen(argv, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    try:
        assert tk.stdout is not None
        for line in tk.stdout:
            if json.loads(line)["event"] == "ready":
                return time.perf_counter() - begin
        raise SystemExit("tk serve ended before it was ready")
    finally:
        tk.send_signal(signal.SIGINT)
        tk.communicate()


if __name__ == "__main__":
    sys.exit(main())
