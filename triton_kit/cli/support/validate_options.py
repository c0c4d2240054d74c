"""How ``tk validate`` judges: from what a user and the project write to options, and from a report to an exit code."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triton_kit.linter.diagnostic import Report
    from triton_kit.linter.options import Options
    from triton_kit.project.settings import Project


class FailOn(str, Enum):
    """The least severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Control(str, Enum):
    """How the server is told what to load."""

    NONE = "none"
    EXPLICIT = "explicit"
    POLL = "poll"


class OnOff(str, Enum):
    """Something that the server does or does not."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"

    @property
    def known(self) -> bool | None:
        """Whether it is on; ``None`` where that is unknown."""
        return None if self is OnOff.UNKNOWN else self is OnOff.ON


Paths = Annotated[
    list[str] | None,
    Argument(metavar="[PATH]...", help="Models by name or path, repositories, or files of models; default: here."),
]
Output = Annotated[str | None, Option("--output", metavar="FILE", help="Write the report there, not to stdout.")]
SkipUnknown = Annotated[
    bool, Option("--skip-unknown", help="Pass over paths that belong to no model, as hooks may give.")
]
Gpus = Annotated[str, Option("--gpus", metavar="N", help="GPUs of the server's machine, or unknown.")]
ImageBackends = Annotated[
    list[str] | None,
    Option("--image-backends", metavar="NAME,...", help="The backends that the server has; default: unknown."),
]
LoadModels = Annotated[
    list[str] | None,
    Option("--load-model", metavar="NAME", help="Loaded at its start, with explicit control; or '*'."),
]
Namespacing = Annotated[bool, Option("--namespacing", help="Judge as with --model-namespacing.")]
ConfigName = Annotated[
    str | None,
    Option("--config-name", metavar="NAME", help="The server's --model-config-name: configs/NAME.pbtxt."),
]
DefaultMaxBatchSize = Annotated[
    int, Option("--default-max-batch-size", metavar="N", help="The server's default-max-batch-size for backends.")
]
RateLimitResources = Annotated[
    list[str] | None,
    Option("--rate-limit-resource", metavar="NAME:COUNT", help="What the server grants of a resource."),
]
Select = Annotated[
    list[str] | None, Option("--select", metavar="RULE", help="Show findings of these rules or areas only.")
]
Baseline = Annotated[
    str | None, Option("--baseline", metavar="FILE", help="Leave out the findings that this file knows.")
]
UpdateBaseline = Annotated[bool, Option("--update-baseline", help="Write all findings to the baseline.")]
ShowCompleted = Annotated[
    bool, Option("--show-completed", help="Print the models' configurations as the server completes them.")
]


def rules_heard(
    project: Project | None, select: Sequence[str] | None, ignore: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...], Mapping[str, str]]:
    """The rules that are selected and ignored, and those of another severity, by the user and by the project.

    A former name is reported. Raises UsageError for a name that is neither a rule nor an area and never was.
    """
    chosen = tuple(select or (project.select if project else ()))
    ignored = (*(ignore or ()), *(project.ignore if project else ()))
    severities = project.severities if project else {}
    if chosen or ignored or severities:
        from triton_kit.linter.select import check_names

        for renamed in check_names((*chosen, *ignored, *severities)):
            terminal.warn(renamed)
    return chosen, ignored, severities


def gpu_count(text: str) -> int | None:
    """The number of GPUs, ``None`` for ``unknown``. Raises UsageError for anything else."""
    if text == "unknown":
        return None
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f"--gpus {text!r} is not a number", hint="write how many GPUs there are, or unknown")
    return int(text)


def resource_counts(given: list[str] | None) -> dict[str, int]:
    """Resources as the server's --rate-limit-resource names them, with the count of the device that has most."""
    if not given:
        return {}
    from triton_kit.model import server_flags

    for one in given:
        if server_flags.resource_count(one) is None:
            raise UsageError(f"--rate-limit-resource {one!r} is not a resource", hint="write NAME:COUNT, such as R:4")
    return server_flags.resource_counts(given)


def names(given: list[str] | None) -> list[str] | None:
    """Names that were given one by one or with commas; ``None`` where none were."""
    return None if given is None else [name.strip() for one in given for name in one.split(",") if name.strip()]


def fails(report: Report, fail_on: FailOn) -> bool:
    """Whether a finding is at least that bad."""
    from triton_kit.linter.diagnostic import Severity

    return any(d.severity >= Severity[fail_on.name] for d in report.diagnostics)


def with_baseline(report: Report, baseline: str, *, update: bool) -> Report:
    """The report without what the baseline knows; with ``update``, the file is written and then knows everything."""
    from triton_kit.linter.baseline import former_names, read_baseline, render_baseline, without_known

    path = Path(baseline)
    if update:
        from triton_kit.files.write import replace_text

        text = render_baseline(report)
        replace_text(path, text)
    else:
        try:
            text = disk.read_given(path).decode("utf-8")
        except FileNotFoundError:
            raise UsageError(f"{baseline} does not exist", hint="write it with --update-baseline") from None
        except (OSError, ValueError) as error:
            why = disk.reason(error) if isinstance(error, OSError) else str(error)
            raise TkError(f"{baseline} cannot be read: {why}", hint="check the file") from None
    known = read_baseline(text, baseline)
    for renamed in former_names(text):
        terminal.warn(renamed, hint=f"write {baseline} again with --update-baseline")
    return without_known(report, known)


def again(paths: Sequence[str], **options: object) -> str:
    """``tk validate`` as it was called, with the options that decide what is found, but for those at their default."""
    import shlex

    words = ["tk", "validate", *paths]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, list):
            words += [word for one in value for word in (option, str(one))]
        elif value and value not in _DEFAULTS:
            words += [option, value.value if isinstance(value, Enum) else str(value)]
    return shlex.join(words)


_DEFAULTS = ("unknown", 4, Control.NONE, OnOff.UNKNOWN)
"""What the options are that nobody gave."""


def with_certain_fixes(report: Report, paths: Sequence[str], options: Options) -> Report:
    """The report with fixes for those findings alone that ``--fix`` fixes."""
    if not any(d.fixable for d in report.diagnostics):
        return report
    from triton_kit.linter.fix.confirmation import confirmed

    return confirmed(report, paths, options)
