"""What is about to be written, as a value that can be shown, checked and refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["copy", "link", "move"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One file, or one whole directory tree, of a plan.

    ``path`` is relative to the plan's root, with ``/``. Either ``text`` is written, or ``source`` (a file or a
    directory) is brought along: copied, hard-linked, or moved, which leaves the source only when all is in place.
    """

    path: str
    text: str | None = None
    source: Path | None = None
    mode: Mode = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The files of one new directory, what is uncertain about them, and what to type afterwards."""

    root: Path
    files: tuple[PlannedFile, ...]
    next_steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def text(self, path: str) -> str | None:
        """The text planned for that path, or ``None``."""
        return next((f.text for f in self.files if f.path == path), None)


def show(plan: Plan) -> str:
    """The plan as a tree, then the text of each file that is written."""
    parts = [f"{plan.root}/\n" + "".join(f"{line}\n" for line in _tree(plan))]
    written = sorted((f.path, f.text.rstrip("\n")) for f in plan.files if f.text)
    parts += [f"--- {path}\n{text}\n" for path, text in written]
    return "\n".join(parts)


def _tree(plan: Plan) -> Iterator[str]:
    names: dict[str, str] = {}
    for file in plan.files:
        pieces = file.path.split("/")
        for depth in range(1, len(pieces)):
            names.setdefault("/".join(pieces[:depth]) + "/", "")
        names[file.path] = "" if file.source is None else f"  ({_ORIGIN[file.mode]} {file.source})"
    yield from _branch("", names, "")


_ORIGIN = {"copy": "copy of", "link": "hard link to", "move": "moved from"}


def _branch(parent: str, names: dict[str, str], indent: str) -> Iterator[str]:
    children = sorted(n for n in names if n.startswith(parent) and n != parent and "/" not in n[len(parent) : -1])
    for i, name in enumerate(children):
        last = i == len(children) - 1
        yield f"{indent}{'└── ' if last else '├── '}{name[len(parent) :]}{names[name]}"
        if name.endswith("/"):
            yield from _branch(name, names, indent + ("    " if last else "│   "))
