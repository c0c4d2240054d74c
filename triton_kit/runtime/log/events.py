"""What a server's log says of its models while they load: until all are loaded, the server answers on no port."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

# Written by model_lifecycle.cc and model_repository_manager.cc of core; each text was seen from 24.10 on. Messages are
# quoted and escaped since 24.03 or so, and plain before. The second form is that of --log-format=ISO8601.
_HEAD = re.compile(
    r"^(?:([IWEF])\d{4} [\d:.]+ +\d+|\d{4}-\d\d-\d\dT[\d:]+Z ([IWEF]) \d+) ([\w.]+):\d+\] *(.*)$", re.DOTALL
)
_LOADING = re.compile(r"^loading: (.+):(\d+)$")
_LOADED = re.compile(r"^successfully loaded '(.+)'(?: version (\d+))?$")
_FAILED = re.compile(r"^failed to load '(.+)' version (\d+): (.*)$", re.DOTALL)
_POLL = re.compile(r"^Poll failed for model directory '(.+?)': (.*)$", re.DOTALL)
_TWICE = re.compile(r"^failed to poll model '(.+)': (.*)$", re.DOTALL)
_PROTOBUF = re.compile(r"^\[libprotobuf ERROR .*?\] (?:Error parsing text-format \S+: )?(.*)$")
_NOISE = ("CudaDriverHelper", "NVML", "DCGM", "failed to load all models")
_TROUBLE = re.compile(r"error|fatal|fail|unrecognized|invalid|cannot|no such|unable", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of the server's log: level ``I``, ``W``, ``E``, ``F``, or ``""`` for what is in no log format."""

    level: str
    source: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a line says of a model: ``LOADING``, ``LOADED`` or ``UNAVAILABLE`` with the reason."""

    model: str
    version: str
    state: str
    reason: str = ""


def read(line: str) -> LogLine:
    """Take a log line apart; the quotes and escapes around its message are undone."""
    head = _HEAD.match(line)
    if head is None:
        return LogLine(level="", source="", text=line)
    level, source, text = head[1] or head[2], head[3], head[4]
    if text.startswith('"'):
        try:
            text = str(json.loads(text, strict=False))
        except ValueError:
            text = text.strip('"')
    return LogLine(level=level, source=source, text=text)


class Progress:
    """The models' states by what the log said so far."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], Event] = {}
        self._troubles: list[LogLine] = []
        self._parse_error = ""

    def take(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._take(line)

    def of(self, model: str) -> list[Event]:
        return [event for event in self.events.values() if event.model == model]

    def reason(self, model: str) -> str:
        """Why a model was refused before it was loaded at all: such a reason never reaches the server's index."""
        for event in self.of(model):
            if event.state == "UNAVAILABLE":
                return event.reason
        named = re.compile(rf"(?<![\w.-]){re.escape(model)}(?![\w-])")
        for trouble in self._troubles:
            if trouble.source.startswith("model_repository_manager") and named.search(trouble.text):
                return trouble.text
        return ""

    def _take(self, line: str) -> None:
        parse_error = _PROTOBUF.match(line)
        if parse_error is not None:
            self._parse_error = parse_error[1]
            return
        entry = read(line)
        event = event_of(entry.text)
        if event is not None:
            if "failed to read text proto" in event.reason and self._parse_error:
                event = Event(**{**_fields(event), "reason": f"{event.reason}: {self._parse_error}"})
                self._parse_error = ""
            self.events[event.model, event.version] = event
        elif entry.level in ("E", "F"):
            self._troubles.append(entry)


def _fields(event: Event) -> dict[str, str]:
    return {"model": event.model, "version": event.version, "state": event.state, "reason": event.reason}


def event_of(text: str) -> Event | None:
    """What the text of a line says of a model, where it says something."""
    if (match := _LOADING.match(text)) is not None:
        return Event(model=match[1], version=match[2], state="LOADING")
    if (match := _LOADED.match(text)) is not None:
        return Event(model=match[1], version=match[2] or "", state="LOADED")
    if (match := _FAILED.match(text)) is not None:
        return Event(model=match[1], version=match[2], state="UNAVAILABLE", reason=match[3].strip())
    if (match := _POLL.match(text) or _TWICE.match(text)) is not None:
        return Event(model=match[1], version="", state="UNAVAILABLE", reason=match[2].strip())
    return None


def last_words(lines: Iterable[str], *, limit: int = 5) -> tuple[str, ...]:
    """The lines that say why a server ended: its errors, or for want of those its last lines."""
    talk = [line for line in lines if line.strip() and line[0] not in "+|"]
    telling = []
    for line in talk:
        entry = read(line)
        trouble = entry.level in ("E", "F") or (not entry.level and _TROUBLE.search(line))
        if trouble and not any(noise in line for noise in _NOISE):
            telling.append(entry.text)
        if "unrecognized option" in line:  # the whole usage follows
            break
    return tuple(telling[-limit:] or (read(line).text for line in talk[-limit:]))
