"""``tk validate``: what a Triton server would refuse, and what to do about it."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.validate_options import (
    Control,
    FailOn,
    OnOff,
    default_path,
    fails,
    gpu_count,
    names,
    project_around,
    resource_counts,
    with_baseline,
)
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Report


class Format(str, Enum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


def validate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Repositories, models, config.pbtxt or model files; default: here."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to write the report.")] = Format.TEXT,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there, not to stdout.")] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Pass over paths that belong to no model, as hooks may give.")
    ] = False,
    release: Annotated[str | None, typer.Option(metavar="YY.MM", help="The server's container release.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Judge as with --disable-auto-complete-config.")] = False,
    gpus: Annotated[str, typer.Option(metavar="N", help="GPUs of the server's machine, or unknown.")] = "unknown",
    image_backends: Annotated[
        list[str] | None, typer.Option(metavar="NAME,...", help="The backends that the server has; default: unknown.")
    ] = None,
    model_control: Annotated[Control, typer.Option(help="The server's --model-control-mode.")] = Control.NONE,
    load_model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Loaded at its start, with explicit control; or '*'.")
    ] = None,
    namespacing: Annotated[bool, typer.Option("--namespacing", help="Judge as with --model-namespacing.")] = False,
    config_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The server's --model-config-name: configs/NAME.pbtxt.")
    ] = None,
    default_max_batch_size: Annotated[
        int, typer.Option(metavar="N", help="The server's default-max-batch-size for backends.")
    ] = 4,
    rate_limit: Annotated[OnOff, typer.Option(help="The server's --rate-limit=execution_count.")] = OnOff.UNKNOWN,
    rate_limit_resource: Annotated[
        list[str] | None, typer.Option(metavar="NAME:COUNT", help="What the server grants of a resource.")
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Show findings of these rules or areas only.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="RULE", help="Leave these rules or areas out.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is certain, then report what remains.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what --fix would change.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity for exit code 1.")] = FailOn.ERROR,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Leave out the findings that this file knows.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write all findings to the baseline.")
    ] = False,
    show_completed: Annotated[
        bool, typer.Option("--show-completed", help="Print the models' configurations as the server completes them.")
    ] = False,
) -> int:
    """Say what a Triton server would refuse in a repository, with the place and the remedy.

    A path may be a repository, a model's directory, its config.pbtxt or its model file; several repositories are those
    of one server. The exit code is 1 where the server would refuse something. A comment "# tk: ignore[rule-name]"
    silences a rule on its line or the next one.
    """
    from triton_kit.linter.engine import lint_paths
    from triton_kit.linter.options import DEFAULT_RELEASE, options
    from triton_kit.linter.select import check_names

    project = project_around(paths[0] if paths else ".")
    given = paths or [default_path(project)]
    if skip_unknown:
        from triton_kit.model.target import belongs_to_model

        given = [path for path in given if belongs_to_model(path)]
    chosen = tuple(select or (project.select if project else ()))
    ignored = (*(ignore or ()), *(project.ignore if project else ()))
    severities = project.severities if project else {}
    if chosen or ignored or severities:
        for renamed in check_names((*chosen, *ignored, *severities)):
            terminal.warn(renamed)
    judged_by = options(
        release=release or (project.release if project else None) or DEFAULT_RELEASE,
        auto_complete=not strict,
        gpus=gpu_count(gpus),
        select=chosen,
        ignore=ignored,
        image_backends=names(image_backends),
        explicit=model_control is Control.EXPLICIT,
        load_models=load_model or (),
        namespacing=namespacing,
        config_name=config_name,
        default_max_batch_size=default_max_batch_size,
        rate_limit=True if rate_limit_resource else rate_limit.known,
        rate_resources=resource_counts(rate_limit_resource),
        severities=severities,
    )
    if show_completed:
        from triton_kit.model import normalization

        terminal.out(normalization.show_completed(given, judged_by).rstrip("\n"))
        return 0
    if update_baseline and baseline is None:
        raise UsageError("--update-baseline has no file to write", hint="add --baseline FILE")
    if fix or diff:
        from triton_kit.cli.support import fix_output

        if diff:
            return fix_output.show_diff(given, judged_by)
    report = fix_output.fix(given, judged_by) if fix else lint_paths(given, judged_by)
    if baseline is not None:
        report = with_baseline(report, baseline, update=update_baseline)
    _show(report, format_, output)
    return 1 if fails(report, fail_on) else 0


def _show(report: Report, format_: Format, output: str | None) -> None:
    """Write the report where it is wanted; where people will not read it, the summary goes to stderr."""
    if output is None:
        if rendered := _rendered(report, format_, color=terminal.colors(sys.stdout)).rstrip("\n"):
            terminal.out(rendered)
    else:
        from pathlib import Path

        from triton_kit.files.write import replace_text

        text = _rendered(report, format_, color=False).rstrip("\n")
        replace_text(Path(output), f"{text}\n" if text else "")
    if output is not None or format_ is Format.GITHUB:
        from triton_kit.linter.report.text import summary

        terminal.say(summary(report))


def _rendered(report: Report, format_: Format, *, color: bool) -> str:
    match format_:
        case Format.TEXT:
            from triton_kit.linter.report import text

            return text.render(report, color=color)
        case Format.JSON:
            from triton_kit.linter.report import json

            return json.render(report)
        case Format.GITHUB:
            from triton_kit.linter.report.github import format_github

            return format_github(report)
        case Format.SARIF:
            from triton_kit.linter.report.sarif import format_sarif
            from triton_kit.version import __version__

            return format_sarif(report, version=__version__, describe=_headline)
        case Format.JUNIT:
            from triton_kit.linter.report.junit import format_junit

            return format_junit(report)


def _headline(rule: str) -> str | None:
    """The first line of a rule's page."""
    from triton_kit.linter.rule import load_rules

    known = load_rules().get(rule)
    return known.doc.strip().partition("\n")[0] if known else None
