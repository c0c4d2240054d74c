"""How long ``tk validate sample_repository`` takes as a whole process, against ``python -c "import typer"``.

The two run in turns, so that both meet the same machine; the ratio is of their medians. Python keeps its compiled
modules, as it does in an installation, whatever PYTHONDONTWRITEBYTECODE says.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "python -c 'import typer'": [sys.executable, "-c", "import typer"],
    "tk validate": [sys.executable, "-m", "triton_kit", "validate", str(ROOT / "sample_repository")],
}


def run(rounds: int) -> dict[str, list[float]]:
    """The wall-clock seconds of each command, round by round, after one round that fills the caches."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for i in range(rounds + 1):
        for name, argv in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment)
            if i:
                times[name].append(time.perf_counter() - start)
    return times


def main() -> None:
    times = run(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{median * 1000:7.1f} ms  {name}")
    base, ours = medians.values()
    print(f"   {ours / base:.2f} times")


if __name__ == "__main__":
    main()
