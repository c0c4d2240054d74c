"""``tk import``: models of TorchServe and TensorFlow Serving as models of this repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import spread
from triton_kit.cli.support.options import DryRun, Format, Inputs, Outputs, Repository
from triton_kit.cli.support.release import tell_newer
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from triton_kit.convert.report import ImportedModel
    from triton_kit.project.context import ProjectContext

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Bring models from TorchServe or TensorFlow Serving.",
)


Name = Annotated[str | None, Option(metavar="NAME", help="The model's name; by default the one it has there.")]


@app.command()
@spread
def torchserve(
    archive: Annotated[Path, Argument(metavar="FILE", help="NAME.mar or NAME.tar.gz of torch-model-archiver.")],
    name: Name = None,
    config: Annotated[
        Path | None, Option(metavar="FILE", help="TorchServe's config.properties, for batches and workers.")
    ] = None,
    keep_handler: Annotated[
        bool, Option("--keep-handler", help="Call the handler of the archive, also around TorchScript.")
    ] = False,
    inputs: Inputs = None,
    outputs: Outputs = None,
    max_batch_size: Annotated[int | None, Option(metavar="N", help="The largest batch, instead of batchSize.")] = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    format_: Format = "text",
) -> int:
    """Bring a TorchServe archive: TorchScript or ONNX as it is, a handler as a model in Python that calls it.

    The report says what carried over, what changed its meaning, and what was left behind. Nothing of the archive is
    executed. TorchScript does not describe its tensors: give --input and --output, DIMS without the batch dimension.
    """
    from triton_kit.convert import torchserve as converting
    from triton_kit.convert.unpack import unpack
    from triton_kit.files.stage import stage
    from triton_kit.project import context

    here = context.find_context()
    tell_newer(here.release, as_json=format_ == "json")
    place = context.find_repository(here, repository)
    request = converting.TorchServeRequest(
        archive=archive,
        repository=place,
        name=name,
        properties=config,
        keep_handler=keep_handler,
        inputs=tuple(inputs or ()),
        outputs=tuple(outputs or ()),
        max_batch_size=max_batch_size,
        mode="copy" if dry_run else "move",
    )
    with stage(place) as scratch:
        files = unpack(archive, scratch)
        found = converting.plan(request, scratch, files, here.templates, here.release)
        return _finish([found], here, place, dry_run, format_, unpacked=(scratch, archive))


@app.command()
@spread
def tfserving(
    source: Annotated[Path, Argument(metavar="DIR|FILE", help="A model's base path, or a models.config.")],
    name: Name = None,
    batching: Annotated[
        Path | None, Option(metavar="FILE", help="The --batching_parameters_file of the server.")
    ] = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    format_: Format = "text",
) -> int:
    """Bring the SavedModels of TensorFlow Serving: all versions, the version policy, the batching parameters.

    Images serve TensorFlow up to release 25.02. For a later one nothing is written, and the report has the command that
    converts each version to ONNX.
    """
    from triton_kit.convert import tfserving as converting
    from triton_kit.project import context

    here = context.find_context()
    tell_newer(here.release, as_json=format_ == "json")
    place = context.find_repository(here, repository)
    request = converting.TFServingRequest(source=source, repository=place, name=name, batching=batching)
    found = converting.plan(request, here.templates, here.release)
    return _finish(found, here, place, dry_run, format_)


def _finish(
    found: Sequence[ImportedModel],
    here: ProjectContext,
    place: Path,
    dry_run: bool,
    format_: str,
    unpacked: tuple[Path, Path] | None = None,
) -> int:
    """Write what can be, each model as a whole, and show the report; 1 where a model cannot be imported.

    ``unpacked`` is where an archive lies for now, and the archive.
    """
    from triton_kit.convert import report
    from triton_kit.files import plan, write

    for one in found:
        if one.plan is not None:
            write.refuse_occupied(one.plan.root)
    found = [_written(one, here, place, alone=len(found) == 1, dry_run=dry_run) for one in found]
    planned = [one.plan for one in found if one.plan is not None]
    if format_ == "json":
        terminal.out_json(report.as_json(found, written=not dry_run and bool(planned)))
    else:
        terminal.out(report.show(found, written=not dry_run, columns=terminal.columns()))
        if dry_run:
            for each in planned:
                text = plan.show(each).rstrip()
                terminal.out("\n" + (text.replace(str(unpacked[0]), str(unpacked[1])) if unpacked else text))
        elif planned:
            terminal.say("\nNext:")
            for step in dict.fromkeys(step for one in planned for step in one.next_steps):
                terminal.say(f"  {step}")
    return 0 if len(planned) == len(found) else 1


def _written(one: ImportedModel, here: ProjectContext, place: Path, *, alone: bool, dry_run: bool) -> ImportedModel:
    """The model, written, or with ``dry_run`` only checked.

    One of several that cannot be is in the report, and does not keep the others.
    """
    from triton_kit.convert.report import failed
    from triton_kit.files import write
    from triton_kit.project import check

    if one.plan is None:
        return one
    try:
        make = write.rehearse if dry_run else write.write
        make(one.plan, lambda staged: check.check_model(staged, place, here.lint_options))
    except TkError as error:
        if alone:
            raise
        return failed(one, error)
    return one
