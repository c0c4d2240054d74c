"""``tk stop``: end servers that tk started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import Format, seconds_option
from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.registry import Running


def stop(
    names: Annotated[
        list[str] | None, Argument(metavar="[NAME...]", help="The server; the only one by default.")
    ] = None,
    everything: Annotated[bool, Option("--all", help="End every server of this project.")] = False,
    everywhere: Annotated[bool, Option("--everywhere", help="End every server that tk started, after asking.")] = False,
    yes: Annotated[bool, Option("--yes", help="With --everywhere: do not ask.")] = False,
    forget: Annotated[
        bool, Option("--forget", help="Keep neither the log nor how it ended, of one that has ended, too.")
    ] = False,
    grace: Annotated[
        float, seconds_option("How long a server may take for what it is doing.", "--grace", zero=True)
    ] = 10.0,
    format_: Format = "text",
) -> int:
    """End servers that tk started, by force after a while, and remove what they leave behind.

    The log of a detached server, and how it ended, are kept for a day, for tk logs, tk restart and tk ps --all. With
    --forget alone, all that has ended is forgotten.
    """
    _check(names, everything=everything, everywhere=everywhere, yes=yes)
    running, dead = registry.look()
    if everything or everywhere:
        from triton_kit.cli.support.project_servers import of_project

        chosen = running if everywhere else of_project(running)
        gone = (dead if everywhere else of_project(dead)) if forget else ()
        others = [one.name for one in running if one not in chosen]
        if everywhere and chosen and not yes:
            _ask(chosen)
    else:
        gone = tuple(one for one in dead if not names or one.name in names) if forget else ()
        left: list[str | None] = [name for name in dict.fromkeys(names or ()) if name not in {one.name for one in gone}]
        chosen = tuple(registry.find(name) for name in (left if names or forget else [None]))
        others = []
    return _end(chosen, gone, others, forget=forget, grace=grace, as_json=format_ == "json")


def _check(names: Sequence[str] | None, *, everything: bool, everywhere: bool, yes: bool) -> None:
    if names and (everything or everywhere):
        option = "--all" if everything else "--everywhere"
        raise UsageError(f"{option} and names exclude each other", hint="leave one of them out")
    if everything and everywhere:
        raise UsageError("--all and --everywhere exclude each other", hint="leave one of them out")
    if yes and not everywhere:
        raise UsageError("--yes is for --everywhere", hint="leave it out")


def _ask(chosen: Sequence[Running]) -> None:
    """Raise UsageError unless the user says that servers of other projects are to end, too."""
    import typer

    if not terminal.interactive():
        raise UsageError(
            "--everywhere ends servers of other projects, too, and there is no terminal to ask", hint="add --yes"
        )
    for one in chosen:
        terminal.say(f"  {one.name}  {one.repository}")
    count = f"{len(chosen)} servers" if len(chosen) > 1 else "this server"
    if not typer.confirm(f"End {count}?", default=False, err=True):
        raise UsageError("nothing was ended", hint="end one with tk stop NAME")


def _end(
    chosen: Sequence[Running],
    gone: Sequence[Running],
    others: Sequence[str],
    *,
    forget: bool,
    grace: float,
    as_json: bool,
) -> int:
    from triton_kit.runtime import lifecycle

    stopped, failed = [], []
    for one in chosen:
        try:
            done = lifecycle.stop(one, grace=grace, forget=forget)
        except TkError as error:
            failed.append(error)
            continue
        stopped.append(done)
        if not as_json:
            terminal.out(f"{done.name} ended" + (", by force" if done.forced else ""))
    for one in gone:
        registry.forget_ended(one)
        if not as_json:
            terminal.out(f"{one.name} forgotten")
    if as_json:
        ended = [{"name": done.name, "forced": done.forced} for done in stopped]
        failures = [error.message for error in failed]
        terminal.out_json({"stopped": ended, "forgotten": [one.name for one in gone], "failed": failures})
    elif not chosen and not gone:
        what = "has ended" if forget else "is running"
        terminal.say(f"no server that tk started {what}" + (" in this project" if others else ""))
    if others and not as_json:
        many = "servers" if len(others) > 1 else "server"
        terminal.say(f"{len(others)} {many} of other projects left running: {', '.join(others)} (--everywhere)")
    if failed:
        raise failed[0]
    return 0
