"""``tk validate``: what a Triton server would refuse, and what to do about it."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.load_options import LoadOptions, check_options
from triton_kit.cli.support.model_paths import default_path, model_paths, project_around
from triton_kit.cli.support.options import Ignore, Release, Strict, format_option
from triton_kit.cli.support.release import named_release
from triton_kit.cli.support.runtime_options import EngineOptions
from triton_kit.cli.support.validate_options import (
    Baseline,
    ConfigName,
    Control,
    DefaultMaxBatchSize,
    FailOn,
    Gpus,
    ImageBackends,
    LoadModels,
    Namespacing,
    OnOff,
    Output,
    Paths,
    RateLimitResources,
    Select,
    ShowCompleted,
    SkipUnknown,
    UpdateBaseline,
    again,
    fails,
    gpu_count,
    names,
    resource_counts,
    rules_heard,
    with_baseline,
    with_certain_fixes,
)
from triton_kit.errors import UsageError, assert_never
from triton_kit.project.origin import where_it_is_made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triton_kit.cli.support.load_trial import Trial
    from triton_kit.linter.diagnostic import Report
    from triton_kit.linter.options import Options
    from triton_kit.project.settings import Project


class Format(str, Enum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


def validate(
    paths: Paths = None,
    format_: Annotated[Format, format_option("How to write the report.")] = Format.TEXT,
    output: Output = None,
    skip_unknown: SkipUnknown = False,
    release: Release = None,
    strict: Strict = False,
    gpus: Gpus = "unknown",
    image_backends: ImageBackends = None,
    model_control: Annotated[Control, Option(help="The server's --model-control-mode.")] = Control.NONE,
    load_model: LoadModels = None,
    namespacing: Namespacing = False,
    config_name: ConfigName = None,
    default_max_batch_size: DefaultMaxBatchSize = 4,
    rate_limit: Annotated[OnOff, Option(help="The server's --rate-limit=execution_count.")] = OnOff.UNKNOWN,
    rate_limit_resource: RateLimitResources = None,
    cache: Annotated[OnOff, Option(help="Whether the server has a --cache-config.")] = OnOff.UNKNOWN,
    select: Select = None,
    ignore: Ignore = None,
    fix: Annotated[bool, Option("--fix", help="Fix what is certain, then report what remains.")] = False,
    diff: Annotated[bool, Option("--diff", help="Write nothing; show what --fix would change.")] = False,
    fail_on: Annotated[FailOn, Option(help="The least severity for exit code 1.")] = FailOn.ERROR,
    baseline: Baseline = None,
    update_baseline: UpdateBaseline = False,
    show_completed: ShowCompleted = False,
    *,
    load: LoadOptions,
    engine: EngineOptions,
) -> int:
    """Say what a Triton server would refuse in a repository, with the place and the remedy.

    A path may be a repository, a model's directory, its config.pbtxt or its model file; several repositories are those
    of one server. The exit code is 1 where the server would refuse something. A comment "# tk: ignore[rule-name]"
    silences a rule on its line or the next one.

    With --load the models are then loaded on a real server, which ends afterwards: the embedded one, or a container
    with --runtime docker. What it says is in the report, beside what tk says.
    """
    from triton_kit.linter.engine import lint_paths
    from triton_kit.linter.options import options

    check_options(load, engine, writes_no_report="--show-completed" if show_completed else "--diff" if diff else None)
    project = project_around(paths[0] if paths else ".")
    given = model_paths(paths, project) if paths else [default_path(project)]
    if skip_unknown:
        from triton_kit.model.target import belongs_to_model

        given = [path for path in given if belongs_to_model(path)]
    chosen, ignored, severities = rules_heard(project, select, ignore)
    judged_by = options(
        release=_release(release, project, load, engine, as_json=format_ is Format.JSON and output is None),
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
        cache=cache.known,
        severities=severities,
    )
    if show_completed:
        return _show_completed(given, judged_by)
    if update_baseline and baseline is None:
        raise UsageError("--update-baseline has no file to write", hint="add --baseline FILE")
    if diff:
        return _show_diff(given, judged_by)
    report = _fixed(given, judged_by) if fix else with_certain_fixes(lint_paths(given, judged_by), given, judged_by)
    command = again(
        paths or (),
        release=release,
        strict=strict,
        gpus=gpus,
        image_backends=image_backends,
        model_control=model_control,
        load_model=load_model,
        namespacing=namespacing,
        config_name=config_name,
        default_max_batch_size=default_max_batch_size,
        rate_limit=rate_limit,
        rate_limit_resource=rate_limit_resource,
        select=select,
        ignore=ignore,
    )

    def show(report: Report, trial: Trial | None = None) -> Report:
        if baseline is not None:
            report = with_baseline(report, baseline, update=update_baseline)
        _show(where_it_is_made(report), format_, output, trial, command)
        return report

    if not load.load:
        return 1 if fails(show(report), fail_on) else 0
    from triton_kit.cli.support.load_trial import try_on_server

    trial = try_on_server(report, given, judged_by, load, engine, show=show)
    shown = show(trial.report, trial)
    trial.finish()
    return 1 if fails(shown, fail_on) else 0


def _release(
    given: str | None, project: Project | None, load: LoadOptions, engine: EngineOptions, *, as_json: bool
) -> str | None:
    """The release that somebody named, else with --load that of what the models are loaded on."""
    named = named_release(given, project, image=engine.image, as_json=as_json)
    if named is not None or not load.load:
        return named
    from triton_kit.cli.support.load_trial import release_that_loads

    return release_that_loads(engine)


def _show_completed(paths: list[str], judged_by: Options) -> int:
    from triton_kit.linter import completed

    terminal.out(completed.show_completed(paths, judged_by).rstrip("\n"))
    return 0


def _show_diff(paths: Sequence[str], judged_by: Options) -> int:
    from triton_kit.cli.support import fix_output

    return fix_output.show_diff(paths, judged_by)


def _fixed(paths: Sequence[str], judged_by: Options) -> Report:
    from triton_kit.cli.support import fix_output

    return fix_output.fix(paths, judged_by)


def _show(report: Report, format_: Format, output: str | None, trial: Trial | None, command: str) -> None:
    """Write the report where it is wanted; where people will not read it, the summary goes to stderr."""
    said = [trial.summary()] if trial else []
    if output is None:
        rendered = _rendered(report, format_, trial, command, color=terminal.colors(sys.stdout)).rstrip("\n")
        if rendered:
            terminal.out("\n".join([rendered, *said]) if format_ is Format.TEXT else rendered)
    else:
        from pathlib import Path

        from triton_kit.files.write import replace_text

        text = _rendered(report, format_, trial, command, color=False).rstrip("\n")
        replace_text(Path(output), f"{text}\n" if text else "")
    if output is not None or format_ is Format.GITHUB:
        from triton_kit.linter.report.text import summary

        terminal.say("\n".join([summary(report), *said]))


def _rendered(report: Report, format_: Format, trial: Trial | None, command: str, *, color: bool) -> str:
    match format_:
        case Format.TEXT:
            from triton_kit.linter.report import text

            return text.render(report, color=color, command=command)
        case Format.JSON:
            from triton_kit import json_document
            from triton_kit.linter.report import json

            content = {**json.content(report), "load": trial.as_json() if trial else None}
            return json_document.render(terminal.with_notes(content))
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
        case _:
            assert_never(format_)


def _headline(rule: str) -> str | None:
    """The first line of a rule's page."""
    from triton_kit.linter.load_findings import PAGES
    from triton_kit.linter.rule import load_rules

    if rule in PAGES:
        return PAGES[rule].headline
    known = load_rules().get(rule)
    return None if known is None else known.doc.strip().partition("\n")[0]
