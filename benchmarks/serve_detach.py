"""What ``tk serve --detach`` costs until it returns, over starting the same tritonserver by hand: medians of pairs.

By hand means: the same command line and environment, and asking each model whether it is ready every 5 ms. Exit code 1
above the bar.

    python benchmarks/serve_detach.py [--pairs 5] [REPOSITORY]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import TK, environment, verdict
from serve_start import SAMPLE, by_hand

from triton_kit.runtime.embedded.binaries import server_home

BAR = 0.3
FREE = ("--http-port=0", "--grpc-port=0", "--metrics-port=0")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    server_home(print)
    with tempfile.TemporaryDirectory(prefix="tk-benchmark-") as state:
        os.environ["XDG_STATE_HOME"] = state  # the servers of the user are none of ours
        by_tk(options.repository)  # files are read from the disk once, and the backend directory is made
        extra = []
        for i in range(options.pairs):
            ways = (by_tk, by_hand) if i % 2 else (by_hand, by_tk)
            took = {way: way(options.repository) for way in ways}
            extra.append(took[by_tk] - took[by_hand])
            print(
                f"pair {i + 1}: {took[by_tk]:.2f} s with tk serve --detach, {took[by_hand]:.2f} s by hand", flush=True
            )
    print(f"ratio {statistics.median(extra) / took[by_hand] + 1:.2f} to the server's own time")
    return 0 if verdict("over starting the server by hand", statistics.median(extra), BAR, unit=" s") else 1


def by_tk(repository: Path) -> float:
    begin = time.perf_counter()
    done = subprocess.run(
        [*TK, "serve", str(repository), "--runtime=local", "--detach", "--quiet", *FREE],
        stdout=subprocess.DEVNULL, env=environment(), check=False,
    )  # fmt: skip
    took = time.perf_counter() - begin
    if done.returncode != 0:
        raise SystemExit(f"tk serve --detach ended with {done.returncode}")
    subprocess.run(
        [*TK, "stop", "--everywhere", "--yes", "--forget", "--quiet"],
        stdout=subprocess.DEVNULL,
        env=environment(),
        check=True,
    )
    return took


if __name__ == "__main__":
    sys.exit(main())
