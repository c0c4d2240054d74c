"""``tk logs``: what a server that tk started has said."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.errors import UsageError


def logs(
    name: Annotated[str | None, Argument(metavar="[NAME]", help="The server; the only one by default.")] = None,
    follow: Annotated[bool, Option("--follow", "-f", help="Follow the log, until Ctrl-C.")] = False,
    tail: Annotated[
        int | None, Option("--tail", "-n", metavar="N", help="Only the last N lines.  [default: all]")
    ] = None,
    since: Annotated[
        str | None, Option("--since", metavar="TIME", help="Only lines from then on: 10m ago, or 2026-11-28T14:05.")
    ] = None,
) -> int:
    """Show the log of a server that tk started, also of one that has ended: for a day, or until tk stop --forget.

    An engine keeps the last 32 MB of a container's. A detached server without a container writes to a file, which is
    cut to its last 8 MB when it is over 64 MB and tk looks at its servers.
    """
    from triton_kit.runtime.log import file
    from triton_kit.runtime.log.since import moment

    if tail is not None and tail < 0:
        raise UsageError(f"--tail {tail} is not a number of lines", hint="give 0 or more")
    try:
        begin = moment(since) if since is not None else None
        for line in file.lines(name, tail=tail, follow=follow, since=begin):
            terminal.out(line)
    except KeyboardInterrupt:
        if not follow:
            raise
    return 0
