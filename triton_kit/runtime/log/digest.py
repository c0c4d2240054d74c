"""What went wrong by a whole log: each problem once, what caused it before what followed from it."""

from __future__ import annotations

import re
from typing import IO

from triton_kit.runtime.log.causes import MANY, Digest, LogProblem, UnknownError, arrange
from triton_kit.runtime.log.events import LogLine, event_of, read
from triton_kit.runtime.log.lines import as_written, read_lines
from triton_kit.runtime.log.messages import MESSAGE, KnownProblem, Table, fill
from triton_kit.runtime.log.wrapping import unwrap

_TROUBLE = ("error", "fatal", "failed", "failure", "exception", "panic", "killed", "unrecognized", "invalid", "cannot")
_LEVELS = tuple(f"{level}{month:02}{day:02}" for level in "ef" for month in range(1, 13) for day in range(1, 32))
_WORD = b"abcdefghijklmnopqrstuvwxyz0123456789_"
_LOWER = bytes(b if b > 127 or b in _WORD else b + 32 if 65 <= b <= 90 else 32 for b in range(256))
"""Capitals as small letters, and what is in no word as blanks."""

_TALK = re.compile(rb"^[^\]]{0,200}(?:[ \"|m]I\d{4} \d\d:\d\d|Z I \d)")
"""What the server says for information only, behind whatever is before it."""

_LOGGED = ("[libprotobuf ERROR", "[E:onnxruntime")
"""How libraries of the server begin the lines of their errors."""

_ENGINE = re.compile(
    r"(?:docker|podman|nvidia-container-cli|OCI runtime|Error response from daemon|runc|crun): |(?:Error|error): (?=\D)"
    r"|Error response from daemon|\S{0,500}tritonserver: |\S{0,500}triton_python_backend_stub: "
    r"|docker-entrypoint|Unable to find image|\[ *\d{1,12}\.\d{1,9}\] |Out of memory: Killed"
)
"""How the engine, the loader and the kernel begin the lines of their errors."""

_ERROR = re.compile(
    r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,60}(?:Error|Exception): (?=\D)"
    r"|(?i:error|fatal|fatal error|panic|critical)(?:: (?=\D)|: *$|\] )|terminate called|.{0,100}: unrecognized option"
)
"""How a program that has no log begins the lines of its errors."""

_OWN = re.compile(
    r" {2}(?:= |help: )|\s{0,8}\S{1,500}:\d{1,9}:\d{1,9}: (?:error|warning|note): .{1,1000} \[[a-z\d-]{1,80}\]$"
)
"""What tk itself says of a problem, below the server's line."""

_PYTHON_PLACE = re.compile(r"([\w./-]{1,300}/\d{1,19}/[\w./-]{1,100}\.py)(?:\((\d{1,7})\)|\", line (\d{1,7}))")
_TEXT_PLACE = re.compile(r"Error parsing text-format [\w.]{1,100}: (\d{1,9}:\d{1,9})")
_CONFIG = re.compile(r"failed to read text proto from (\S{1,1000})")
MOST_LOADING = 10_000
"""Models that are followed while they load."""

_ENSEMBLE = re.compile(r"(?:^|: )(?:[Ii]n )?ensemble '?([^ ',]{1,500})'?[ ,]")


def digest(file: IO[bytes], table: Table) -> Digest:
    """What went wrong by the log in that file, of any length; what cannot be decoded is passed over.

    Where no line is in the form of the server's log, each is taken for a message by itself.
    """
    reader = Reader(table)
    # A word of a known text, an error's head, or a word of trouble: most lines have none of these, and say nothing.
    marks = frozenset(word.encode() for word in (*_TROUBLE, *_LEVELS, "e", "f", "usage"))
    number = 0
    for number, line in enumerate(read_lines(file), start=1):
        if line[:1] == b"I" and line[1:5].isdigit():
            if b"load" in line or reader.unsettled:
                reader.told(as_written(line))
            continue
        flat = line.replace(b"\\n", b" ") if b"\\" in line else line
        words = flat.translate(_LOWER).split()
        if table.may_hold(words) or not marks.isdisjoint(words) or reader.in_usage:
            if _TALK.search(line):
                reader.told(as_written(line))
            else:
                reader.take(as_written(line), number)
    return reader.digest(number)


