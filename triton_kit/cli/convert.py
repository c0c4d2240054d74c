"""``tk convert``: a model in another format than the one it has."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import OptionGroup, spread
from triton_kit.cli.support.options import DryRun, Format, Release, Repository, Shapes
from triton_kit.cli.support.release import tell_newer
from triton_kit.cli.support.runtime_options import Image, pull_option
from triton_kit.cli.support.server_options import RequestTimeout, ServerOptions
from triton_kit.cli.support.table import table
from triton_kit.errors import UsageError
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.convert.tensorrt import ConversionRequest

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Make a TensorRT model out of an ONNX one, and compare the two.",
)


class BuildOptions(OptionGroup):
    """What the engine is built for, and with."""

    least: Annotated[
        list[str] | None, Option("--min", metavar="NAME=SHAPE", help="The least shape: image=1x3x224x224")
    ] = None
    best: Annotated[list[str] | None, Option("--opt", metavar="NAME=SHAPE", help="The usual shape.")] = None
    most: Annotated[list[str] | None, Option("--max", metavar="NAME=SHAPE", help="The largest shape.")] = None
    fp16: Annotated[bool, Option("--fp16", help="Allow FP16.")] = False
    bf16: Annotated[bool, Option("--bf16", help="Allow BF16 (from 24.05 on).")] = False
    int8: Annotated[bool, Option("--int8", help="Allow INT8; the model must be quantized.")] = False
    fp8: Annotated[bool, Option("--fp8", help="Allow FP8; the model must be quantized.")] = False
    workspace: Annotated[
        str | None, Option(metavar="SIZE", help="The most memory of the GPU to build with, as 4g.")
    ] = None
    image: Image = None
    runtime: Annotated[str, Option("--runtime", metavar="RUNTIME", help="docker or podman.")] = "docker"
    gpus: Annotated[str, Option(metavar="GPUS", help="auto, all, or indices such as 0,1.")] = "auto"
    pull: Annotated[str, pull_option("missing", "never")] = "missing"

    def request(self, model: str, into: str | None, version: int | None) -> ConversionRequest:
        """What the room takes. Raises UsageError for two precisions, and for a shape or size that is none."""
        from triton_kit.convert.profiles import parse_shapes
        from triton_kit.convert.tensorrt import ConversionRequest
        from triton_kit.convert.trtexec import Precision
        from triton_kit.runtime.container import ENGINES, engine_named
        from triton_kit.scaffold.accelerator import parse_size

        precisions: dict[Precision, bool] = {
            "fp16": self.fp16,
            "bf16": self.bf16,
            "int8": self.int8,
            "fp8": self.fp8,
        }
        chosen = [name for name, on in precisions.items() if on]
        if len(chosen) > 1:
            raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude each other", hint="choose one")
        if self.pull not in ("missing", "never"):
            raise UsageError(f"--pull {self.pull!r} is unknown", hint=suggest(self.pull, ("missing", "never")))
        if self.runtime not in ENGINES:
            raise UsageError(
                f"--runtime {self.runtime}: an engine is built in a container", hint="write docker or podman"
            )
        return ConversionRequest(
            model=model,
            into=into,
            version=version,
            given=parse_shapes(self.least or (), self.best or (), self.most or ()),
            precision=chosen[0] if chosen else None,
            workspace=None if self.workspace is None else parse_size(self.workspace, "--workspace"),
            image=self.image,
            engine=engine_named(self.runtime),
            gpus=self.gpus,
            pull=self.pull,
        )


@app.command()
@spread
def tensorrt(
    model: Annotated[str, Argument(metavar="MODEL", help="An ONNX model: its folder, or its name.")],
    into: Annotated[
        str | None, Option(metavar="NAME", help="The new model, or a TensorRT model to add a version to.")
    ] = None,
    version: Annotated[int | None, Option(metavar="N", help="Which version; the latest by default.")] = None,
    *,
    build: BuildOptions,
    accelerator: Annotated[
        str | None,
        Option(metavar="NAME[:...]", help="Build nothing: let ONNX Runtime use it, as tensorrt:fp16,workspace=2g"),
    ] = None,
    release: Release = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    format_: Format = "text",
) -> None:
    """Build a TensorRT engine of an ONNX model, in the image of the release that is to serve it.

    Shapes follow from max_batch_size and dims; where the model leaves another size open, --min, --opt and --max say
    what the engine is built for. Docker and an NVIDIA GPU like the server's are needed.
    """
    from triton_kit.convert import tensorrt as converting
    from triton_kit.project import context

    here = context.find_context(release)
    tell_newer(here.release, as_json=format_ == "json")
    if accelerator is not None:
        _accelerate(here, model, accelerator, repository, dry_run=dry_run, json=format_ == "json")
        return
    request = build.request(model, into, version)
    conversion = converting.plan_conversion(here, request, repository)
    if not dry_run:
        converting.convert(here, conversion, progress=terminal.say, log=terminal.detail)
    if format_ == "json":
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
@spread
def parity(
    reference: Annotated[str, Argument(metavar="REFERENCE", help="The model that is right, such as the ONNX one.")],
    other: Annotated[str, Argument(metavar="MODEL", help="The model to compare with it.")],
    rtol: Annotated[float, Option(metavar="NUMBER", help="The relative tolerance.")] = 1e-3,
    atol: Annotated[float, Option(metavar="NUMBER", help="The absolute tolerance.")] = 1e-4,
    precision: Annotated[
        str | None,
        Option(metavar="NAME", help="Usual tolerances instead: fp32, fp16, bf16, int8 or fp8."),
    ] = None,
    rounds: Annotated[int, Option(min=1, metavar="N", help="How many random inputs.")] = 4,
    shapes: Shapes = None,
    *,
    server: ServerOptions,
    timeout: RequestTimeout = 60.0,
    format_: Format = "text",
) -> int:
    """Compare two models of a running server on the same random inputs. Ends with 1 when they differ too much."""
    from triton_kit.convert.parity import TOLERANCES, compare

    if precision is not None:
        if precision not in TOLERANCES:
            raise UsageError(f"--precision {precision!r} is unknown", hint=suggest(precision, TOLERANCES))
        rtol, atol = TOLERANCES[precision]
    with server.connect(timeout=timeout) as client:
        rows = compare(client, reference, other, rtol=rtol, atol=atol, rounds=rounds, shapes=tuple(shapes or ()))
    agrees = all(row.agrees for row in rows)
    if format_ == "json":
        terminal.out_json(
            {
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


def _accelerate(here: object, model: str, text: str, repository: Path | None, *, dry_run: bool, json: bool) -> None:
    from triton_kit.convert.accelerator import plan_accelerator, write_change
    from triton_kit.convert.tensorrt import find_model
    from triton_kit.project.context import ProjectContext
    from triton_kit.scaffold.accelerator import parse_accelerator

    assert isinstance(here, ProjectContext)
    folder = find_model(here, model, repository)
    change = plan_accelerator(here, folder, parse_accelerator(text, release=here.release))
    if not dry_run:
        write_change(folder, change)
    if json:
        files = [{"path": str(path), "text": new} for path, _, new in change.files]
        terminal.out_json({"model": folder.name, "files": files})
        return
    for path, old, new in change.files:
        if dry_run:
            for line in difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), str(path), lineterm=""):
                terminal.out(terminal.diff_line(line))
        else:
            terminal.out(f"{path} asks for the accelerator")
