"""The lines of a log file as the server wrote them, whatever stored or forwarded them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import IO

LONGEST = 1 << 16
"""Bytes of a line that are looked at: what is wrong is at its beginning."""

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HEAD = re.compile(
    r"(?<!\S)(?:[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [IWEF] \d+) [\w.]+:\d+\]"
)
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        r"[\w.-]{1,80} +\| ?",  # docker compose
        r"\[?pod/[\w./-]{1,200}\]? ",  # kubectl logs --prefix
        rf"{_TIME} (?:stdout|stderr) [FP] ",  # the files of a kubelet
        rf"\[?{_TIME}\]?:? +",  # docker logs --timestamps
        r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,80} [\w.@/-]{1,80}(?:\[\d{1,9}\])?: ",  # journalctl, syslog
        r"(?:stdout|stderr): ",
    )
)


def read_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Each line without its end, as bytes, at most ``LONGEST`` of them."""
    if isinstance(file, io.BufferedReader) and file.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # PowerShell's redirections write UTF-16.
        texts = io.TextIOWrapper(file, encoding="utf-16", errors="replace")
        try:
            for text in texts:
                yield text.rstrip("\r\n").encode("utf-8", "replace")[:LONGEST]
        finally:
            texts.detach()
        return
    while line := file.readline(LONGEST):
        if len(line) == LONGEST and line[-1:] != b"\n":
            _skip_line(file)
        yield line.rstrip(b"\r\n")


def _skip_line(file: IO[bytes]) -> None:
    while part := file.readline(1 << 20):
        if part[-1:] == b"\n":
            return


def as_written(line: bytes) -> str:
    """The line as text, as the server wrote it: without colours, times and names that others put before it."""
    text = line.decode("utf-8", "replace")
    if text.startswith("{"):
        text = _unwrapped(text)
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if head := _HEAD.search(text[:400]):
        return text[head.start() :]
    for _ in range(3):
        for prefix in _PREFIXES:
            if found := prefix.match(text):
                text = text[found.end() :]
                break
        else:
            break
    return text


def _unwrapped(text: str) -> str:
    """What a JSON object holds as a line of a log, as Docker's json-file and most collectors of logs write it."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(entry, dict):
        for key in ("log", "message", "msg", "MESSAGE", "line"):
            if isinstance(value := entry.get(key), str):
                return value.rstrip("\r\n")
    return text
