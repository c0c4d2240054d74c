"""Tests in a process of their own: which of them run in a copy of the tree, what each costs, and which failed."""

from __future__ import annotations

import functools
import inspect
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nearest_tests import PACKAGE


class Plugin:
    """For pytest: what each test costs, and the quick ones in the order of the files that were named."""

    def __init__(self, skipped: Sequence[str], names: Sequence[str] = ()) -> None:
        self.skipped = set(skipped)
        self.names = re.compile(rf"(?<![\w-])({'|'.join(names)})(?![\w-])") if names else None
        self.costs: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Leave out what needs more than this machine, what is slow, and what fails without a change; where there are
        names, also what has none of them in its id or its source."""
        marks = ("docker", "local", "slow")
        left = [
            item
            for item in items
            if "embedded" in item.fixturenames
            or "running" in item.fixturenames
            or any(item.get_closest_marker(mark) for mark in marks)
            or item.nodeid in self.skipped
            or (self.names and not self.names.search(item.name) and not self.names.search(_source(item.function)))
        ]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add a phase of a test up."""
        self.costs[report.nodeid] = self.costs.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be imported fails as a whole."""
        if report.failed:
            self.failed.append(report.nodeid)


@functools.cache
def _source(test: Callable[..., object]) -> str:
    return inspect.getsource(test)


def run_tests(tree: str, work: str, arguments: list[str], skipped: list[str], names: list[str], result: str) -> None:
    """In a process of its own: run pytest in a tree, and write what it found."""
    os.setsid()
    log = os.open(f"{result}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.chdir(tree)
    os.environ |= {"PYTHONPATH": tree, "TMPDIR": work, "PYTHONPYCACHEPREFIX": f"{work}/pycache"}
    sys.path.insert(0, tree)
    sys.pycache_prefix = f"{work}/pycache"
    tempfile.tempdir = work
    import pytest

    plugin = Plugin(skipped, names)
    options = [
        "-q",
        "-n0",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "--tb=line",
        f"--basetemp={work}/pytest",
    ]
    code = int(pytest.main([*options, *arguments], plugins=[plugin]))
    loaded = sys.modules.get(PACKAGE)
    assert loaded is None or str(loaded.__file__).startswith(tree), "the copy is what is tested"
    Path(result).write_text(json.dumps({"code": code, "costs": plugin.costs, "failed": plugin.failed}))