class Reader:
    """Takes the lines of a log one by one, and puts together what belongs together."""

    def __init__(self, table: Table) -> None:
        self.logged = False
        """Whether a line was in the form of the server's log."""
        self.in_usage = False
        """Whether the lines are those of a program's usage."""
        self.unsettled = True
        """Whether a line in the form of the server's log would end that, or is the first."""
        self._table = table
        self._problems: dict[tuple[KnownProblem, str], LogProblem] = {}
        self._kinds: dict[KnownProblem, list[LogProblem]] = {}
        self._unknown: dict[str, UnknownError] = {}
        self._seen: dict[str, LogProblem | UnknownError | None] = {}
        self._unplaced: LogProblem | None = None
        self._messages: list[tuple[str, int]] = []
        self._loading: dict[str, None] = {}

    def take(self, line: str, number: int) -> LogProblem | None:
        """Read a line as the server wrote it; the trouble that it is the first to report, if it is."""
        entry = read(line)
        if entry.level:
            self._is_logged()
        if entry.level == "I" or self._is_usage(entry):
            return None
        text = entry.text
        if (place := _CONFIG.search(text)) and (problem := self._unplaced):
            self._belongs(problem, text, place[1])
            return None
        if text in self._seen:
            known = self._seen[text]
            if known is not None:
                known.count += 1
            return None
        level = entry.level or self._level(text)
        if not level and (text[:1] in ("+", "|") or _OWN.match(text)):
            return None
        found, new = self._read(text, level, entry.source, number)
        if found is None and not level and not self.logged and len(self._messages) < MANY:
            self._messages.append((text, number))
        if len(self._seen) < 10_000:
            self._seen[text] = found
        return found if new and isinstance(found, LogProblem) else None

    def told(self, line: str) -> None:
        """Read a line that is for information: which models are being loaded."""
        self._is_logged()
        event = event_of(read(line).text)
        if event is None or event.state not in ("LOADING", "LOADED"):
            return
        model = event.model.rpartition("::")[2]
        if event.state == "LOADED":
            self._loading.pop(model, None)
        elif len(self._loading) < MOST_LOADING:
            self._loading[model] = None

    def digest(self, lines: int) -> Digest:
        """All that was found so far."""
        if not self.logged:
            for text, number in self._messages:
                self._read(text, MESSAGE, "", number)
        self._messages.clear()
        unknown = list(self._unknown.values())
        problems, harmless = arrange(list(self._problems.values()), unknown)
        told = {model for problem in problems for model in problem.models}
        told.update(model for error in unknown for model in error.models)
        loading = [model for model in self._loading if model not in told][:MANY]
        return Digest(
            problems=problems, harmless=harmless, unknown=unknown, lines=lines, loading=loading, logged=self.logged
        )

    def _is_logged(self) -> None:
        self.logged, self.in_usage, self.unsettled = True, False, False

    def _is_usage(self, entry: LogLine) -> bool:
        if entry.text.startswith(("Usage: ", "usage: ")):
            self.in_usage = self.unsettled = True
        return self.in_usage

    @staticmethod
    def _level(text: str) -> str:
        """The level of a line in no log format: that of an error where its form is one's, else none."""
        return "E" if text.startswith(_LOGGED) or _ENGINE.match(text) or unwrap(text).row else ""

    def _read(self, text: str, level: str, source: str, number: int) -> tuple[LogProblem | UnknownError | None, bool]:
        found = self._table.find(text, level=level, source=source)
        if found is None:
            return self._unread(text, level, number), True
        known, parts = found
        parts.setdefault("engine", "podman" if "podman" in text.lower() else "docker")
        if "model" not in parts and (ensemble := _ENSEMBLE.search(text)):
            parts["model"] = ensemble[1]
        if "model" in parts:  # with namespaces, the repository is before it
            parts["model"] = parts["model"].rpartition("::")[2]
        problem, new = self._problem(known, parts, text, level, number)
        problem.add(parts.get("model"), parts.get("member"), stopped=_stops(text))
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
        problem = LogProblem(
            kind=known.kind,
            severity="warning" if level == "W" else "error",
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
        said = unwrap(text)
        if level == MESSAGE:
            words = set(re.findall(r"[a-z]+", text[:2000].lower()))
            if words.isdisjoint(_TROUBLE) and len(said.starts) == 1:
                return None
        elif level not in ("E", "F") and (level or not _ERROR.match(text)):
            return None
        core = text[said.starts[-1] :][:200] if said.raised is None else text[:200]
        kind = re.sub(r"\d+", "0", core)
        if kind in self._unknown:
            self._unknown[kind].count += 1
        elif len(self._unknown) < MANY:
            self._unknown[kind] = UnknownError(text=text, line=number)
        found = self._unknown.get(kind)
        if found is not None:
            found.add(said.parts.get("model"))
        return found

    def _belongs(self, problem: LogProblem, text: str, file: str) -> None:
        """The line that names the file whose parser has just complained."""
        file = file.strip("'\":,")
        self._unplaced = None
        if problem.place and "/" not in problem.place:
            problem.place = f"{file}:{problem.place}"
        model = unwrap(text).parts.get("model", "").rpartition("::")[2]
        if not model and (folder := re.search(r"([^/]{1,200})/config\.pbtxt", file)):
            model = folder[1]
        problem.add(model, stopped=True)


def _stops(text: str) -> bool:
    """Whether the text says that a model, or the server, did not start for it."""
    return (
        text.startswith(("failed to load", "Poll failed", "creating server", "error: creating")) or "| UNAVAIL" in text
    )
