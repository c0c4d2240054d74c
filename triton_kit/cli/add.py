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
    name: Annotated[str, Argument(metavar="NAME", help="The name of the model, and of its folder.")],
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
) -> None:
    """Add a model: folder, version, config.pbtxt, model.yaml.

    Inputs, outputs and the largest batch come from the model's file, as the server would complete them. DIMS leave out
    the batch dimension unless --max-batch-size is 0, the default without a file; -1 is any size.
    """
    from triton_kit.cli.support.ensemble_questions import settled
    from triton_kit.files import write
    from triton_kit.project import check, context
    from triton_kit.scaffold import new_model as adding
    from triton_kit.scaffold.behaviour import Behaviour
    from triton_kit.scaffold.request import AddRequest

    mode = transfer.mode()
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
    asked = build_request(
        AddRequest,
        made_of,
        scheduling,
        name=name,
        repository=place,
        source=source,
        mode=mode,
        wiring=wiring,
        behaviour=build_request(Behaviour, behaviour),
        layers=context.option_layers(values, settings or ()),
    )
    planned = adding.plan_model(asked, here.templates, release=here.release)
    write.refuse_occupied(planned.root)
    make = write.rehearse if dry_run else write.write
    make(planned, lambda staged: check.check_model(staged, place, here.lint_options))
    _show(planned, dry_run=dry_run, json=format_ == "json")


def _show(planned: Plan, *, dry_run: bool, json: bool) -> None:
    from triton_kit.files import plan
    from triton_kit.scaffold import summary

    if json:
        terminal.out_json(summary.as_json(planned))
    elif dry_run:
        terminal.out(plan.show(planned).rstrip("\n"))
        _warn(planned)
    else:
        terminal.out(summary.summary(planned))
        _warn(planned)
        terminal.say("\nNext:")
        for step in planned.next_steps:
            terminal.say(f"  {step}")


def _warn(planned: Plan) -> None:
    for note in planned.notes:
        terminal.warn(note)
