"""``tk add-warmup``: golden inputs that the server runs before a model is ready."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.options import Format, Model, Repository
from triton_kit.cli.support.version_options import find


def add_warmup(
    model: Model,
    cases: Annotated[
        list[str] | None, Option("--case", metavar="NAME", help="The golden case to use; by default all.")
    ] = None,
    count: Annotated[int, Option(min=1, max=1000, metavar="N", help="How often each is run.")] = 1,
    replace: Annotated[bool, Option("--replace", help="In the folder of the warm-up that there is.")] = False,
    repository: Repository = None,
    format_: Format = "text",
) -> None:
    """Write the inputs of golden cases as model_warmup into config.pbtxt, and their data into MODEL/warmup.

    The server runs them as it loads the model, which is ready only afterwards: the first request is as fast as any.
    Record cases with tk test --record.
    """
    from triton_kit.versions.warmup import add_warmup as add

    here, folder = find(model, repository, as_json=format_ == "json")
    added = add(here, folder, tuple(dict.fromkeys(cases or ())), count=count, replacing=replace)
    if format_ == "json":
        files = [str(path) for path in added.files]
        terminal.out_json({"model": folder.name, "samples": list(added.samples), "files": files})
        return
    terminal.out(f"{folder.name} is warmed up with {', '.join(added.samples)}")
    for path in added.files:
        terminal.say(f"  {path}")
