"""``tk stop``: end servers that tk started."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format, seconds_option
from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.state import registry


def stop(
    names: Annotated[
        list[str] | None, Argument(metavar="[NAME...]", help="The server; the only one by default.")
    ] = None,
    everything: Annotated[bool, Option("--all", help="End every server that tk started.")] = False,
    grace: Annotated[
        float, seconds_option("How long a server may take for what it is doing.", "--grace", zero=True)
    ] = 10.0,
    format_: Format = "text",
) -> int:
    """End servers that tk started, by force after a while, and remove what they leave behind."""
    from triton_kit.runtime import lifecycle

    if names and everything:
        raise UsageError("--all and names exclude each other", hint="leave one of them out")
    wanted: list[str | None] = [*dict.fromkeys(names or ())] or [None]
    chosen = registry.servers() if everything else tuple(registry.find(name) for name in wanted)
    stopped, failed = [], []
    for one in chosen:
        try:
            done = lifecycle.stop(one, grace=grace)
        except TkError as error:
            failed.append(error)
            continue
        stopped.append(done)
        if format_ == "text":
            terminal.out(f"{done.name} ended" + (", by force" if done.forced else ""))
    if format_ == "json":
        ended = [{"name": done.name, "forced": done.forced} for done in stopped]
        terminal.out_json({"stopped": ended, "failed": [error.message for error in failed]})
    elif not chosen:
        terminal.say("no server that tk started is running")
    if failed:
        raise failed[0]
    return 0
