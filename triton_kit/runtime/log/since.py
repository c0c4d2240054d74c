"""From which moment on a log is shown: what a user writes, and what the lines of a server say of their time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from triton_kit.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BRIEF = re.compile(r"[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6})")
"""The time of a line by default (core logging.cc): month, day and time in UTC, without a year."""

_WHOLE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z [IWEF] ")
"""The same with ``--log-format=ISO8601``."""


def moment(text: str, *, now: float | None = None) -> float:
    """Seconds since the epoch for ``10m`` ago, or for a date and time, which are local where no zone is written.

    Raises UsageError for anything else.
    """
    now = time.time() if now is None else now
    if found := re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smhd])", text, re.ASCII):
        return now - float(found[1]) * _UNITS[found[2]]
    if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", text, re.ASCII):
        text = f"{datetime.fromtimestamp(now).date()}T{text.zfill(5 if text.count(':') == 1 else 8)}"
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text} is not a time", hint="write 10m, 2h or 1d ago, or a time: 14:05, 2026-11-28T14:05"
        ) from None


def lines_since(lines: Iterable[bytes], since: float | None) -> Iterator[bytes]:
    """The lines of a log from the first one on that was written at that moment or later; all with ``None``.

    A line without a time, as a model's own output is, belongs to the one before it.
    """
    begun = since is None
    for line in lines:
        if not begun:
            written = _time_of(line)
            begun = written is not None and since is not None and written >= since
        if begun:
            yield line


def _time_of(line: bytes) -> float | None:
    head = line[:40].decode("utf-8", "replace")
    try:
        if found := _WHOLE.match(head):
            return datetime.fromisoformat(found[1]).replace(tzinfo=timezone.utc).timestamp()
        if (found := _BRIEF.match(head)) is None:
            return None
        latest = time.time() + _UNITS["d"]
        year = datetime.now(timezone.utc).year
        for guess in (year + 1, year, year - 1):  # around New Year, the one before is the latest that has been
            written = datetime.fromisoformat(f"{guess}-{found[1]}-{found[2]}T{found[3]}+00:00").timestamp()
            if written <= latest:
                return written
    except ValueError:
        pass
    return None
