"""Rules about warm-up samples. Where one fails, the server refuses the model or dies, at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.backends.facts import facts
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.warmup_samples import KILLS, samples
from triton_kit.linter.wording import listed, nearest, shape
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.model.completion import Tensor
    from triton_kit.repository.model_config import ModelWarmup
    from triton_kit.signature.onnx.model import OnnxModel


@rule(Severity.WARNING)
def warmup_skipped(model: Model) -> Iterator[Problem]:
    """A warm-up sample has no batch size, so it is skipped without a word.

    A batch_size of 1 is needed for models without a batch dimension too (core
    backend_model_instance.cc:GenerateWarmupData).

    Bad:

        model_warmup { name: "w" inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } } }

    Good:

        model_warmup {
          name: "w" batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
    """
    if model.is_ensemble:
        return
    for i, sample in enumerate(model.config.model_warmup):
        if not sample.batch_size:
            yield Problem(
                at=("model_warmup", i),
                key=True,
                message=f"warm-up sample {i} is skipped: it has no batch_size",
                help="write batch_size: 1",
            )


@rule(Severity.ERROR)
def warmup_batch_too_large(model: Model) -> Iterator[Problem]:
    """A warm-up batch is larger than the largest batch allowed.

    The backends refuse the batch, and the failing warm-up refuses the model or kills the server (core
    backend_model_instance.cc:WarmUp).

    Server says:

        failed to run warmup sample
        batch size … max allowed is

    Bad:

        max_batch_size: 2
        model_warmup {
          batch_size: 4
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }

    Good:

        max_batch_size: 4
        model_warmup {
          batch_size: 4
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
    """
    for at, sample in samples(model):
        completed = model.completed_latest
        if completed is None:
            return
        limit = max(1, completed.max_batch_size)
        if completed.known and sample.batch_size > limit and facts(model.backend).batch_checked:
            yield Problem(
                at=(*at, "batch_size"),
                message=f"{KILLS}a warm-up batch of {sample.batch_size} is over the limit of {limit}",
                help="lower batch_size, or raise max_batch_size",
            )


@rule(Severity.ERROR)
def warmup_disagrees(model: Model) -> Iterator[Problem]:
    """A warm-up sample does not fit the model's inputs.

    It is checked as any request is: each required input must be there, of its type, with a shape that its dims allow,
    without the batch dimension (core infer_request.cc:Normalize, ValidateRequestInputs). An input that an ONNX model
    takes for a shape cannot be random: ONNX Runtime refuses such sizes.

    Server says:

        inference input '…' data-type is '…', but model
        unexpected shape for input
        expected … inputs but got … inputs
        A dimension cannot be less than -1

    Bad:

        max_batch_size: 4
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_INT32 dims: [ 4 ] zero_data: true } }
        }

    Good:

        max_batch_size: 4
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
    """
    if model.repository.refusal(model) is not None:
        # What a sample has to fit is in doubt itself.
        return
    latest = model.latest
    if latest is None:
        return
    for at, sample in samples(model):
        completed = model.completed(latest)
        if not completed.known:
            return
        names = [t.name for t in completed.inputs]
        missing = [t.name for t in completed.inputs if not t.optional and t.name not in sample.inputs]
        if missing:
            surplus = [n for n in sample.inputs if n not in names]
            yield Problem(
                at=at,
                key=True,
                message=f"{KILLS}warm-up sample {at[1]} lacks the input {listed(missing)}",
                help=nearest(surplus[0], missing) if surplus else "add an entry for each input",
            )
        elif model.backend == "onnxruntime":
            yield from _surplus(model.signature(latest), at, sample)
            yield from _random_shapes(model.signature(latest), at, sample)
        for tensor in completed.inputs:
            given = sample.inputs.get(tensor.name)
            if given is not None:
                yield from _misfits((*at, "inputs", tensor.name), tensor, given)


def _misfits(at: Route, tensor: Tensor, given: ModelWarmup.Input) -> Iterator[Problem]:
    """What of a sample's input is not as the model's input is."""
    if given.data_type != tensor.data_type:
        yield Problem(
            at=(*at, "data_type"),
            message=f"{KILLS}the warm-up input '{tensor.name}' is {given.data_type}, the input {tensor.data_type}",
            help=f"write {tensor.data_type}",
        )
    dims = list(given.dims)
    if any(d < 0 for d in dims):
        return
    if len(dims) != len(tensor.dims) or any(w not in (-1, d) for d, w in zip(dims, tensor.dims, strict=True)):
        yield Problem(
            at=(*at, "dims"),
            message=f"{KILLS}the warm-up input '{tensor.name}' has dims {shape(dims)}, the input {shape(tensor.dims)}",
            help="write a shape that the input takes, without the batch dimension",
        )


def _surplus(onnx: OnnxModel, at: Route, sample: ModelWarmup) -> Iterator[Problem]:
    """The inputs that an ONNX model does not have: ONNX Runtime refuses to be given them."""
    known = {tensor.name for tensor in (*onnx.signature.inputs, *onnx.overridable)}
    for name in sample.inputs:
        if name not in known:
            yield Problem(
                at=(*at, "inputs", name),
                key=True,
                message=f"{KILLS}warm-up sample {at[1]} gives '{name}', which the model does not have",
                help=nearest(name, known),
            )


def _random_shapes(onnx: OnnxModel, at: Route, sample: ModelWarmup) -> Iterator[Problem]:
    """The inputs of random values that an ONNX model takes for a shape."""
    for name, given in sample.inputs.items():
        if name in onnx.shaping and given.random_data:
            yield Problem(
                at=(*at, "inputs", name, "random_data"),
                message=f"{KILLS}the warm-up input '{name}' is random, and the model takes it for a shape",
                help="write the sizes to a file in warmup/, and name it as input_data_file",
            )


@rule(Severity.WARNING, about=("model_warmup",))
def warmup_of_passive_instances(model: Model) -> Iterator[Problem]:
    """All instances are passive, and those are not warmed up.

    (core backend_model_instance.cc:ConstructAndInitializeInstance.)

    Bad:

        instance_group [ { passive: true } ]
        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }

    Good:

        instance_group [ { passive: true }, { passive: false } ]
        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
    """
    if model.config.model_warmup and not model.is_ensemble:
        groups = model.config.instance_group
        if groups and all(group.passive for group in groups):
            yield Problem(
                at=("model_warmup",), key=True, message="passive instances are not warmed up", help="leave it out"
            )
