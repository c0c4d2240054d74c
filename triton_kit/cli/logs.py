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
) -> int:
    """Show the log of a server that tk started.

    An engine keeps the last 32 MB of a container's. A detached server without a container writes to a file, which is
    cut to its last 8 MB when it is over 64 MB and tk looks at its servers.
    """
    from triton_kit.runtime.log import file

    if tail is not None and tail < 0:
        raise UsageError(f"--tail {tail} is not a number of lines", hint="give 0 or more")
    try:
        for line in file.lines(name, tail=tail, follow=follow):
            terminal.out(line)
    except KeyboardInterrupt:
        if not follow:
            raise
    return 0
