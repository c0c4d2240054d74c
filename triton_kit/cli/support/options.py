"""The options that several commands have, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.errors import UsageError
from triton_kit.repository.release_name import DEFAULT_RELEASE

LONGEST = 1e9
"""Seconds, 31 years: sockets and gRPC take no time that is much longer."""


def format_option(help: str = "How to print the result.") -> Option:  # noqa: A002
    """``--format``, for a command that prints in other ways than ``Format`` has, or more than a result."""
    return Option("--format", help=help)


def release_option(help: str, *names: str) -> Option:  # noqa: A002
    """An option that takes a Triton release, where it means something else than in ``Release``."""
    return Option(*(names or ("--release",)), metavar="RELEASE", help=help)


def seconds_option(help: str, *names: str, zero: bool = False) -> Option:  # noqa: A002
    """An option that takes a time, ``--timeout`` by default; with ``zero`` not to wait at all is fine."""

    def check(option: str, value: float) -> None:
        if not (value == 0 and zero) and not 0 < value <= LONGEST:
            limit = f"at most {LONGEST:g}" if value > LONGEST else "0 or more" if zero else "more than 0"
            raise UsageError(f"{option} {value:g} is not a time to wait", hint=f"give seconds, {limit}")

    return Option(*(names or ("--timeout",)), metavar="SECONDS", help=help, check=check)


Format = Annotated[Literal["text", "json"], format_option()]
Release = Annotated[
    str | None, release_option(f"The Triton release, YY.MM; by default tk.yaml's, or the newest, {DEFAULT_RELEASE}.")
]
Repository = Annotated[
    Path | None, Option("--repository", metavar="DIR", help="The repository; by default the project's.")
]
RepositoryPath = Annotated[
    str | None, Argument(metavar="[DIR]", help="The model repository; by default the project's.")
]
Model = Annotated[str, Argument(metavar="MODEL", help="The model's name, or its directory.")]
Models = Annotated[list[str], Argument(metavar="MODEL...", help="The models, in this order.")]
ModelTimeout = Annotated[float, seconds_option("How long each model may take.")]
ServedRepository = Annotated[
    Path | None,
    Option("--repository", metavar="DIR", help="The server's repository; known for a server that tk started."),
]
Seed = Annotated[int, Option("--seed", min=0, metavar="N", help="Another seed gives other random inputs.")]
Shapes = Annotated[
    list[str] | None,
    Option("--shape", metavar="NAME:SIZES", help="Sizes that the model leaves open, such as x:3,224,224."),
]
Strict = Annotated[bool, Option("--strict", help="Judge as with --disable-auto-complete-config.")]
Ignore = Annotated[list[str] | None, Option("--ignore", metavar="RULE", help="Leave these rules or areas out.")]
DryRun = Annotated[bool, Option("--dry-run", help="Show the files, and write nothing.")]
Inputs = Annotated[list[str] | None, Option("--input", metavar="NAME:TYPE:DIMS", help="An input: image:FP32:3,224,224")]
Outputs = Annotated[list[str] | None, Option("--output", metavar="NAME:TYPE:DIMS", help="An output: scores:FP32:1000")]
Settings = Annotated[
    list[str] | None,
    Option("--set", metavar="KEY=VALUE", help="A value of the template: max_batch_size=8, config.FIELD=VALUE"),
]
ValuesFile = Annotated[Path | None, Option("--values", metavar="FILE", help="Values of the template from a file.")]
