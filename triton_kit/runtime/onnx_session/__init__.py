"""What an installed ONNX Runtime reports of a model's outputs, asked in a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.files.cache import keep, recall
from triton_kit.signature.onnx.asking import Sizes
from triton_kit.signature.onnx.inference import CACHE, digest

DEADLINE = 60.0
"""Seconds until a session that is not open is given up."""


def ask_session(path: Path, level: int = 0) -> Sizes | None:
    """The outputs of a session of that optimization level, as a configuration has it.

    ``None`` where ONNX Runtime is not installed, or the file is too big, or does not load. The answer is kept in tk's
    cache by the digest of the file and the installed ONNX Runtime; so is that there is none.
    """
    package = _package()
    key = package and digest(path, f"session {package} {level}")
    if not key:
        return None
    kept = recall(CACHE, key)
    if kept is None:
        found = _report(path, level)
        kept = {"outputs": found}
        keep(CACHE, key, kept)
    outputs: Sizes | None = kept.get("outputs")
    return outputs


def _package() -> str:
    """Which ONNX Runtime is installed: where it is and since when; empty where there is none."""
    import importlib.util

    try:
        spec = importlib.util.find_spec("onnxruntime")
        return f"{spec.origin} {os.stat(spec.origin).st_mtime_ns}" if spec and spec.origin else ""  # noqa: PTH116
    except (OSError, ValueError, ImportError):
        return ""


def _report(path: Path, level: int) -> Sizes | None:
    import json

    from triton_kit.runtime import process

    try:
        done = process.run(argv(path, level), timeout=DEADLINE)
        found = json.loads(done.stdout) if done.exit_code == 0 else None
    except (TkError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def argv(path: Path, level: int) -> list[str]:
    """The command line: a script of its own directory, so that no module of the current one is imported."""
    return [sys.executable, str(Path(__file__).with_name("report.py")), os.path.abspath(path), str(level)]  # noqa: PTH100
