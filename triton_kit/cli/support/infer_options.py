"""The options of ``tk infer`` that say what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.option_groups import OptionGroup
from triton_kit.cli.support.options import Seed, Shapes, seconds_option
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client.request import InferPlan
    from triton_kit.client.types import Parameter


class MadeUpOptions(OptionGroup):
    """What the inputs are filled with that are not given."""

    random: Annotated[bool, Option("--random", help="Fill the inputs that are not given with random data.")] = False
    zeros: Annotated[bool, Option("--zeros", help="Fill them with zeros.")] = False
    seed: Seed = 0
    shapes: Shapes = None
    batch: Annotated[int | None, Option(min=1, metavar="N", help="Send this many examples in each request.")] = None

    def fill(self) -> str:
        """``random``, ``zeros`` or nothing. Raises UsageError for both."""
        if self.random and self.zeros:
            raise UsageError("--random and --zeros exclude each other", hint="choose one")
        return "random" if self.random else "zeros" if self.zeros else ""


class DataOptions(OptionGroup):
    """The inputs that are in files."""

    data: Annotated[Path | None, Option(metavar="FILE", help="Read inputs from a .json, .npy or .npz file.")] = None
    images: Annotated[
        list[str] | None,
        Option("--image", metavar="[NAME=]FILE", help="Fit an image to an input; several make a batch."),
    ] = None
    scale: Annotated[
        Literal["none", "01", "inception", "imagenet"],
        Option(help="Map pixels from 0..255 to themselves, 0..1, -1..1, or ImageNet's normal form."),
    ] = "none"
    layout: Annotated[
        Literal["auto", "nchw", "nhwc"], Option(help="Where the colours are, if the model does not show it.")
    ] = "auto"


class SequenceOptions(OptionGroup):
    """The sequence that the requests belong to."""

    sequence_id: Annotated[int | None, Option(min=1, metavar="N", help="Which sequence the request belongs to.")] = None
    sequence_start: Annotated[bool, Option("--sequence-start", help="It is the first of its sequence.")] = False
    sequence_end: Annotated[bool, Option("--sequence-end", help="It is the last of its sequence.")] = False

    def check(self) -> None:
        """Raise UsageError for a beginning or an end of no sequence."""
        if self.sequence_id is None and (self.sequence_start or self.sequence_end):
            flag = "--sequence-start" if self.sequence_start else "--sequence-end"
            raise UsageError(f"{flag} goes with --sequence-id", hint="add --sequence-id 1")

    def of(self, plan: InferPlan) -> InferPlan:
        """The requests as those of the sequence, where there is one."""
        from dataclasses import replace

        from triton_kit.client.sequence import with_controls

        if self.sequence_id is None:
            return plan
        start, end = self.sequence_start, self.sequence_end
        return replace(
            plan, requests=with_controls(plan.requests, self.sequence_id, start=start, end=end), sequences=False
        )

    def check_order(self, plan: InferPlan, in_flight: int) -> None:
        """Raise UsageError where requests of one sequence would overtake each other."""
        if in_flight > 1 and (self.sequence_id is not None or (plan.sequences and len(plan.requests) > 1)):
            raise UsageError("the requests of a sequence go one after the other", hint="leave out --async")


class RequestOptions(OptionGroup):
    """What goes with the inputs of a request."""

    outputs: Annotated[
        list[str] | None, Option("--outputs", metavar="NAME,...", help="Ask for these outputs alone.")
    ] = None
    parameters: Annotated[
        list[str] | None,
        Option("--parameter", metavar="NAME=VALUE", help="A parameter of the request: true, 5, 0.5, or text."),
    ] = None
    priority: Annotated[int, Option(min=0, metavar="N", help="Its priority; 1 is the highest, 0 the model's.")] = 0
    request_id: Annotated[str, Option("--request-id", metavar="ID", help="What the server's log calls it.")] = ""
    request_timeout: Annotated[
        float | None, seconds_option("How long it may wait in the server's queue.", "--request-timeout")
    ] = None

    def names(self) -> tuple[str, ...]:
        """The outputs that are asked for."""
        return tuple(name for text in self.outputs or () for name in text.split(",") if name)

    def values(self) -> dict[str, Parameter]:
        """The parameters by name, those of other options among them. Raises UsageError for what is not one."""
        found: dict[str, Parameter] = {}
        for text in self.parameters or ():
            name, equals, value = text.partition("=")
            if not equals or not name:
                raise UsageError(f"{text!r} is not of the form NAME=VALUE", hint="write --parameter NAME=VALUE")
            if name in found:
                raise UsageError(f"the parameter {name} is given twice")
            found[name] = _scalar(value)
        if self.priority:
            found["priority"] = self.priority
        if self.request_timeout is not None:
            found["timeout"] = max(1, round(self.request_timeout * 1_000_000))
        for name, number in found.items():
            if isinstance(number, int) and not -(1 << 63) <= number < 1 << 63:
                raise UsageError(f"{number} is too large for the parameter {name}", hint="give at most 64 bits")
        return found


def _scalar(text: str) -> Parameter:
    """A JSON number, true or false; any other text as it stands."""
    import json
    import math

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value if number else text


class AnswerOptions(OptionGroup):
    """What is shown of the answers, and kept."""

    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE", help="Keep the outputs in a .npz or .json file.")
    ] = None
    top: Annotated[int | None, Option(min=0, metavar="N", help="Show the N best classes; 0 for the values alone.")] = (
        None
    )
    labels: Annotated[Path | None, Option(metavar="FILE", help="Name the classes: one label a line.")] = None
    join: Annotated[bool, Option("--join", help="Print a text output alone, the responses joined.")] = False
