"""Whether the clock can be right."""

from __future__ import annotations

import time
from pathlib import Path

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine

DAY = 86_400


def look(_machine: Machine, now: float | None = None) -> Finding:
    """Not before tk itself was installed: certificates of registries and servers would seem not to be valid yet."""
    now = time.time() if now is None else now
    installed = Path(__file__).stat().st_mtime
    today = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if now < installed - DAY:
        return warning(
            f"the clock says {today}, which is before tk was installed", "set it: sudo timedatectl set-ntp true"
        )
    return ok(today)
