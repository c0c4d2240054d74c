"""``tk validate --load`` against the server that is started by hand on the same repository.

By hand the server loads all its models at once and is ready; nothing is checked, and it is killed. tk checks the files,
starts a server, loads the models, reports, and ends the server in order: whole processes, in turns in the same run.
The repositories are the sample, and the models of ``validate_against_server`` without the bad one.

    python benchmarks/validate_load.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, TK, command, environment, in_turns, show, verdict
from validate_against_server import ask_server, make

from triton_kit.runtime.embedded.binaries import server_home

FACTOR, EXTRA = 1.3, 1.0
"""At most so many times the server's own load time, and so many seconds more."""


def by_hand(repository: Path) -> None:
    """Start the server, and kill it when every model is ready."""
    if not all(ask_server(repository).values()):
        raise SystemExit("the server does not load every model")


def sample(root: Path) -> None:
    shutil.copytree(ROOT / "sample_repository", root, ignore=shutil.ignore_patterns("__pycache__", "*.md", "*.png"))


def good_models(root: Path) -> None:
    make(root)
    config = root / "m19" / "config.pbtxt"
    config.write_text(config.read_text().replace("max_batch_size: -1", "max_batch_size: 8"))


def measure(name: str, repository: Path, rounds: int) -> bool:
    """Whether the bar is met on a repository."""
    by_hand(repository)  # the files are read from the disk once, and the backend directory is made
    argv = [*TK, "validate", "--load", "--runtime", "local", str(repository)]
    subprocess.run(argv, env=environment(), check=True, capture_output=True)
    tasks = {f"{name}, by hand": lambda: by_hand(repository), f"{name}, tk validate --load": command(argv)}
    times = in_turns(tasks, rounds)
    show(times)
    hand, tk = times.values()
    over = [(ours.wall - EXTRA) / theirs.wall for theirs, ours in zip(hand, tk, strict=True)]
    return verdict(
        f"{name}: tk validate --load, less {EXTRA:g} s, over the server by hand", statistics.median(over), FACTOR
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    server_home(print)
    met = []
    with tempfile.TemporaryDirectory() as folder:
        for name, fill in (("sample", sample), ("20 models", good_models)):
            repository = Path(folder, name.replace(" ", "-"))
            fill(repository)
            met.append(measure(name, repository, options.rounds))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
