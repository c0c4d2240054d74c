"""Which of the servers that tk started are those of the project that a command runs in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from triton_kit.project.settings import find
from triton_kit.runtime.state.registry import Running


def of_project(servers: Sequence[Running]) -> tuple[Running, ...]:
    """Those that serve the project's repository, or one below its directory; without a project below this one."""
    project = find()
    places = [project.root, project.repository] if project else [Path.cwd()]
    roots = [place.resolve() for place in places]
    return tuple(one for one in servers if any(one.repository.resolve().is_relative_to(root) for root in roots))
