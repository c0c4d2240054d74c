"""The options that several commands have, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from triton_kit.errors import UsageError
from triton_kit.repository.release_name import DEFAULT_RELEASE


def format_option(help: str = "How to print the result.") -> Any:  # noqa: A002
    """``--format``, for a command that prints in other ways than ``Format`` has, or more than a result."""
    return typer.Option("--format", help=help)


def release_option(help: str, *names: str) -> Any:  # noqa: A002
    """An option that takes a Triton release, where it means something else than in ``Release``."""
    return typer.Option(*(names or ("--release",)), metavar="RELEASE", help=help)


def seconds_option(help: str, *names: str, zero: bool = False) -> Any:  # noqa: A002
    """An option that takes a time, ``--timeout`` by default; with ``zero`` not to wait at all is fine."""

    def check(param: typer.CallbackParam, value: float | None) -> float | None:
        if value is not None and not (value == 0 and zero) and not 0 < value < float("inf"):
            least = "0 or more" if zero else "more than 0"
            raise UsageError(f"{param.opts[0]} {value:g} is no time to wait", hint=f"give seconds, {least}")
        return value

    return typer.Option(*(names or ("--timeout",)), metavar="SECONDS", help=help, callback=check)


Format = Annotated[Literal["text", "json"], format_option()]
Release = Annotated[
    str | None, release_option(f"The Triton release, YY.MM; by default tk.yaml's, or {DEFAULT_RELEASE}.")
]
Repository = Annotated[
    Path | None, typer.Option("--repository", metavar="DIR", help="The repository; by default the project's.")
]
RepositoryPath = Annotated[
    str | None, typer.Argument(metavar="[DIR]", help="The model repository; by default the project's.")
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or its directory.")]
Models = Annotated[list[str], typer.Argument(metavar="MODEL...", help="The models, in this order.")]
ModelTimeout = Annotated[float, seconds_option("How long each model may take.")]
ServedRepository = Annotated[
    Path | None,
    typer.Option("--repository", metavar="DIR", help="The server's repository; known for a server that tk started."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Another seed gives other random inputs.")]
Shapes = Annotated[
    list[str] | None,
    typer.Option("--shape", metavar="NAME:SIZES", help="Sizes that the model leaves open, such as x:3,224,224."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Judge as with --disable-auto-complete-config.")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Leave these rules or areas out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the files, and write nothing.")]
Inputs = Annotated[
    list[str] | None, typer.Option("--input", metavar="NAME:TYPE:DIMS", help="An input: image:FP32:3,224,224")
]
Outputs = Annotated[
    list[str] | None, typer.Option("--output", metavar="NAME:TYPE:DIMS", help="An output: scores:FP32:1000")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A value of the template: max_batch_size=8, config.FIELD=VALUE"),
]
ValuesFile = Annotated[
    Path | None, typer.Option("--values", metavar="FILE", help="Values of the template from a file.")
]
