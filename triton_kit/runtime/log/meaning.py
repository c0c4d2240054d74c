"""What a server's log line means: the cause of a failure, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triton_kit.runtime.log.events import read
from triton_kit.runtime.log.messages import fill, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The cause behind a log line, the model that it is about where it says so, and what to do."""

    cause: str
    help: str
    model: str | None = None


def meaning(line: str) -> Meaning | None:
    """What a line of the log means, or ``None`` when it is not a known one, or names no cause."""
    found = table().find(read(line).text)
    if found is None or found[0].kind in ("general", "consequence"):
        return None
    known, parts = found
    return Meaning(cause=fill(known.cause, parts), help=fill(known.help, parts), model=parts.get("model") or None)


def friendly(line: str) -> str:
    """The message of a log line alone: no time, thread, source place, status word, or C++ decoration."""
    entry = read(line)
    text = re.sub(r"\s*\([^()]*?/[\w./-]+\.(?:cc|cpp|h|hpp):\d+\)", "", entry.text)
    text = re.sub(
        r"^(?:Internal|Invalid argument|Unavailable|Not found|Unsupported): (?:Internal: )?", "", text.strip()
    )
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    return re.sub(r"\s*\n\s*At:\n.*\Z", "", text, flags=re.DOTALL).strip()
