"""Collect the tests twice, and compare: their names must not hang on the clock, on hashes, on a process or a place.

pytest-xdist refuses to start where two of its workers collect different tests, which happens as soon as a parameter
that was made from the current second, or out of a set, becomes a part of a test's name. So both collections differ in
all of these: they start more than a second apart, in two processes, with two seeds of hashes, two time zones and two
temporary directories. A name with escaped bytes, or with the address of an object, is refused too: a name is words.

    python scripts/check_collection.py [PATH ...]
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APART = 1.1
"""Seconds from the start of one collection to that of the other."""

NO_WORDS = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt0])|\b0x[0-9a-f]{7,}\b|[^\x20-\x7e]")
"""Escaped bytes, and addresses, in the name of a test."""


def collect(paths: list[str], seed: int, zone: str, temporary: str) -> subprocess.Popen[str]:
    """A collection that has begun."""
    # In the order of the files, in this process alone, and with all that a plain run has besides.
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-o",
        "addopts=",
        "--strict-markers",
        "--collect-only",
        "--snapshot-warn-unused",
        "-q",
    ]
    argv += ["-p", "no:xdist", "-p", "no:randomly", "-p", "no:cacheprovider", *paths]
    env = {**os.environ, "PYTHONHASHSEED": str(seed), "TZ": zone, "TMPDIR": temporary}
    return subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def names(collection: subprocess.Popen[str]) -> list[str]:
    """The names that it collected."""
    said, _ = collection.communicate()
    if collection.returncode != 0:
        raise SystemExit(f"pytest --collect-only ended with {collection.returncode}:\n{said[-4000:]}")
    return said.splitlines()[:-2]  # behind an empty line, how many tests there are and how long it took


def main(paths: list[str]) -> int:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first = collect(paths, 1, "UTC", one)
        time.sleep(APART)
        second = collect(paths, 2, "Asia/Kathmandu", other)
        before, after = names(first), names(second)
    differences = list(difflib.unified_diff(before, after, "collected once", "collected again", n=0, lineterm=""))
    for line in differences:
        print(line)
    refused = [name for name in before if NO_WORDS.search(name)]
    for name in refused:
        print(f"{name}: a name is words: give the parameter an id (pytest.param(..., id=...), or ids=[...])")
    if not before:
        print("no test was collected")
    if differences or refused or not before:
        return 1
    print(f"{len(before)} tests, of the same names in both collections")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
