"""Rules about PyTorch models in TorchScript: the names, types and number of tensors."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.controls import controls
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import count
from triton_kit.model import disk
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model
from triton_kit.repository.release_name import show_release
from triton_kit.repository.text_format.source import Route

PYTHON = "model.py"
"""The runtime that stands for PyTorch's own Python in place of the C++ library."""

CONTROLS = ("CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_END", "CONTROL_SEQUENCE_READY", "CONTROL_SEQUENCE_CORRID")


def is_torchscript(model: Model) -> bool:
    """Whether the C++ loader for TorchScript opens it; with the runtime model.py, Python does."""
    return model.platform == "pytorch_libtorch" and model.config.runtime != PYTHON


def index(name: str) -> int | None:
    """The position that a name ends in, as in ``INPUT__0``: what follows the first two underscores, if all digits."""
    _, underscores, digits = name.partition("__")
    if not underscores or not all("0" <= c <= "9" for c in digits):
        return None
    return int(digits[:9] or "0")


def tensors(model: Model) -> Iterator[Tensor]:
    """The inputs and outputs as written."""
    yield from model.inputs
    yield from model.outputs


@rule(Severity.ERROR, backend="pytorch")
def pytorch_tensors_missing(model: Model) -> Iterator[Problem]:
    """A PyTorch model lists no inputs, or no outputs.

    The backend completes nothing: it needs at least one of each (pytorch pt/model_instance_state.cc:ValidateInputs,
    ValidateOutputs).

    Server says:

        model configuration must contain at least one

    Bad:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if not is_torchscript(model) or not model.versions:
        return
    missing = [kind for kind in ("input", "output") if not getattr(model.config, kind)]
    if missing:
        yield Problem(
            message=f"the PyTorch model lists no {' and no '.join(missing)}",
            help="list its tensors: the backend cannot complete them",
        )


@rule(Severity.ERROR, backend="pytorch")
def pytorch_data_type(model: Model) -> Iterator[Problem]:
    """A tensor of a PyTorch model has a type that the backend does not take.

    Not UINT16, UINT32, UINT64 and BF16 (pytorch libtorch_utils.cc).

    Server says:

        unsupported datatype

    Bad:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_UINT16 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_INT32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if is_torchscript(model):
        yield from unsupported(model)


def unsupported(model: Model) -> Iterator[Problem]:
    """A finding for each tensor of a type that the model's backend does not take; a missing type is another rule's."""
    backend, known = model.backend, model.facts
    types = known.in_release(known.types or (), show_release(model.options.release))
    for tensor in tensors(model):
        if tensor.data_type != "TYPE_INVALID" and isinstance(tensor.data_type, str) and tensor.data_type not in types:
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"{tensor.kind} '{tensor.name}' is {tensor.data_type}, which the {backend} backend cannot take",
                help="use one of: " + ", ".join(sorted(types)),
            )


@rule(Severity.ERROR, backend="pytorch")
def pytorch_string_rank(model: Model) -> Iterator[Problem]:
    """A tensor of strings of a PyTorch model has more than one dimension.

    It becomes a list of strings, the batch dimension included: without batching it takes one dimension, with batching
    none at all, which is written as dims of one and an empty reshape (pytorch
    pt/model_instance_state.cc:ValidateInputs, ValidateOutputs).

    Server says:

        Triton only supports 1 dimensional List of String as

    Bad:

        backend: "pytorch"
        max_batch_size: 8
        input { name: "TEXT__0" data_type: TYPE_STRING dims: [ 1 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "pytorch"
        max_batch_size: 8
        input { name: "TEXT__0" data_type: TYPE_STRING dims: [ 1 ] reshape { shape: [ ] } }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if not is_torchscript(model):
        return
    batching = model.config.max_batch_size > 0
    for tensor in tensors(model):
        if tensor.data_type == "TYPE_STRING" and len(tensor.shape) + batching > 1:
            yield Problem(
                at=(*tensor.at, "dims"),
                message=f"{tensor.kind} '{tensor.name}' holds strings in "
                + count(len(tensor.shape), "dimension")
                + (" beside the batch" if batching else "")
                + ", and PyTorch takes them in one",
                help="write dims: [ 1 ] and reshape { shape: [ ] }" if batching else "write dims: [ -1 ]",
            )


def _named(model: Model) -> Iterator[tuple[Route, str, str]]:
    """Every name that a sequence model gives to a tensor of the PyTorch model, with its place."""
    for tensor in tensors(model):
        yield (*tensor.at, "name"), f"{tensor.kind} '{tensor.name}'", tensor.name
    for _, control, entry in controls(model):
        if control.kind in CONTROLS and entry.name:
            yield ("sequence_batching", "control_input"), f"control input '{entry.name}'", entry.name
    for i, state in enumerate(model.config.sequence_batching.state):
        for field in ("input_name", "output_name"):
            name = getattr(state, field)
            yield ("sequence_batching", "state", i, field), f"state '{name}'", name


@rule(Severity.ERROR, backend="pytorch")
def pytorch_sequence_names(model: Model) -> Iterator[Problem]:
    """A tensor of a PyTorch sequence model does not end in its position.

    With sequence batching, inputs, outputs, controls and states are all told by `<name>__<index>` (pytorch
    pt/model_instance_state.cc:GetNamingConvention, ValidateBooleanSequenceControl).

    Server says:

        is using sequence batching with state but not all inputs and outputs follow the <name>__<index> naming
        does not follow <name>__<index> naming convention

    Bad:

        backend: "pytorch"
        max_batch_size: 4
        sequence_batching { }
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "pytorch"
        max_batch_size: 4
        sequence_batching { }
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if not is_torchscript(model) or not model.config.has("sequence_batching"):
        return
    for at, title, name in _named(model):
        if name and index(name) is None and not name.rpartition("__")[2].isdecimal():
            yield Problem(
                at=at,
                message=f"{title} does not end in its position, as all tensors of a PyTorch sequence model must",
                help="call it <name>__<index>, such as INPUT__0",
            )


@rule(Severity.WARNING, since="26.03", platform="pytorch_libtorch")
def archive_for_another_loader(model: Model) -> Iterator[Problem]:
    """A model.pt2 goes to the loader of TorchScript, which cannot read it.

    Without a platform, pytorch gets `pytorch_libtorch`, unless from 26.04 on a bare model.pt2 is found in the first
    directory (core model_config_utils.cc:AutoCompleteBackendFields). Read in the sources, not seen on a server.

    Bad:

        -- tk validate --release 26.03
        default_model_filename: "model.pt2"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt2
        (an archive)

    Good:

        -- tk validate --release 26.03
        max_batch_size: 0
    """
    if model.config.platform:
        return
    if model.file_name.endswith(".pt2") or _has_only_an_archive(model):
        yield Problem(
            at=("default_model_filename",) if model.config.default_model_filename else ("backend",),
            message="model.pt2 is handed to the loader of TorchScript",
            help='write platform: "torch_aoti"',
        )


def _has_only_an_archive(model: Model) -> bool:
    """Whether the latest version has a model.pt2 and not the file that is loaded."""
    latest = model.latest
    if latest is None or "model.pt2" not in model.listing(model.version_folder(latest)):
        return False
    return disk.kind_of(model.model_file(latest)) is None
