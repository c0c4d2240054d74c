"""Change random tokens of the package, one at a time, and see which changes no test notices.

    python scripts/mutate.py --rooms versions,graph --count 50 --seed 1

Each mutant lives in a copy of the tree. Tests that name a rule of the changed module run first, then those nearest to
the module, then those further away, as long as they are quick; tests that need a server or an engine are left out. What
survives may well be equivalent to the original: that is for a reader to judge.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import mutants
from nearest_tests import PACKAGE, Tests
from tests_in_a_copy import run_tests

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"rules": "linter/rules"}
NOT_OURS = (f"{PACKAGE}/repository/_schema.py",)
"""Generated."""
HEAVY = ["pytest", "numpy", "onnx", "google.protobuf", "typer", "rich.console", "jinja2", "yaml"]
"""Imported once, before a process is made for each mutant."""
COSTS = ROOT / ".pytest_cache" / "mutate.json"
SLOW = 4.0
"""Seconds; a test that takes longer is left out."""

NAMED = 30.0
"""Seconds that the tests that name a module's rules take at most."""

FURTHER = 2
"""How many imports further than the nearest tests the wider ones may be."""


class Place(NamedTuple):
    """A source file, relative to the root, and a change of it."""

    path: Path
    mutant: mutants.Mutant

    @property
    def room(self) -> str:
        """Where it stands: ``graph``, ``linter/rules``."""
        parts = self.path.parts[1:-1]
        return "rules" if parts[:2] == ("linter", "rules") else (*parts, "(top)")[0]


class Verdict(NamedTuple):
    """What became of a mutant: the test that failed, or none."""

    place: Place
    died: bool
    by: str
    seconds: float


def sources(wanted: Sequence[str]) -> list[Path]:
    """The files of rooms and paths; of the whole package where none is named. Exits where one does not exist."""
    found: set[Path] = set()
    for name in wanted or (PACKAGE,):
        tried = (ROOT / PACKAGE / ROOMS.get(name, name), ROOT / name, Path(name).resolve())
        place = next((path for path in tried if path.exists()), None)
        if place is None:
            raise SystemExit(f"{name} is neither a room of {PACKAGE} nor a path")
        found |= {p.relative_to(ROOT) for p in (place.rglob("*.py") if place.is_dir() else (place,))}
    return sorted(path for path in found if str(path) not in NOT_OURS)


def draw(places: Iterable[Place], count: int, seed: int) -> list[Place]:
    """So many places at random: first a kind of mutant, each with the same chance, then one of that kind."""
    chance = random.Random(seed)
    kinds: dict[str, list[Place]] = {}
    for place in places:
        rare = place.mutant.kind in ("return", "slice", "loop", "builtin")
        kinds.setdefault("rare" if rare else place.mutant.kind, []).append(place)
    drawn: list[Place] = []
    while kinds and len(drawn) < count:
        kind = chance.choice(sorted(kinds))
        drawn.append(kinds[kind].pop(chance.randrange(len(kinds[kind]))))
        if not kinds[kind]:
            del kinds[kind]
    return drawn


class Stage(NamedTuple):
    """Test files to run at once, what of them to skip, and about how long they take; with names, only tests that have
    one of them."""

    files: list[str]
    skipped: list[str]
    seconds: float
    names: Sequence[str] = ()


