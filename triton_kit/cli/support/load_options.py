"""The options of ``tk validate --load``."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.option_groups import OptionGroup
from triton_kit.cli.support.options import seconds_option
from triton_kit.cli.support.runtime_options import EngineOptions
from triton_kit.errors import UsageError


class LoadOptions(OptionGroup):
    """Whether the models are loaded on a real server, too, and what becomes of that."""

    load: Annotated[bool, Option("--load", help="Load the models on a real server, too, and report what it says.")] = (
        False
    )
    timeout: Annotated[float, seconds_option("With --load: how long each model may take.")] = 120.0
    bundle: Annotated[
        str | None, Option("--bundle", metavar="FILE", help="With --load: write there what a report about tk needs.")
    ] = None


def check_options(options: LoadOptions, engine: EngineOptions, *, writes_no_report: str | None) -> None:
    """Raise UsageError for options that say how models are loaded where none is.

    ``writes_no_report`` is the option by which there is no report for the server's verdict.
    """
    if options.load and writes_no_report:
        raise UsageError(f"--load does not go with {writes_no_report}", hint="leave one of them out")
    if options.load:
        return
    for given, usual in ((options, LoadOptions()), (engine, EngineOptions())):
        for name in type(usual)._fields:
            if getattr(given, name) != getattr(usual, name):
                raise UsageError(f"--{name.replace('_', '-')} goes with --load", hint="add --load, or leave it out")
