"""What tk keeps because it can be had again: where, and small answers by what they are about."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any


def cache_dir() -> Path:
    """tk's own directory for what can be had again: ``$TK_CACHE_DIR``, else ``triton-kit`` in the user's cache."""
    own = os.environ.get("TK_CACHE_DIR")
    if own:
        return Path(own).expanduser().absolute()
    general = os.environ.get("XDG_CACHE_HOME")
    return (Path(general) if general else Path.home() / ".cache") / "triton-kit"


def recall(kind: str, key: str) -> dict[str, Any] | None:
    """The answer that was kept under that key, a digest of the question; ``None`` where there is none."""
    import json

    try:
        found = json.loads((cache_dir() / kind / f"{key}.json").read_bytes())
    except (OSError, ValueError, RuntimeError):
        return None
    return found if isinstance(found, dict) else None


def keep(kind: str, key: str, answer: dict[str, Any]) -> None:
    """Keep an answer; where the directory cannot be written, it is worked out again the next time."""
    import json

    with contextlib.suppress(OSError, RuntimeError):
        folder = cache_dir() / kind
        folder.mkdir(parents=True, exist_ok=True)
        staged = folder / f".{key}.{os.getpid()}"
        staged.write_text(json.dumps(answer), encoding="utf-8")
        staged.replace(folder / f"{key}.json")