class Tree:
    """A copy of the tree to try mutants in, and the processes that do."""

    def __init__(self, folder: Path, tests: Tests) -> None:
        self.root, self.work, self.tests = folder / "tree", folder / "work", tests
        self.passing: set[str] = set()
        self.failing: set[str] = set()
        listed = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
        for name in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0"):
            if name and (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        self.work.mkdir()

    def pytest(
        self, arguments: Sequence[str], skipped: Iterable[str], timeout: float, names: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        """What pytest found; ``None`` where it took too long, or ended before it had a result.

        Where there are names, tests that have none of them are left out.
        """
        result = self.work / "result.json"
        result.unlink(missing_ok=True)
        shutil.rmtree(self.work / "pytest", ignore_errors=True)
        context = multiprocessing.get_context("forkserver")
        process = context.Process(
            target=run_tests,
            args=(str(self.root), str(self.work), list(arguments), sorted(skipped), list(names), str(result)),
        )
        process.start()
        process.join(timeout)
        try:
            os.killpg(process.pid or 0, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.join()
        found: dict[str, Any] | None = json.loads(result.read_text()) if result.exists() else None
        return found

    def cost(self, file: Path, known: dict[str, Any]) -> tuple[float, list[str]]:
        """What the quick tests of a file take, and which to skip; as measured without a change."""
        key = f"{file}:{hashlib.sha256((self.root / file).read_bytes()).hexdigest()}"
        if key not in known:
            found = self.pytest([str(file)], (), 300) or {"costs": {}, "failed": [str(file)]}
            known[key] = {"costs": found["costs"], "failed": found["failed"]}
        costs, failed = known[key]["costs"], known[key]["failed"]
        skipped = sorted({*failed, *(test for test, seconds in costs.items() if seconds > SLOW)})
        return sum(seconds for test, seconds in costs.items() if test not in skipped), skipped

    def stages(self, path: Path, known: dict[str, Any], budget: float) -> Iterator[Stage]:
        """What to run, the nearest first; the wider tests as far as ``budget`` seconds go."""
        names = self.tests.rules(path)
        if names:
            files = [str(file) for _, file in self.tests.near(path) if file.parts[1] == path.parts[1]]
            yield Stage(files, [], NAMED, names)
        near = self.tests.near(path)
        closest = max(min((distance for distance, _ in near), default=1), 1)
        first = [file for distance, file in near if distance <= closest]
        wider = [file for distance, file in near if closest < distance <= closest + FURTHER]
        for files, most in ((first, 3 * budget), (wider, budget)):
            chosen: list[tuple[float, str]] = []
            skipped: list[str] = []
            for file in files:
                spent = sum(cost for cost, _ in chosen)
                if spent >= most:
                    break
                seconds, slow = self.cost(file, known)
                if seconds and spent + seconds <= most:
                    chosen.append((seconds, str(file)))
                    skipped += slow
            if chosen:
                yield Stage([name for _, name in sorted(chosen)], skipped, sum(cost for cost, _ in chosen))

    def judge(self, place: Place, known: dict[str, Any], budget: float) -> Verdict:
        """Try a mutant; the tree is as before afterwards."""
        started = time.monotonic()
        for stage in self.stages(place.path, known, budget):
            by = self.noticed(place, stage)
            if by:
                return Verdict(place, True, by, time.monotonic() - started)
        return Verdict(place, False, "", time.monotonic() - started)

    def noticed(self, place: Place, stage: Stage) -> str:
        """The test of a stage that fails with a mutant and passes without it; empty where there is none."""
        while True:
            files = [file for file in stage.files if file not in self.failing]
            with self.changed(place):
                found = self.pytest(
                    ["-x", *files], {*stage.skipped, *self.failing}, 60 + 5 * stage.seconds, stage.names
                )
            if found is None or (found["code"] and not found["failed"] and found["code"] != 5):
                return "(no end, or a crash)"
            if found["code"] in (0, 5):
                return ""
            by = str(found["failed"][-1])
            if by in self.passing or self.passes(by):
                return by

    def passes(self, test: str) -> bool:
        """Whether a test, or a file of tests, passes without a change; remembered."""
        found = self.pytest(["-x", test], (), 300)
        passes = found is not None and found["code"] == 0
        (self.passing if passes else self.failing).add(test)
        return passes

    @contextlib.contextmanager
    def changed(self, place: Place) -> Iterator[None]:
        """The tree with a mutant in it; each has a time of its own, so that no bytecode of another is taken for it."""
        file = self.root / place.path
        original, times = file.read_bytes(), file.stat()
        file.write_text(place.mutant.apply(original.decode()), encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns + random.randrange(10**9, 10**15)))
        try:
            yield
        finally:
            file.write_bytes(original)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def run(places: Sequence[Place], jobs: int, budget: float) -> Iterator[Verdict]:
    """Try the mutants, so many at a time; the verdicts come in the order of the places."""
    known: dict[str, Any] = json.loads(COSTS.read_text()) if COSTS.exists() else {}
    multiprocessing.get_context("forkserver")
    multiprocessing.set_forkserver_preload(HEAVY)
    with tempfile.TemporaryDirectory(prefix="tk-mutate-") as folder:
        tests, free = Tests(ROOT), SimpleQueue[Tree]()
        for number in range(jobs):
            free.put(Tree(Path(folder) / str(number), tests))

        def judge(place: Place) -> Verdict:
            tree = free.get()
            try:
                return tree.judge(place, known, budget)
            finally:
                free.put(tree)
                COSTS.parent.mkdir(exist_ok=True)
                COSTS.write_text(json.dumps(dict(known)))

        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(judge, places)


def table(verdicts: Sequence[Verdict]) -> str:
    """Room, tried, died, survived; and each survivor."""
    rooms = sorted({verdict.place.room for verdict in verdicts})
    tried, died = Counter(v.place.room for v in verdicts), Counter(v.place.room for v in verdicts if v.died)
    lines = [f"{'room':<14}{'tried':>7}{'died':>7}{'survived':>10}"]
    lines += [f"{room:<14}{tried[room]:>7}{died[room]:>7}{tried[room] - died[room]:>10}" for room in rooms]
    total = died.total()
    lines.append(f"{'all':<14}{len(verdicts):>7}{total:>7}{len(verdicts) - total:>10}")
    lines += [f"survived  {v.place.path}:{v.place.mutant.line}  {v.place.mutant}" for v in verdicts if not v.died]
    return "\n".join(lines)


def main() -> int:
    """Parse the arguments, try the mutants, print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", default="", help="rooms of the package, or paths, with commas between; default: all")
    parser.add_argument("--count", type=int, default=25, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same mutants of the same sources")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--budget", type=float, default=15.0, help="seconds that wider tests may take for a mutant")
    parser.add_argument("--at-least", type=float, default=0.0, help="exit 1 where fewer in a hundred die")
    options = parser.parse_args()
    if importlib.util.find_spec("pytest") is None:
        raise SystemExit("pytest is not installed for this Python, so that no mutant could die")
    places = [
        Place(path, mutant)
        for path in sources([name for name in options.rooms.split(",") if name])
        for mutant in mutants.mutants((ROOT / path).read_text(encoding="utf-8"))
    ]
    verdicts: list[Verdict] = []
    for verdict in run(draw(places, options.count, options.seed), options.jobs, options.budget):
        verdicts.append(verdict)
        what = f"died      {verdict.by}" if verdict.died else "SURVIVED"
        place = verdict.place
        print(f"{verdict.seconds:5.1f} s  {place.path}:{place.mutant.line}  {place.mutant}  {what}", flush=True)
    print(table(verdicts))
    died = sum(verdict.died for verdict in verdicts)
    print(f"{died} of {len(verdicts)} died" + (f", {100 * died / len(verdicts):.0f} in a hundred" if verdicts else ""))
    return int(bool(verdicts) and 100 * died < options.at_least * len(verdicts))


if __name__ == "__main__":
    sys.exit(main())
