"""The options of the commands that add a model, or a version of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.option_groups import OptionGroup
from triton_kit.cli.support.options import Inputs, Outputs
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.files.plan import Mode


class TransferOptions(OptionGroup):
    """How the model's file comes into the repository."""

    link: Annotated[bool, Option("--link", help="Hard-link the file instead of copying it.")] = False
    move: Annotated[bool, Option("--move", help="Move the file; it goes when all is in place.")] = False

    def mode(self) -> Mode:
        """The way that was chosen. Raises UsageError for two of them."""
        if self.link and self.move:
            raise UsageError("--link and --move exclude each other", hint="choose one")
        return "link" if self.link else "move" if self.move else "copy"


class SourceOptions(OptionGroup):
    """What the model is made of; ``AddRequest`` has these fields, as it has those of the groups below."""

    backend: Annotated[
        str | None, Option(metavar="NAME", help="The backend; without --from: python, ensemble, ...")
    ] = None
    template: Annotated[str | None, Option(metavar="NAME", help="A template other than the backend's.")] = None
    inputs: Inputs = None
    outputs: Outputs = None
    library: Annotated[
        Path | None, Option(metavar="FILE", help="The library of a backend of your own: libtriton_NAME.so")
    ] = None
    env: Annotated[Path | None, Option(metavar="FILE", help="A packed environment for a Python model: ENV.tar.gz")] = (
        None
    )
    accelerator: Annotated[
        str | None,
        Option(metavar="NAME[:...]", help="ONNX Runtime's: tensorrt:fp16,workspace=2g,cache=/DIR, or openvino"),
    ] = None
    labels: Annotated[
        str | None, Option(metavar="FILE", help="One label a line, for the output; OUTPUT=FILE if it has many.")
    ] = None
    steps: Annotated[
        list[str] | None,
        Option("--step", metavar="STEP", help="A step of an ensemble: 'MODEL INPUT=TENSOR -> OUTPUT=TENSOR'"),
    ] = None


class EnsembleOptions(OptionGroup):
    """An ensemble that is wired by what its models take and give."""

    ensemble: Annotated[
        str | None,
        Option(metavar="MODEL,MODEL", help="An ensemble of these models, wired by name, type and shape."),
    ] = None
    maps: Annotated[
        list[str] | None,
        Option("--map", metavar="MAP", help="Feed an input: STEP.INPUT=STEP.OUTPUT, or =NAME from outside."),
    ] = None
    exposed: Annotated[
        list[str] | None,
        Option("--expose", metavar="OUTPUT", help="Show an output that a step reads, too: STEP.OUTPUT[=NAME]"),
    ] = None
    hidden: Annotated[
        list[str] | None,
        Option("--hide", metavar="OUTPUT", help="Leave out an output that no step reads: STEP.OUTPUT"),
    ] = None


class BehaviourOptions(OptionGroup):
    """What a model does beyond one response to one request; ``Behaviour`` has these fields."""

    bls: Annotated[bool, Option("--bls", help="A model.py that calls other models.")] = False
    calls: Annotated[str | None, Option(metavar="MODEL,MODEL", help="The models that it calls.")] = None
    decoupled: Annotated[
        bool, Option("--decoupled", help="Any number of responses to a request, over a gRPC stream.")
    ] = False
    sequence: Annotated[str | None, Option(metavar="<oldest|direct>", help="Requests of a sequence share a state.")] = (
        None
    )
    states: Annotated[
        list[str] | None,
        Option("--state", metavar="STATE", help="A state the server keeps: INPUT=OUTPUT:FP32:16"),
    ] = None


class SchedulingOptions(OptionGroup):
    """How the server runs the model: batches, instances, versions."""

    max_batch_size: Annotated[
        int | None, Option(metavar="N", help="The largest batch; 0: dims are complete shapes.")
    ] = None
    batching: Annotated[str | None, Option(metavar="<dynamic|none>", help="Whether the server merges requests.")] = None
    preferred: Annotated[str | None, Option(metavar="N,N", help="Batch sizes to aim at: 8,16")] = None
    delay_us: Annotated[int | None, Option(metavar="N", help="Microseconds a request may wait for others.")] = None
    instances: Annotated[int | None, Option(metavar="N", help="How many instances (on each GPU).")] = None
    kind: Annotated[str | None, Option(metavar="<gpu|cpu|auto>", help="Where the instances run.")] = None
    gpus: Annotated[str | None, Option(metavar="N,N", help="Which GPUs: 0,1")] = None
    version_policy: Annotated[
        str | None, Option(metavar="POLICY", help="Versions to serve: latest:2, all, specific:1,3")
    ] = None
