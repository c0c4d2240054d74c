"""The options of ``tk infer`` that say what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.option_groups import OptionGroup
from triton_kit.cli.support.options import Seed, Shapes
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client.request import InferPlan


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
        from triton_kit.client.exchange import in_sequence

        if self.sequence_id is None:
            return plan
        return in_sequence(plan, self.sequence_id, start=self.sequence_start, end=self.sequence_end)


class AnswerOptions(OptionGroup):
    """What is shown of the answers, and kept."""

    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE", help="Keep the outputs in a .npz or .json file.")
    ] = None
    top: Annotated[int | None, Option(min=0, metavar="N", help="Show the N best classes; 0 for the values alone.")] = (
        None
    )
    labels: Annotated[Path | None, Option(metavar="FILE", help="Name the classes: one label a line.")] = None
