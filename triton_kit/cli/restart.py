"""``tk restart``: end a detached server, and start it as it was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument
from triton_kit.cli.support.options import format_option, seconds_option
from triton_kit.errors import ProblemsFound, UsageError

if TYPE_CHECKING:
    from triton_kit.runtime.state.registry import Running


def restart(
    name: Annotated[str | None, Argument(metavar="[NAME]", help="The server; the only one by default.")] = None,
    grace: Annotated[
        float, seconds_option("How long a server may take for what it is doing.", "--grace", zero=True)
    ] = 10.0,
    format_: Annotated[
        Literal["text", "json"], format_option("How to print the result; json: one event a line.")
    ] = "text",
) -> int:
    """End a detached server, and start it again as it was asked for: the same name, ports, release and flags.

    One that has ended is started again for a day, or until tk stop --forget. The repository is checked first, and
    one that would be refused leaves the server running.
    """
    from triton_kit.cli.support import serve_loop, serve_output
    from triton_kit.runtime import lifecycle
    from triton_kit.runtime.gpu.selection import GpuChoice
    from triton_kit.runtime.serve_plan import plan_server
    from triton_kit.runtime.state import registry
    from triton_kit.runtime.state import restart as again

    one = registry.find(name, dead=True)
    if not one.detached or "wish" not in one.again:
        raise UsageError(
            f"{one.name} is not detached: it is shown where tk runs (pid {one.owner})",
            hint="end it with Ctrl-C there, and start it again",
        )
    request = again.from_json(one.again["wish"], progress=serve_loop.show_progress)
    # tk keeps no values of variables: the running server has them.
    given = {**os.environ, **(lifecycle.environment(one) if one.ended is None else {})}
    _require(request.env, given, one)
    if one.again.get("validate", True):
        had = GpuChoice(gpus=one.gpus, reason=f"{one.name} has none", count=0 if one.gpus == "none" else None)
        try:
            serve_loop.validate(replace(request, release=one.release or request.release), had)
        except ProblemsFound as error:
            so = "left running" if one.ended is None else "not started"
            raise ProblemsFound(f"{error.message}, so {one.name} was {so}", hint="correct them first") from None
    if one.ended is None:
        lifecycle.stop(one, grace=grace)
        terminal.say(f"{one.name} ended")
    plan = plan_server(replace(request, name=one.name), environment=given)
    board = serve_output.JsonBoard() if format_ == "json" else serve_output.board()
    return serve_loop.serve_until_interrupted(
        plan,
        board,
        timeout=float(one.again.get("timeout", 120.0)),
        strict=bool(one.again.get("strict")),
        again=one.again,
    )


def _require(names: Sequence[str], given: Mapping[str, str], one: Running) -> None:
    """Raise UsageError for variables whose values went with the server: tk keeps none."""
    if missing := [name for name in names if name not in given]:
        raise UsageError(
            f"{one.name} was given {', '.join(missing)}, whose value tk does not keep",
            hint=f"set it, and try again: {missing[0]}=... tk restart {one.name}",
        )
