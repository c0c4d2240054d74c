"""What went wrong by a whole log: each problem once, what caused it before what followed from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO

from triton_kit.runtime.log.events import read
from triton_kit.runtime.log.lines import as_written, read_lines
from triton_kit.runtime.log.messages import KnownProblem, Table, fill

MANY = 20
"""Problems of one cause that are told apart, models that are listed for one, lines that nothing is known of."""

_TROUBLE = ("error", "fatal", "failed", "failure", "exception", "panic", "killed", "unrecognized", "invalid", "cannot")
_LEVELS = tuple(f"{level}{month:02}{day:02}" for level in "ef" for month in range(1, 13) for day in range(1, 32))
_WORD = b"abcdefghijklmnopqrstuvwxyz0123456789_"
_LOWER = bytes(b if b > 127 or b in _WORD else b + 32 if 65 <= b <= 90 else 32 for b in range(256))
"""Capitals as small letters, and what is in no word as blanks."""

_MODEL = re.compile(
    r"(?:^failed to load|^Poll failed for model directory|^failed to poll model|(?:^|: )ensemble) '([^']{1,500})"
    r"|(?:^|: |: in |^in )ensemble ([^ ',]{1,500})[ ,]"
)
_TALK = re.compile(rb"^[^\]]{0,200}(?:[ \"|m]I\d{4} \d\d:\d\d|Z I \d)")
"""What the server says for information only, behind whatever is before it."""

_LOGGED = ("[libprotobuf ERROR", "[E:onnxruntime")
"""How libraries of the server begin the lines of their errors."""

_ROW = re.compile(r"^\| (\S{1,200})() +\| \S{1,20} +\| UNAVAILABLE: (.{1,2000})")
_PYTHON_PLACE = re.compile(r"([\w./-]{1,300}/\d{1,19}/[\w./-]{1,100}\.py)(?:\((\d{1,7})\)|\", line (\d{1,7}))")
_TEXT_PLACE = re.compile(r"Error parsing text-format [\w.]{1,100}: (\d{1,9}:\d{1,9})")
_CONFIG = re.compile(r"failed to read text proto from (\S{1,1000})")


@dataclass(slots=True, kw_only=True)
class LogProblem:
    """One problem of a log.

    ``severity`` is ``error``, ``warning``, ``consequence`` (of another one) or ``harmless``; ``place`` is where the log
    itself says that it is, as ``FILE:LINE``; ``line`` is the number of the first line that reports it, ``text`` what
    is there, ``count`` how many do.
    """

    severity: str
    area: str
    cause: str
    help: str
    command: str | None
    rule: str | None
    text: str
    line: int
    count: int = 1
    models: list[str] = field(default_factory=list)
    place: str | None = None


@dataclass(slots=True, kw_only=True)
class UnknownError:
    """A line that looks like an error, and that nothing is known of: the first of its kind."""

    text: str
    line: int
    count: int = 1


@dataclass(slots=True, kw_only=True)
class Digest:
    """What a log says: its problems in order, the errors that nothing is known of, and how many lines it has."""

    problems: list[LogProblem]
    unknown: list[UnknownError]
    lines: int

    @property
    def ok(self) -> bool:
        """Whether no line reports an error."""
        return not self.unknown and all(t.severity in ("warning", "harmless") for t in self.problems)


_ORDER = ("error", "warning", "consequence", "harmless")


def digest(file: IO[bytes], table: Table) -> Digest:
    """What went wrong by the log in that file, of any length; what cannot be decoded is passed over."""
    reader = Reader(table)
    # A word of a known text, an error's head, or a word of trouble: most lines have none of these, and say nothing.
    marks = frozenset(word.encode() for word in (*_TROUBLE, *_LEVELS, "e", "f"))
    number = 0
    for number, line in enumerate(read_lines(file), start=1):
        if line[:1] == b"I" and line[1:5].isdigit():
            continue
        flat = line.replace(b"\\n", b" ") if b"\\" in line else line
        words = flat.translate(_LOWER).split()
        if (table.may_hold(words) or not marks.isdisjoint(words)) and not _TALK.search(line):
            reader.take(as_written(line), number)
    return reader.digest(number)


class Reader:
    """Takes the lines of a log one by one, and puts together what belongs together."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._problems: dict[tuple[KnownProblem, str], LogProblem] = {}
        self._kinds: dict[KnownProblem, list[LogProblem]] = {}
        self._unknown: dict[str, UnknownError] = {}
        self._seen: dict[str, LogProblem | UnknownError | None] = {}
        self._unplaced: LogProblem | None = None

    def take(self, line: str, number: int) -> LogProblem | None:
        """Read a line as the server wrote it; the trouble that it is the first to report, if it is."""
        entry = read(line)
        if entry.level == "I":
            return None
        text = entry.text
        level = entry.level or ("E" if text.startswith(_LOGGED) or _ROW.match(text) else "")
        if (place := _CONFIG.search(text)) and (problem := self._unplaced):
            self._belongs(problem, text, place[1])
            return None
        if text in self._seen:
            known = self._seen[text]
            if known is not None:
                known.count += 1
            return None
        found, new = self._read(text, level, number)
        if len(self._seen) < 10_000:
            self._seen[text] = found
        return found if new and isinstance(found, LogProblem) else None

    def explain(self, message: str) -> LogProblem | None:
        """What a message by itself means that a user has from a server, in whatever it is wrapped."""
        found, _ = self._read(read(message).text, "E", 1)
        return found if isinstance(found, LogProblem) else None

    def digest(self, lines: int) -> Digest:
        """All that was found so far."""
        problems = sorted(self._problems.values(), key=lambda t: (_ORDER.index(t.severity), t.line))
        return Digest(problems=problems, unknown=list(self._unknown.values()), lines=lines)

    def _read(self, text: str, level: str, number: int) -> tuple[LogProblem | UnknownError | None, bool]:
        found = self._table.find(text, logged=bool(level))
        if found is None:
            return self._unread(text, level, number), True
        known, parts = found
        parts.setdefault("engine", "podman" if "podman" in text.lower() else "docker")
        if (model := _MODEL.search(text)) or (model := _ROW.match(text)):
            parts.setdefault("model", model[1] or model[2])
        if "model" in parts:  # with namespaces, the repository is before it
            parts["model"] = parts["model"].rpartition("::")[2]
        problem, new = self._problem(known, parts, text, level, number)
        if (name := parts.get("model")) and name not in problem.models and len(problem.models) < MANY:
            problem.models.append(name)
        if problem.place is None and (python := _PYTHON_PLACE.search(text)):
            problem.place = f"{python[1].strip()}:{python[2] or python[3]}"
        if parse := _TEXT_PLACE.search(text):
            problem.place = problem.place or parse[1]
            self._unplaced = problem
        return problem, new

    def _problem(
        self, known: KnownProblem, parts: dict[str, str], text: str, level: str, number: int
    ) -> tuple[LogProblem, bool]:
        cause = fill(known.cause, parts)
        alike = self._kinds.setdefault(known, [])
        problem = self._problems.get((known, cause)) or (alike[0] if len(alike) >= MANY else None)
        if problem is not None:
            problem.count += 1
            return problem, False
        severity = "error" if known.kind == "general" else known.kind
        problem = LogProblem(
            severity="warning" if severity == "error" and level == "W" else severity,
            area=known.area,
            cause=cause,
            help=fill(known.help, parts),
            command=fill(known.command, parts) if known.command else None,
            rule=known.rule,
            text=text,
            line=number,
        )
        alike.append(problem)
        self._problems[known, cause] = problem
        return problem, True

    def _unread(self, text: str, level: str, number: int) -> UnknownError | None:
        words = set(re.findall(r"[a-z]+", text[:2000].lower()))
        if level not in ("E", "F") and (level or text[:1] in ("+", "|", " ", "") or words.isdisjoint(_TROUBLE)):
            return None
        kind = re.sub(r"\d+", "0", text[:200])
        if kind in self._unknown:
            self._unknown[kind].count += 1
        elif len(self._unknown) < MANY:
            self._unknown[kind] = UnknownError(text=text, line=number)
        return self._unknown.get(kind)

    def _belongs(self, problem: LogProblem, text: str, file: str) -> None:
        """The line that names the file whose parser has just complained."""
        file = file.strip("'\":,")
        self._unplaced = None
        if problem.place and "/" not in problem.place:
            problem.place = f"{file}:{problem.place}"
        found = _MODEL.search(text) or re.search(r"([^/]{1,200})/config\.pbtxt", file)
        if found and found[1] and found[1] not in problem.models and len(problem.models) < MANY:
            problem.models.append(found[1])
