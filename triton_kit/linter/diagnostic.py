"""What a finding is: a problem as a rule states it, a diagnostic as a user sees it, a report of them all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.repository.text_format.source import START, Replacement, Route, Span
from triton_kit.value import Value

if TYPE_CHECKING:
    from triton_kit.linter.fix.edits import Edit


class Severity(IntEnum):
    """How bad a finding is.

    ERROR: the server will refuse it. WARNING: it loads, but not as intended. NOTE: it could be better.
    """

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Related(Value):
    """A second place that a finding speaks of: the first definition, the step that feeds a tensor."""

    message: str
    file: Path | None = None
    span: Span = START


class Problem(Value):
    """What a rule yields: a route into the document and what is wrong there; never a line number.

    ``at`` is the route in the model's config (the nearest existing parent is shown when it is absent). ``file`` is set
    when the finding is about another file of the model. ``key`` points at the field's name instead of its value.
    ``severity`` replaces the rule's where what is not known of the server decides: such a finding is conditional, and
    its message says ``if``. ``fix`` is what fixes it for certain, and does no harm.
    """

    at: Route = ()
    message: str
    help: str | None = None
    file: Path | None = None
    span: Span | None = None
    key: bool = False
    related: tuple[Related, ...] = ()
    severity: Severity | None = None
    fix: Edit | None = None


class Change(Value):
    """A part of a fix: a replacement in the text of a file, or a directory to make."""

    file: Path
    span: Span
    replacement: Replacement | None = None
    directory: bool = False


class Diagnostic(Value):
    """A problem with its place: what ``tk validate`` prints, and what every report format is made of."""

    rule: str
    severity: Severity
    model: str | None
    file: Path
    span: Span
    message: str
    help: str | None = None
    related: tuple[Related, ...] = ()
    changes: tuple[Change, ...] = ()
    """What ``tk validate --fix`` changes on account of it; empty where nothing is certain."""

    @property
    def notes(self) -> list[str]:
        """What there is to say beside it, for reports that show no other places."""
        return [related.message for related in self.related if related.file is None]

    @property
    def fixable(self) -> bool:
        """Whether there is something that fixes it for certain."""
        return bool(self.changes)


class Report(Value):
    """All findings about what was asked for, in order of file and place."""

    diagnostics: tuple[Diagnostic, ...] = ()
    models: tuple[str, ...] = ()
    files: int = 0
    suppressed: int = 0
    baselined: int = 0
    sources: Mapping[Path, str] = {}
    """The text of each file that a diagnostic points into, for the excerpt."""

    def count(self, severity: Severity) -> int:
        """How many findings have that severity."""
        return sum(d.severity is severity for d in self.diagnostics)

    @property
    def ok(self) -> bool:
        """Whether a server would take it: no error among the findings."""
        return not any(d.severity is Severity.ERROR for d in self.diagnostics)
