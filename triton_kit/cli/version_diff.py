"""``tk versions diff``: how two versions of a model differ, in their files and in what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.option_groups import spread
from triton_kit.cli.support.options import Format, Model, Repository
from triton_kit.cli.support.server_options import OptionalServerOptions
from triton_kit.cli.support.version_options import find

if TYPE_CHECKING:
    from triton_kit.versions.difference import Sides, VersionDifference
    from triton_kit.versions.model_folder import ModelFolder
    from triton_kit.versions.output_comparison import SameInputs

SHOWN = 12
"""How many weights or files of a kind are listed."""


@spread
def diff(
    model: Model,
    one: Annotated[str, Argument(metavar="V1", help="A version.")],
    other: Annotated[str, Argument(metavar="V2", help="The version that is compared with it.")],
    *,
    server: OptionalServerOptions,
    random: Annotated[int, Option(min=1, metavar="N", help="How many random inputs both are asked.")] = 3,
    data: Annotated[
        Path | None, Option(metavar="FILE", help="Ask them the requests in a .json, .npy or .npz file instead.")
    ] = None,
    rtol: Annotated[
        float | None, Option(min=0, metavar="NUMBER", help="How far floats may be off, relatively.")
    ] = None,
    atol: Annotated[float | None, Option(min=0, metavar="NUMBER", help="How far floats may be off.")] = None,
    repository: Repository = None,
    format_: Format = "text",
) -> int:
    """Show how two versions differ: signature, opset, size, files, weights; on a server their outputs, too.

    Ends with 1 when their outputs are further apart than the tolerance.
    """
    from triton_kit.client.request import InferRequest
    from triton_kit.versions.difference import as_json, diff_versions
    from triton_kit.versions.golden_report import difference_json
    from triton_kit.versions.model_folder import read_number
    from triton_kit.versions.output_comparison import compare_versions

    _, folder = find(model, repository, as_json=format_ == "json")
    found = diff_versions(folder, read_number(one), read_number(other))
    outputs = None
    if server.named:
        question = InferRequest(model=folder.name, version=one, fill="" if data else "random", data=data, values=True)
        with server.connect(timeout=60.0) as client:
            outputs = compare_versions(client, question, other, random=0 if data else random, rtol=rtol, atol=atol)
    if format_ == "json":
        answered = outputs and {
            "requests": outputs.requests,
            "differences": [{**difference_json(d), "request": i} for i, d in outputs.differences],
        }
        terminal.out_json({"model": folder.name, **as_json(found), "outputs": answered})
    else:
        _show_difference(folder, found, outputs)
    return 1 if outputs is not None and outputs.differences else 0


def _show_difference(folder: ModelFolder, found: VersionDifference, outputs: SameInputs | None) -> None:
    terminal.out(f"{terminal.style(folder.name, 'bold')}  version {found.one} -> {found.other}")
    parts = list(_parts(found, outputs))
    width = max(len(name) for name, _, _ in parts)
    for name, text, details in parts:
        terminal.out(f"{name:<{width}}  {text}")
        for detail in details:
            terminal.out(f"  {detail}")


def _parts(found: VersionDifference, outputs: SameInputs | None) -> Iterator[tuple[str, str, Sequence[str]]]:
    """What is compared, how it came out, and a line for each difference."""
    from triton_kit.versions.output_comparison import first_of_each

    if found.signature is None:
        yield "signature", "not known from the files", ()
    else:
        yield "signature", _count(len(found.signature), "tensor") if found.signature else "the same", found.signature
    for name, old, new in found.facts:
        if old != new:
            yield name, f"{old or 'none'} -> {new or 'none'}", ()
        elif name.startswith("opset"):
            yield name, old, ()
    yield "size", _sizes(*found.size), ()
    yield ("files", *_sides(found.files))
    if found.weights is not None:
        yield ("weights", *_sides(found.weights))
    if outputs is not None:
        wrong = len({index for index, _ in outputs.differences})
        asked = f"{outputs.requests} request{'' if outputs.requests == 1 else 's'}"
        details = [f"request {i + 1}: {difference.message}" for i, difference in first_of_each(outputs.differences)]
        yield "outputs", f"{wrong or 'none'} of {asked} answered differently", details


def _count(number: int, what: str) -> str:
    return f"{number} {what} differs" if number == 1 else f"{number} {what}s differ"


def _sizes(one: int, other: int) -> str:
    from triton_kit.repository.size import show_size

    old, new = show_size(one), show_size(other)
    if one == other:
        return old
    return f"{old} -> {new}" if old != new else f"{one} -> {other} bytes"


def _sides(sides: Sides) -> tuple[str, Sequence[str]]:
    parts = [("changed", sides.changed), ("new", sides.new), ("gone", sides.gone)]
    counts = [f"{len(names)} {what}" for what, names in parts if names]
    if not counts:
        return f"the same, {sides.same}", ()
    details = []
    for what, names in parts:
        details += [f"{what:<7}  {one}" for one in names[:SHOWN]]
        if len(names) > SHOWN:
            details.append(f"and {len(names) - SHOWN} more {what}; --format json has all")
    return ", ".join([*counts, f"{sides.same} the same"]), details
