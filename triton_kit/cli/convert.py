"""``tk convert``: a model in another format than the one it has."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.server_options import Grpc, ServerName, Url, check_seconds, open_client, place_of
from triton_kit.cli.support.table import table
from triton_kit.errors import UsageError

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Make a TensorRT model out of an ONNX one, and compare the two.",
)

Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the result.")]


@app.command()
def tensorrt(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An ONNX model: its folder, or its name.")],
    into: Annotated[
        str | None, typer.Option(metavar="NAME", help="The new model, or a TensorRT model to add a version to.")
    ] = None,
    version: Annotated[int | None, typer.Option(metavar="N", help="Which version; the latest by default.")] = None,
    least: Annotated[
        list[str] | None, typer.Option("--min", metavar="NAME=SHAPE", help="The least shape: image=1x3x224x224")
    ] = None,
    best: Annotated[list[str] | None, typer.Option("--opt", metavar="NAME=SHAPE", help="The usual shape.")] = None,
    most: Annotated[list[str] | None, typer.Option("--max", metavar="NAME=SHAPE", help="The largest shape.")] = None,
    fp16: Annotated[bool, typer.Option("--fp16", help="Allow FP16.")] = False,
    bf16: Annotated[bool, typer.Option("--bf16", help="Allow BF16 (from 24.05 on).")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Allow INT8; the model must be quantized.")] = False,
    fp8: Annotated[bool, typer.Option("--fp8", help="Allow FP8; the model must be quantized.")] = False,
    workspace: Annotated[
        str | None, typer.Option(metavar="SIZE", help="The most memory of the GPU to build with, as 4g.")
    ] = None,
    accelerator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:...]", help="Build nothing: let ONNX Runtime use it, as tensorrt:fp16,workspace=2g"
        ),
    ] = None,
    release: Annotated[
        str | None, typer.Option(metavar="YY.MM", help="The Triton release that is to serve it.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="Another image with trtexec, of the same release.")] = None,
    runtime: Annotated[str, typer.Option(help="docker or podman.")] = "docker",
    gpus: Annotated[str, typer.Option(help="auto, all, or indices such as 0,1.")] = "auto",
    pull: Annotated[str, typer.Option(help="missing or never.")] = "missing",
    repository: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The repository; by default the project's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what will happen, and do nothing.")] = False,
    format_: Format = "text",
) -> None:
    """Build a TensorRT engine of an ONNX model, in the image of the release that is to serve it.

    Shapes follow from max_batch_size and dims; where the model leaves another size open, --min, --opt and --max say
    what the engine is built for. Docker and an NVIDIA GPU like the server's are needed.
    """
    from triton_kit.convert import tensorrt as converting
    from triton_kit.convert.profiles import parse_given
    from triton_kit.project import context
    from triton_kit.scaffold.accelerator import parse_size

    is_json = context.is_json(format_)
    here = context.surroundings(release)
    if accelerator is not None:
        _accelerate(here, model, accelerator, repository, dry_run=dry_run, is_json=is_json)
        return
    chosen = [name for name, on in (("fp16", fp16), ("bf16", bf16), ("int8", int8), ("fp8", fp8)) if on]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude each other", hint="choose one")
    if runtime not in ("docker", "podman"):
        raise UsageError(f"--runtime {runtime}: an engine is built in a container", hint="write docker or podman")
    if pull not in ("missing", "never"):
        raise UsageError(f"--pull {pull}: not a way to pull", hint="write missing or never")
    wish = converting.Wish(
        model=model,
        into=into,
        version=version,
        given=parse_given(least or (), best or (), most or ()),
        precision=chosen[0] if chosen else None,  # type: ignore[arg-type]
        workspace=None if workspace is None else parse_size(workspace, "--workspace"),
        image=image,
        engine="podman" if runtime == "podman" else "docker",
        gpus=gpus,
        pull=pull,
    )
    conversion = converting.plan_conversion(here, wish, repository)
    if not dry_run:
        converting.convert(here, conversion, progress=terminal.say, log=terminal.detail)
    if is_json:
        terminal.out_json(converting.as_json(conversion))
    elif dry_run:
        terminal.out(converting.show(conversion))
    else:
        terminal.out(f"{conversion.target}/ is added")
        terminal.say("\nNext, on a machine with such a GPU:")
        name = conversion.request.name
        for step in (f"tk serve {conversion.request.repository}", f"tk convert parity {conversion.origin} {name}"):
            terminal.say(f"  {step}")


@app.command()
def parity(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="The model that is right, such as the ONNX one.")
    ],
    other: Annotated[str, typer.Argument(metavar="MODEL", help="The model to compare with it.")],
    rtol: Annotated[float, typer.Option(help="The relative tolerance.")] = 1e-3,
    atol: Annotated[float, typer.Option(help="The absolute tolerance.")] = 1e-4,
    precision: Annotated[
        str | None, typer.Option(metavar="NAME", help="Usual tolerances instead: fp32, fp16, bf16, int8 or fp8.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How many random inputs.")] = 4,
    shape: Annotated[
        list[str] | None, typer.Option(metavar="NAME:SIZES", help="Sizes that the model leaves open: x:3,224")
    ] = None,
    url: Url = "",
    server: ServerName = None,
    grpc: Grpc = False,
    timeout: Annotated[float, typer.Option(help="Seconds that a request may take.")] = 60.0,
    format_: Format = "text",
) -> int:
    """Compare two models of a running server on the same random inputs. Ends with 1 when they differ too much."""
    from triton_kit.convert.parity import TOLERANCES, compare
    from triton_kit.project.context import is_json

    as_json = is_json(format_)
    if precision is not None:
        if precision not in TOLERANCES:
            raise UsageError(f"--precision {precision}: not one", hint=f"write {', '.join(TOLERANCES)}")
        rtol, atol = TOLERANCES[precision]
    place = place_of(url, server, grpc)
    with open_client(place, None, None, None, None, timeout=check_seconds(timeout)) as client:
        rows = compare(client, reference, other, rtol=rtol, atol=atol, rounds=rounds, shapes=tuple(shape or ()))
    agrees = all(row.agrees for row in rows)
    if as_json:
        terminal.out_json(
            {
                "version": 1,
                "reference": reference,
                "model": other,
                "rtol": rtol,
                "atol": atol,
                "agrees": agrees,
                "outputs": [
                    {
                        "output": row.output,
                        "max_absolute": _finite(row.absolute),
                        "max_relative": _finite(row.relative),
                        "agrees": row.agrees,
                        "note": row.note or None,
                    }
                    for row in rows
                ],
            }
        )
    else:
        lines = [
            (r.output, f"{r.absolute:.3g}", f"{r.relative:.3g}", "yes" if r.agrees else r.note or "no") for r in rows
        ]
        for line in table(("output", "max abs", "max rel", "within"), lines, right=(1, 2)):
            terminal.out(line)
        terminal.say(f"tolerance: {atol:g} + {rtol:g} of the reference, {rounds} random inputs")
    return 0 if agrees else 1


def _finite(number: float) -> float | None:
    return number if number < float("inf") else None


def _accelerate(here: object, model: str, text: str, repository: Path | None, *, dry_run: bool, is_json: bool) -> None:
    from triton_kit.convert.accelerator import plan_accelerator, write_change
    from triton_kit.convert.tensorrt import find_model
    from triton_kit.project.context import Surroundings
    from triton_kit.scaffold.accelerator import parse_accelerator

    assert isinstance(here, Surroundings)
    folder = find_model(here, model, repository)
    change = plan_accelerator(here, folder, parse_accelerator(text, release=here.release))
    if not dry_run:
        write_change(folder, change)
    if is_json:
        files = [{"path": str(path), "text": new} for path, _, new in change.files]
        terminal.out_json({"version": 1, "model": folder.name, "files": files})
        return
    for path, old, new in change.files:
        if dry_run:
            for line in difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), str(path), lineterm=""):
                terminal.out(terminal.diff_line(line))
        else:
            terminal.out(f"{path} asks for the accelerator")
