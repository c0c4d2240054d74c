"""Free ports for a server of a test, which no other test takes before that server listens."""

from __future__ import annotations

import os
from itertools import cycle

from triton_kit.errors import TkError
from triton_kit.runtime.ports import choose

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20
_START = os.getpid() % 200 * 3
_RANGE = [20_000 + 600 * _WORKER + (_START + i) % 600 for i in range(600)]
_NEXT = cycle(_RANGE)
"""Below what systems hand out for port 0 and for outgoing connections; each worker has a range of its own."""


def free_ports() -> tuple[int, int, int]:
    """Ports for HTTP, gRPC and metrics."""
    for _ in _RANGE:
        try:
            return choose("127.0.0.1", next(_NEXT), next(_NEXT), next(_NEXT))
        except TkError:
            continue
    raise AssertionError("no port is free")
