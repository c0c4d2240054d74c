"""What rules say of a model, with the rule: a rule that fails is a finding of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from triton_kit.linter.diagnostic import Diagnostic, Problem, Severity
from triton_kit.linter.rule import Rule
from triton_kit.linter.suppress import Unused
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository

Finding = tuple[Rule, Problem]

INTERNAL = Rule("internal-error", Severity.ERROR, lambda _: iter(()), "engine", "model", None, None)
"""What a rule that failed is reported under: the fault is tk's, and the other rules still speak."""


class ModelFindings(NamedTuple):
    """What a report takes from a model. ``deferred`` is that of an ensemble which is yet to be judged."""

    name: str
    has_config: bool
    diagnostics: tuple[Diagnostic, ...] = ()
    suppressed: int = 0
    sources: dict[Path, str] = {}  # noqa: RUF012 - never changed
    refusal: Problem | None = None
    deferred: bool = False


def apply(rule: Rule, subject: Model | Repository | list[Unused], path: str = "") -> list[Finding]:
    """What a rule says; a rule that fails becomes one finding of its own, at ``path``, instead of an end."""
    found: list[Finding] = []
    try:
        for problem in rule.check(subject):
            found.append((rule, problem))  # noqa: PERF401 - what was said before a rule ends is kept
    except Broken:
        pass
    except Exception as error:
        found.append(internal(rule, path if isinstance(subject, list) else subject.directory, error))
    return found


def internal(rule: Rule, path: str, error: Exception) -> Finding:
    """The finding that a rule failed."""
    message = f"the rule {rule.name} failed on {path}: {type(error).__name__}: {error}"
    return INTERNAL, Problem(message=message, help="report this as a bug in tk", file=Path(path))


def keep_first_internal(found: list[Finding]) -> None:
    """One fault of tk fails many rules: the first says enough."""
    for finding in [one for one in found if one[0] is INTERNAL][1:]:
        found.remove(finding)


def remember_sources(model: Model, kept: Sequence[Diagnostic], sources: dict[Path, str]) -> None:
    """Put the texts that these findings are in beside the others, by file."""
    for diagnostic in kept:
        file = diagnostic.file
        if file in sources or diagnostic.file.suffix not in (".pbtxt", ".py"):
            continue
        try:
            text = model.document.source.text if file == model.at_file else disk.read_bytes(str(file)).decode()
        except (Broken, OSError, ValueError):
            continue
        sources[file] = text
