"""Measuring one thing against another in the same run: in turns, so that what else the machine does falls on both."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPER = (sys.executable, "-c", "import typer")
TK = (sys.executable, "-m", "triton_kit")

Times = dict[str, list[float]]

_PEAK = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module("triton_kit", run_name="__main__")
finally:
    sys.stderr.write("VmHWM " + open("/proc/self/status").read().split("VmHWM:")[1].split()[0] + "\\n")
"""


def in_turns(tasks: Mapping[str, Callable[[], object]], rounds: int, *, warm: int = 1) -> Times:
    """The seconds of each task, round by round, after ``warm`` rounds that only fill the caches."""
    times: Times = {name: [] for name in tasks}
    for i in range(warm + rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            if i >= warm:
                times[name].append(time.perf_counter() - start)
    return times


def environment() -> dict[str, str]:
    """The process's own, but compiled modules are kept, as in an installation."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def command(argv: Sequence[str | os.PathLike[str]], *, ok: tuple[int, ...] = (0,)) -> Callable[[], None]:
    """A task: that program from start to end, its output thrown away. Raises SystemExit for another exit code."""

    def run() -> None:
        done = subprocess.run(argv, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment(), check=False)
        if done.returncode not in ok:
            raise SystemExit(f"{' '.join(map(str, argv))} ended with {done.returncode}")

    return run


def ratio(times: Times, over: str, under: str) -> float:
    """The median of the rounds' own ratios."""
    return statistics.median(a / b for a, b in zip(times[over], times[under], strict=True))


def show(times: Times) -> None:
    """A line for each task with its median in milliseconds."""
    for name, values in times.items():
        print(f"{statistics.median(values) * 1000:10.1f} ms  {name}")


def verdict(what: str, value: float, bar: float, *, most: bool = True, unit: str = " times") -> bool:
    """Print a value beside its bar, which is the most it may be or else the least; whether it keeps to it."""
    kept = value <= bar if most else value >= bar
    print(f"{value:10.2f}{unit}  {what} (bar: {'at most' if most else 'at least'} {bar:g}){'' if kept else '  MISSED'}")
    return kept


def peak_megabytes(argv: Sequence[str | os.PathLike[str]]) -> float:
    """The most memory that ``tk ARGV`` and its children held at one time, in MB.

    Sampled every few milliseconds as the sum of what each of them has for itself and its share of what they share
    (Pss); never less than the peak of the largest one alone (VmHWM).
    """
    tk = subprocess.Popen(
        [sys.executable, "-c", _PEAK, "tk", *argv],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    most = 0
    while tk.poll() is None:
        most = max(most, sum(map(_share, _family(tk.pid))))
        time.sleep(0.005)
    assert tk.stderr is not None
    found = re.search(r"VmHWM (\d+)", tk.stderr.read())
    return max(most, int(found[1]) if found else 0) / 1024


def _family(pid: int) -> list[int]:
    """A process and what it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in _family(int(child)))]


def _share(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0
