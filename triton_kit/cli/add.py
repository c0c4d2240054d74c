"""``tk add``: a new model, from its file or from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.add_options import (
    BehaviourOptions,
    EnsembleOptions,
    SchedulingOptions,
    SourceOptions,
    TransferOptions,
)
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import build_request
from triton_kit.cli.support.options import DryRun, Format, Release, Repository, Settings, ValuesFile
from triton_kit.cli.support.release import tell_newer

if TYPE_CHECKING:
    from triton_kit.files.plan import Plan


def add(
    names: Annotated[
        list[str],
        Argument(metavar="NAME|FILE...", help="The model's name, and its folder's; or model files, named after them."),
    ],
    source: Annotated[Path | None, Option("--from", metavar="FILE", help="The model's file or directory.")] = None,
    *,
    transfer: TransferOptions,
    made_of: SourceOptions,
    wired: EnsembleOptions,
    behaviour: BehaviourOptions,
    scheduling: SchedulingOptions,
    settings: Settings = None,
    values: ValuesFile = None,
    release: Release = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    format_: Format = "text",
) -> int:
    """Add a model: folder, version, config.pbtxt, model.yaml.

    Inputs, outputs and the largest batch come from the model's file, as the server would complete them. DIMS leave out
    the batch dimension unless --max-batch-size is 0, the default without a file; -1 is any size.

    Of several files the good ones are added; for the others the exit code is 1.
    """
    from triton_kit.cli.support.add_files import add_each, model_files, refuse_for_several
    from triton_kit.cli.support.ensemble_questions import settled
    from triton_kit.files import write
    from triton_kit.project import check, context
    from triton_kit.scaffold import new_model as adding
    from triton_kit.scaffold import summary
    from triton_kit.scaffold.behaviour import Behaviour
    from triton_kit.scaffold.new_project import model_name
    from triton_kit.scaffold.request import AddRequest

    mode = transfer.mode()
    files = model_files(names, source)
    refuse_for_several(files, as_json=format_ == "json", ensemble=wired.ensemble)
    name, source = (model_name(files[0]), files[0]) if len(files) == 1 else (names[0], source)
    here = context.find_context(release)
    tell_newer(here.release, as_json=format_ == "json")
    place = context.find_repository(here, repository)
    wiring = settled(
        name,
        place,
        here.lint_options,
        steps=wired.ensemble,
        maps=wired.maps,
        exposed=wired.exposed,
        hidden=wired.hidden,
        max_batch_size=scheduling.max_batch_size,
    )
    layers = context.option_layers(values, settings or ())

    def make(name: str, file: Path | None) -> Plan:
        asked = build_request(
            AddRequest,
            made_of,
            scheduling,
            name=name,
            repository=place,
            source=file,
            mode=mode,
            wiring=wiring,
            behaviour=build_request(Behaviour, behaviour),
            layers=layers,
        )
        planned = adding.plan_model(asked, here.templates, release=here.release)
        write.refuse_occupied(planned.root)
        put = write.rehearse if dry_run else write.write
        put(planned, lambda staged: check.check_model(staged, place, here.lint_options))
        return planned

    if len(files) > 1:
        return add_each(files, make, lambda planned: _show(planned, dry_run=dry_run), place, dry_run=dry_run)
    planned = make(name, source)
    if format_ == "json":
        terminal.out_json(summary.as_json(planned))
        return 0
    _show(planned, dry_run=dry_run)
    if not dry_run:
        terminal.say("\nNext:")
        for step in planned.next_steps:
            terminal.say(f"  {step}")
    return 0


def _show(planned: Plan, *, dry_run: bool) -> None:
    from triton_kit.files import plan
    from triton_kit.scaffold import summary

    terminal.out(plan.show(planned).rstrip("\n") if dry_run else summary.summary(planned))
    for note in planned.notes:
        terminal.warn(note)
