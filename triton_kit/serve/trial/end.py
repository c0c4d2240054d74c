"""How a server ended by itself, in words."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from triton_kit.runtime.log.events import last_words
from triton_kit.runtime.types import ExplainsItsEnd, Server


def end_of(server: Server, signalled: int, log: Iterable[str]) -> str:
    """How it ended, by the signal that it told of or by its exit code, and its last words."""
    code = server.exit_code or 0
    number = signalled or (-code if code < 0 else code - 128 if code > 128 else 0)
    try:
        how = f"by {signal.Signals(number).name}" if number else f"with exit code {code}"
    except ValueError:
        how = f"with exit code {code}"
    if isinstance(server, ExplainsItsEnd) and (known := server.explain_end()):
        how = f"{how}: {known.message}"
    told = [line for line in log if line[:1] in ("E", "F")]
    return "\n".join((how, *last_words(told)))
