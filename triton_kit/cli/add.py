"""``tk add``: a new model, from its file or from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.errors import UsageError


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the model, and of its folder.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="The model's file or directory.")
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Hard-link the file instead of copying it.")] = False,
    move: Annotated[bool, typer.Option("--move", help="Move the file; it goes when all is in place.")] = False,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="The backend; without --from: python, ensemble, ...")
    ] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="Another template than the backend's.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME:TYPE:DIMS", help="An input: image:FP32:3,224,224")
    ] = None,
    outputs: Annotated[
        list[str] | None, typer.Option("--output", metavar="NAME:TYPE:DIMS", help="An output: scores:FP32:1000")
    ] = None,
    library: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The library of a backend of your own: libtriton_NAME.so")
    ] = None,
    env: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A packed environment for a Python model: ENV.tar.gz")
    ] = None,
    accelerator: Annotated[
        str | None,
        typer.Option(metavar="NAME[:...]", help="Of ONNX Runtime: tensorrt:fp16,workspace=2g,cache=/DIR, or openvino"),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="FILE", help="One label a line, for the output; OUTPUT=FILE if it has many.")
    ] = None,
    steps: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="STEP", help="A step of an ensemble: 'MODEL INPUT=TENSOR -> OUTPUT=TENSOR'"),
    ] = None,
    ensemble: Annotated[
        str | None,
        typer.Option(metavar="MODEL,MODEL", help="An ensemble of these models, wired by name, type and shape."),
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="MAP", help="Feed an input: STEP.INPUT=STEP.OUTPUT, or =NAME from outside."),
    ] = None,
    exposed: Annotated[
        list[str] | None,
        typer.Option("--expose", metavar="OUTPUT", help="Show an output that a step reads, too: STEP.OUTPUT[=NAME]"),
    ] = None,
    hidden: Annotated[
        list[str] | None,
        typer.Option("--hide", metavar="OUTPUT", help="Leave out an output that no step reads: STEP.OUTPUT"),
    ] = None,
    bls: Annotated[bool, typer.Option("--bls", help="A model.py that calls other models.")] = False,
    calls: Annotated[str | None, typer.Option(metavar="MODEL,MODEL", help="The models that it calls.")] = None,
    decoupled: Annotated[
        bool, typer.Option("--decoupled", help="Any number of responses to a request, over a gRPC stream.")
    ] = False,
    sequence: Annotated[
        str | None, typer.Option(metavar="oldest|direct", help="Requests of a sequence share a state.")
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="A state the server keeps: INPUT=OUTPUT:FP32:16"),
    ] = None,
    max_batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="The largest batch; 0: dims are complete shapes.")
    ] = None,
    batching: Annotated[
        str | None, typer.Option(metavar="dynamic|none", help="Whether the server merges requests.")
    ] = None,
    preferred: Annotated[str | None, typer.Option(metavar="N,N", help="Batch sizes to aim at: 8,16")] = None,
    delay_us: Annotated[
        int | None, typer.Option(metavar="N", help="Microseconds a request may wait for others.")
    ] = None,
    instances: Annotated[int | None, typer.Option(metavar="N", help="How many instances (on each GPU).")] = None,
    kind: Annotated[str | None, typer.Option(metavar="gpu|cpu|auto", help="Where the instances run.")] = None,
    gpus: Annotated[str | None, typer.Option(metavar="N,N", help="Which GPUs: 0,1")] = None,
    version_policy: Annotated[
        str | None, typer.Option(metavar="POLICY", help="Versions to serve: latest:2, all, specific:1,3")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any value of the template, or config.FIELD=VALUE."),
    ] = None,
    values: Annotated[Path | None, typer.Option(metavar="FILE", help="Values of the template from a file.")] = None,
    release: Annotated[
        str | None, typer.Option(metavar="YY.MM", help="The Triton release that is to serve it.")
    ] = None,
    repository: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The repository; by default the project's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the files, and write nothing.")] = False,
    format_: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the result.")] = "text",
) -> None:
    """Add a model: folder, version, config.pbtxt, model.yaml.

    Inputs, outputs and the largest batch come from the model's file, as the server would complete them. DIMS leave out
    the batch dimension unless --max-batch-size is 0, the default without a file; -1 is any size.
    """
    from triton_kit.cli.support.ensemble_questions import settled
    from triton_kit.files import plan, write
    from triton_kit.project import check, context
    from triton_kit.scaffold import new_model as adding
    from triton_kit.scaffold import summary
    from triton_kit.scaffold.behaviour import Behaviour
    from triton_kit.scaffold.request import AddRequest

    if link and move:
        raise UsageError("--link and --move exclude each other", hint="choose one")
    if format_ not in ("text", "json"):
        raise UsageError(f"--format {format_}: not a format", hint="write text or json")
    here = context.find_context(release)
    place = context.find_repository(here, repository)
    wired = settled(
        name,
        place,
        here.lint_options,
        steps=ensemble,
        maps=maps,
        exposed=exposed,
        hidden=hidden,
        max_batch_size=max_batch_size,
    )
    request = AddRequest(
        name=name,
        repository=place,
        source=source,
        mode="link" if link else "move" if move else "copy",
        backend=backend,
        template=template,
        inputs=tuple(inputs or ()),
        outputs=tuple(outputs or ()),
        steps=tuple(steps or ()),
        library=library,
        env=env,
        wiring=wired,
        behaviour=Behaviour(bls=bls, calls=calls, decoupled=decoupled, sequence=sequence, states=tuple(states or ())),
        accelerator=accelerator,
        labels=labels,
        max_batch_size=max_batch_size,
        batching=batching,
        preferred=preferred,
        delay_us=delay_us,
        instances=instances,
        kind=kind,
        gpus=gpus,
        version_policy=version_policy,
        layers=context.option_layers(values, settings or ()),
    )
    planned = adding.plan_model(request, here.templates, release=here.release)
    write.refuse_occupied(planned.root)
    if not dry_run:
        write.write(planned, lambda staged: check.check_model(staged, place, here.lint_options))
    if format_ == "json":
        terminal.out_json(summary.as_json(planned))
    elif dry_run:
        terminal.out(plan.show(planned).rstrip("\n"))
    else:
        terminal.out(summary.summary(planned))
        terminal.say("\nNext:")
        for step in planned.next_steps:
            terminal.say(f"  {step}")
