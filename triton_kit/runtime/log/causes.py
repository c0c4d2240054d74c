"""What caused the trouble of a log, and what followed from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MANY = 20
"""Problems of one cause that are told apart, models that are listed for one, lines that nothing is known of."""

_PHASES = (
    ("engine", "server", "ports", "tls", "object stores", "cuda", "memory"),
    ("layout", "textproto", "configuration", "onnx", "pytorch", "tensorrt", "openvino", "dali", "fil", "llm", "python"),
)
"""Areas of what happens first: before any model, while models load; others are of requests, or of the rules."""

_NAMELESS = ("memory", "python", "cuda")
"""Areas of what may end the process of a Python model, and tells no name of one."""

_GPU = ("cuda", "tensorrt", "llm")
"""Areas of the problems to which a GPU that cannot be used belongs."""


@dataclass(slots=True, kw_only=True)
class LogProblem:
    """One problem of a log.

    ``severity`` is ``error``, ``warning``, ``consequence`` (of another one) or ``harmless``; ``place`` is where the log
    itself says that it is, as ``FILE:LINE``; ``line`` is the number of the first line that reports it, ``text`` what
    is there, ``count`` how many do. ``follows`` is the line of the problem that a consequence follows from.
    """

    severity: str
    area: str
    cause: str
    help: str
    command: str | None
    rule: str | None
    text: str
    line: int
    kind: str = "error"
    count: int = 1
    models: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    stopped: bool = False
    place: str | None = None
    follows: int | None = None

    def add(self, model: str | None, member: str | None = None, *, stopped: bool = False) -> None:
        """A model that has this problem, the model of it that failed, and whether it stopped a model or the server."""
        for name, names in ((model, self.models), (member, self.members)):
            if name and name not in names and len(names) < MANY:
                names.append(name)
        self.stopped |= stopped


@dataclass(slots=True, kw_only=True)
class UnknownError:
    """A line that looks like an error, and that nothing is known of: the first of its kind."""

    text: str
    line: int
    count: int = 1
    models: list[str] = field(default_factory=list)

    def add(self, model: str | None) -> None:
        """A model that has this error."""
        if model and model not in self.models and len(self.models) < MANY:
            self.models.append(model)


@dataclass(slots=True, kw_only=True)
class Digest:
    """What a log says: its problems in order, the errors that nothing is known of, and how many lines it has.

    ``harmless`` looks like trouble and is none; ``loading`` are the models that the log says are being loaded, and
    then nothing more of; ``logged`` is whether any line has the form of a server's log.
    """

    problems: list[LogProblem]
    unknown: list[UnknownError]
    lines: int
    harmless: list[LogProblem] = field(default_factory=list)
    loading: list[str] = field(default_factory=list)
    logged: bool = True

    @property
    def ok(self) -> bool:
        """Whether no line reports an error."""
        return not self.unknown and all(problem.severity == "warning" for problem in self.problems)


def arrange(
    problems: Sequence[LogProblem], unknown: Sequence[UnknownError]
) -> tuple[list[LogProblem], list[LogProblem]]:
    """The problems, each root cause before what follows from it, and what is harmless."""
    roots = [p for p in problems if p.kind in ("error", "general", "symptom") and p.severity == "error"]
    for problem in problems:
        problem.follows = None
        if problem.kind == "harmless":
            problem.severity = "harmless"
        elif problem.kind == "context":
            _settle_context(problem, roots)
        elif problem.kind in ("symptom", "general", "consequence"):
            _settle_consequence(problem, roots, unknown)
    found = [p for p in problems if p.severity != "harmless"]
    _follow_to_roots(found)
    heads = sorted((p for p in found if p.severity != "consequence"), key=_order)
    ordered: list[LogProblem] = []
    for head in heads:
        ordered.append(head)
        ordered += sorted((p for p in found if p.follows == head.line and p is not head), key=lambda p: p.line)
    ordered += sorted((p for p in found if not any(p is o for o in ordered)), key=lambda p: p.line)
    return ordered, sorted((p for p in problems if p.severity == "harmless"), key=lambda p: p.line)


def _follow_to_roots(found: Sequence[LogProblem]) -> None:
    """What follows from a consequence follows from that one's cause."""
    by_line = {problem.line: problem for problem in found}
    for problem in found:
        for _ in range(MANY):
            cause = by_line.get(problem.follows or 0)
            if cause is None or cause.follows is None or cause.follows == problem.line:
                break
            problem.follows = cause.follows


def _order(problem: LogProblem) -> tuple[int, int, int, int]:
    phase = next((i for i, areas in enumerate(_PHASES) if problem.area in areas), len(_PHASES) - 1)
    rank = ("error", "symptom", "general").index(problem.kind) if problem.kind in ("symptom", "general") else 0
    return (problem.severity == "warning", rank, phase, problem.line)


def _settle_context(problem: LogProblem, roots: Sequence[LogProblem]) -> None:
    """A sign that there is no GPU: an error where it stopped something, a clue where something lacks one."""
    if problem.stopped:
        problem.severity = "error"
        return
    wanting = [root for root in roots if root.area in _GPU or "GPU" in root.cause]
    problem.severity = "consequence" if wanting else "harmless"
    problem.follows = wanting[0].line if wanting else None


def _settle_consequence(problem: LogProblem, roots: Sequence[LogProblem], unknown: Sequence[UnknownError]) -> None:
    """What follows from another problem goes below it; without one it is what is known to be wrong."""
    cause = _cause_of(problem, [root for root in roots if root is not problem], unknown)
    if cause is not None:
        problem.severity, problem.follows = "consequence", cause.line
    elif problem.kind == "consequence":
        problem.severity = "error"


def _cause_of(
    problem: LogProblem, roots: Sequence[LogProblem], unknown: Sequence[UnknownError]
) -> LogProblem | UnknownError | None:
    wanted = problem.members or problem.models
    candidates: list[LogProblem | UnknownError] = [*sorted(roots, key=_order), *unknown]
    if problem.kind != "consequence":
        candidates = [c for c in candidates if isinstance(c, UnknownError) or c.kind == "error" or problem.members]
    related = [c for c in candidates if not set(wanted).isdisjoint(c.models)]
    if not related and problem.kind == "symptom" and problem.area == "python":
        # What the kernel or the loader says names no model.
        related = [c for c in candidates if not c.models and isinstance(c, LogProblem) and c.area in _NAMELESS]
    if related or problem.kind != "consequence":
        return related[0] if related else None
    return candidates[0] if candidates else None
