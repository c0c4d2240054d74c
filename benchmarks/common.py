"""Measuring one thing against another in the same run: in turns, so that what else the machine does falls on both."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TYPER = (sys.executable, "-c", "import typer")
TK = (sys.executable, "-m", "triton_kit")


class Took(NamedTuple):
    """What a task took, in seconds: on the clock, and of processors, its children's included."""

    wall: float
    cpu: float


Times = dict[str, list[Took]]

_PEAK = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module("triton_kit", run_name="__main__")
finally:
    sys.stderr.write("VmHWM " + open("/proc/self/status").read().split("VmHWM:")[1].split()[0] + "\\n")
"""


def in_turns(tasks: Mapping[str, Callable[[], object]], rounds: int, *, warm: int = 1) -> Times:
    """What each task took, round by round, after ``warm`` rounds that only fill the caches."""
    times: Times = {name: [] for name in tasks}
    for i in range(warm + rounds):
        for name, task in tasks.items():
            start, before = time.perf_counter(), _processor_seconds()
            task()
            if i >= warm:
                times[name].append(Took(time.perf_counter() - start, _processor_seconds() - before))
    return times


def _processor_seconds() -> float:
    """What this process and those of its children that ended have had of processors."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def environment() -> dict[str, str]:
    """The process's own, but compiled modules are kept, as in an installation."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def command(argv: Sequence[str | os.PathLike[str]], *, ok: tuple[int, ...] = (0,)) -> Callable[[], None]:
    """A task: that program from start to end, its output thrown away. Raises SystemExit for another exit code.

    Where more than 0 is ``ok``, what it says of the problems that it was given is thrown away, too.
    """
    errors = subprocess.DEVNULL if ok != (0,) else None

    def run() -> None:
        done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=errors, cwd=ROOT, env=environment(), check=False)
        if done.returncode not in ok:
            raise SystemExit(f"{' '.join(map(str, argv))} ended with {done.returncode}")

    return run


def ratio(times: Times, over: str, under: str, of: str = "wall") -> float:
    """The median of the rounds' own ratios, of their ``wall`` or ``cpu``."""
    pairs = zip(times[over], times[under], strict=True)
    return statistics.median(getattr(a, of) / getattr(b, of) for a, b in pairs)


def show(times: Times) -> None:
    """A line for each task with its medians in milliseconds."""
    for name, values in times.items():
        wall, cpu = (statistics.median(getattr(one, of) for one in values) * 1000 for of in ("wall", "cpu"))
        print(f"{wall:10.1f} ms  {cpu:10.1f} ms of CPU  {name}")


def verdict(what: str, value: float, bar: float, *, most: bool = True, unit: str = " times") -> bool:
    """Print a value beside its bar, which is the most it may be or else the least; whether it keeps to it."""
    kept = value <= bar if most else value >= bar
    share = f" ({abs(value / bar - 1):.0%})" if bar else ""
    missed = "" if kept else f"  MISSED by {abs(value - bar):.2f}{unit}{share}"
    print(f"{value:10.2f}{unit}  {what} (bar: {'at most' if most else 'at least'} {bar:g}){missed}")
    return kept


def both(what: str, times: Times, over: str, under: str, bar: float) -> bool:
    """Hold the ratio of two tasks to the most it may be, on the clock and of processors."""
    kept = [verdict(f"{what}, {of}", ratio(times, over, under, of), bar) for of in Took._fields]
    return all(kept)


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
