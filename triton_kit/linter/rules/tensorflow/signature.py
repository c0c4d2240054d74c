"""Rules that compare a configuration with the signature of its SavedModel, or the nodes of its frozen graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.controls import controls
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch.tensors import CONTROLS, unsupported
from triton_kit.linter.rules.tensorflow.loading import GONE, is_graph, is_saved_model, read_frozen, served
from triton_kit.linter.saved_model import is_batching
from triton_kit.linter.wording import count, listed, nearest, shape
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model
from triton_kit.model.model_file import readable
from triton_kit.repository.tensor import TensorSpec, dims

if TYPE_CHECKING:
    from triton_kit.signature.savedmodel import SignatureDef


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_data_type(model: Model) -> Iterator[Problem]:
    """A tensor of a TensorFlow model has another type than in the model, or one that the backend does not take.

    (tensorflow tensorflow.cc:ValidateTRITONTFModel, ValidateModelConfig.)

    Server says:

        configuration expects datatype
        unsupported datatype

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP64 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from unsupported(model)
    yield from once(_types(model))


def _types(model: Model) -> Iterator[Problem]:
    taken = model.facts.types or frozenset()
    for _, tensor, spec in _pairs(model):
        if tensor.data_type in taken and tensor.data_type != spec.dtype:
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"{tensor.kind} '{tensor.name}' is {spec.dtype} in the model",
                help=f"write {spec.dtype}",
            )


def _pairs(model: Model) -> Iterator[tuple[SignatureDef, Tensor, TensorSpec]]:
    """Each written tensor with the signature's of that key."""
    for _, signature in served(model):
        for tensors, specs in ((model.inputs, signature.inputs), (model.outputs, signature.outputs)):
            by_name = {spec.name: spec for spec in specs}
            for tensor in tensors:
                if tensor.name in by_name:
                    yield signature, tensor, by_name[tensor.name]


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_unknown_tensor(model: Model) -> Iterator[Problem]:
    """An input or output has a name that the TensorFlow model does not have.

    Those of a SavedModel are the keys of its signature; of a frozen graph its placeholders are inputs, and each other
    node may be an output (tensorflow tensorflow.cc:ValidateTRITONTFModel).

    Server says:

        unexpected inference input '
        unexpected inference output '

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "X" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_unknown(model))


def _unknown(model: Model) -> Iterator[Problem]:
    for _, signature in served(model):
        in_graph = {name for _, name in signature.tensors} | {name.partition(":")[0] for _, name in signature.tensors}
        for tensors, specs in ((model.inputs, signature.inputs), (model.outputs, signature.outputs)):
            keys = [spec.name for spec in specs]
            yield from _unknown_of(tensors, keys, in_graph)
    if is_graph(model):
        for _, graph in readable(model, read_frozen):
            yield from _unknown_of(model.inputs, graph.placeholders, set())
            yield from _unknown_of(model.outputs, graph.others, set())


def _unknown_of(tensors: list[Tensor], known: list[str] | tuple[str, ...], also: set[str]) -> Iterator[Problem]:
    for tensor in tensors:
        if tensor.name and tensor.name not in known and tensor.name not in also:
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"'{tensor.name}' is not an {tensor.kind} of the model",
                help=nearest(tensor.name, known),
            )


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_input_count(model: Model) -> Iterator[Problem]:
    """A SavedModel's configuration has more or fewer inputs than its signature.

    Inputs, batch inputs and controls together must be as many as the signature's inputs; of the outputs some may be
    left out (tensorflow tensorflow.cc:ValidateTRITONTFModel).

    Server says:

        configuration expects … inputs, model provides

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4], mask FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "mask" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4], mask FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_counts(model))


def _counts(model: Model) -> Iterator[Problem]:
    if not model.inputs and model.options.auto_complete:
        return
    for _, signature in served(model):
        kinds = {c.kind for _, c, entry in controls(model) if c.kind in CONTROLS and entry.name}
        given = len(model.inputs) + len(model.config.batch_input) + len(kinds)
        keys = [spec.name for spec in signature.inputs]
        names = {t.name for t in model.inputs}
        missing = [key for key in keys if key not in names]
        unknown = [t for t in model.inputs if t.name not in keys]
        # A wrong name is said of that input.
        if given != len(keys) and not (unknown and len(missing) <= len(unknown)):
            yield Problem(
                at=("input",),
                message=f"the configuration has {count(given, 'input')}, the signature {signature.name} "
                f"{len(keys)}: {listed(keys) or 'none'}",
                help=f"add {listed(missing)}" if missing else "list each input once",
            )


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_not_batchable(model: Model) -> Iterator[Problem]:
    """max_batch_size is given, and some tensor of the SavedModel does not begin with a dimension of any size.

    While the server completes a configuration it looks at every tensor of the signature, otherwise at those of the
    configuration (tensorflow tensorflow.cc:AutoCompleteHelper, tensorflow_utils.cc:CompareDims).

    Server says:

        but model signature does not support batching
        first dimension must be -1

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        -- 1/model.savedmodel x FP32 [1, 4] -> y FP32 [-1, 4]

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    if not is_saved_model(model) or model.config.max_batch_size <= 0:
        return
    for _, signature in served(model):
        named = {t.name for t in (*model.inputs, *model.outputs)}
        fixed = [
            f"'{spec.name}' {shape(dims(spec.shape))}"
            for spec in (*signature.inputs, *signature.outputs)
            if spec.shape and dims(spec.shape)[0] != -1 and (model.options.auto_complete or spec.name in named)
        ]
        if fixed:
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size is {model.config.max_batch_size}, and the model has a fixed first dimension "
                f"in {', '.join(fixed)}",
                help="write max_batch_size: 0, or save the model with an unknown first dimension everywhere",
            )
            return


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_dims(model: Model) -> Iterator[Problem]:
    """The dims of an input or output do not agree with the SavedModel.

    The rank must be the model's, the batch dimension aside, and each fixed dimension the same; an output must also have
    -1 where the model has it. A tensor whose rank the model leaves open takes any (tensorflow
    tensorflow_utils.cc:CompareDims).

    Server says:

        the model expects … but the model configuration specifies

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_dims(model))


def _dims(model: Model) -> Iterator[Problem]:
    batched_outputs = {name for entry in model.config.batch_output for name in entry.target_name}
    batches: dict[int, bool] = {}
    for signature, tensor, spec in _pairs(model):
        expected = dims(spec.shape or ())
        unsaid = not tensor.dims and tensor.reshape is None
        if not expected or unsaid or tensor.ragged or tensor.name in batched_outputs:
            continue
        if id(signature) not in batches:
            batches[id(signature)] = is_batching(model, signature)
        batching = batches[id(signature)]
        if batching and expected[0] != -1:
            continue
        wanted = expected[1 if batching else 0 :]
        exact = tensor.kind == "output"
        if len(wanted) != len(tensor.shape) or any(
            w != d for w, d in zip(wanted, tensor.shape, strict=True) if exact or w != -1
        ):
            beside = " beside the batch dimension" if batching else ""
            yield Problem(
                at=(*tensor.at, "dims" if tensor.reshape is None else "reshape"),
                message=f"{tensor.kind} '{tensor.name}' is {shape(tensor.shape)}, and the model has "
                f"{shape(wanted)}{beside}",
                help=f"write dims: {shape(wanted)}" if wanted else "write dims: [1] and reshape { shape: [] }",
            )
