"""What a server's log line says, without what is around its message."""

from __future__ import annotations

import re

from triton_kit.runtime.log.events import read


def friendly(line: str) -> str:
    """The message of a log line alone: no time, thread, source place, status word, or C++ decoration."""
    entry = read(line)
    text = re.sub(r"\s*\([^()]*?/[\w./-]+\.(?:cc|cpp|h|hpp):\d+\)", "", entry.text)
    text = re.sub(
        r"^(?:Internal|Invalid argument|Unavailable|Not found|Unsupported): (?:Internal: )?", "", text.strip()
    )
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    return re.sub(r"\s*\n\s*At:\n.*\Z", "", text, flags=re.DOTALL).strip()
