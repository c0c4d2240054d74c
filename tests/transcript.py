"""What a user sees of commands, and what is on disk, as text for snapshots: without paths, times and sizes."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.resources import resource
from triton_kit.version import __version__

ROOT = Path(__file__).resolve().parent.parent

_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?"), "<time>"),
    (re.compile(r'"(size|bytes|mtime)": \d+'), r'"\1": <size>'),
    (re.compile(r"\b\d+(\.\d+)? (B|KB|KiB|MB|MiB|bytes)\b"), "<size>"),
    (re.compile(r"\b[0-9a-f]{40,64}\b"), "<hash>"),
)


def plain(text: str, place: Path | None = None) -> str:
    """The text without what differs from run to run."""
    if place is not None:
        text = text.replace(str(place.resolve()), "<place>").replace(str(place), "<place>")
    for name, known in (
        ("<templates>", resource("templates")),
        ("<checkout>", ROOT),
        ("<home>", Path.home()),
        ("=<machine>:", f"={platform.node()}:"),
    ):
        text = text.replace(str(known), name)
    for pattern, new in _VARYING:
        text = pattern.sub(new, text)
    return text.replace(f"version={__version__}", "version=<version>")


def files(root: Path) -> str:
    """Every text file below a directory with its content; of others their names."""
    parts = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        try:
            content = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            content = ""
        head = f"--- {path.relative_to(root)}"
        parts.append(f"{head}\n{content}" if content and "\0" not in content else head)
    return plain("\n".join(parts), root)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run commands in a directory of their own, one after the other; gives each with its output and exit code."""
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def told_(*commands: str) -> str:
        parts = []
        for command in commands:
            code = run(command.split())
            captured = capsys.readouterr()
            err = f"[stderr]\n{captured.err}" if captured.err else ""
            parts.append(f"$ tk {command}\n{captured.out}{err}[exit {code}]\n")
        return plain("\n".join(parts), tmp_path)

    return told_
