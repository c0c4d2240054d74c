"""From which moment on a log is shown."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from triton_kit.errors import UsageError
from triton_kit.runtime.log.since import lines_since, moment

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1.5h", 5400),
        ("2d", 172800),
        ("0s", 0),
        ("11:00", 3600),
        ("9:30", 9000),
        ("11:59:30", 30),
        ("2026-11-28T11:00", 3600),
        ("2026-11-28 11:00:00", 3600),
        ("2026-11-28T12:00+01:00", 3600),
        ("2026-11-28T11:00Z", 3600),
        ("2026-11-28", 43200),
    ],
)
def test_a_time_ago_and_a_time_of_the_day_are_read(text: str, before: float) -> None:
    assert moment(text, now=NOON) == NOON - before


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "5 m", "25:00", "yesterday", "2026-13-01", "1e3s", "٣m"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time") as error:
        moment(text, now=NOON)
    assert "10m" in str(error.value.hint)


def test_lines_without_a_time_belong_to_the_one_before() -> None:
    now = datetime.now(timezone.utc)
    old, new = (now - timedelta(minutes=minutes) for minutes in (10, 1))
    lines = [
        b"said before any time\n",
        f"I{old:%m%d %H:%M:%S.%f} 1 a.cc:1] old\n".encode(),
        b"its second line\n",
        f"W{new:%m%d %H:%M:%S.%f} 1 a.cc:1] new\n".encode(),
        b"printed by a model\n",
        f"{new:%Y-%m-%dT%H:%M:%S}Z I 1 a.cc:1] in the other format\n".encode(),
    ]
    assert list(lines_since(lines, None)) == lines
    assert list(lines_since(lines, (now - timedelta(minutes=5)).timestamp())) == lines[3:]
    assert list(lines_since(lines, now.timestamp() + 60)) == []
    assert list(lines_since(lines, (now - timedelta(days=1)).timestamp())) == lines[1:]


def test_a_line_of_last_december_is_not_of_the_next_one() -> None:
    now = datetime.now(timezone.utc)
    later = now + timedelta(days=40)
    assert list(lines_since([f"I{later:%m%d %H:%M:%S.%f} 1 a.cc:1] x\n".encode()], now.timestamp())) == []


@pytest.mark.parametrize(
    "line",
    [b"I9999 99:99:99.999999 1 a.cc:1] x\n", b"\xff\xfe\x00\n", b"I0230 10:00:00.000000 x\n"],
    ids=["numbers that no clock shows", "no text", "a day that no month has"],
)
def test_what_only_looks_like_a_time_is_none(line: bytes) -> None:
    assert list(lines_since([line], 1.0)) == []
