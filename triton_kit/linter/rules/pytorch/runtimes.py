"""Rules about PyTorch models that are not TorchScript: packages of AOT-Inductor, and those for the Python runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch.tensors import PYTHON, index, tensors
from triton_kit.linter.wording import listed
from triton_kit.model.model import Model


@rule(Severity.ERROR, since="26.03", platform="torch_aoti")
def aoti_sequences(model: Model) -> Iterator[Problem]:
    """A package of AOT-Inductor is served in sequences.

    (pytorch pt2/model_instance_state.cc.) Read in the sources, not seen on a server.

    Server says:

        Sequence batching is not supported yet

    Bad:

        -- tk validate --release 26.04
        platform: "torch_aoti"
        max_batch_size: 4
        sequence_batching { }
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        -- tk validate --release 26.04
        platform: "torch_aoti"
        max_batch_size: 4
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.config.has("sequence_batching"):
        yield Problem(
            at=("sequence_batching",),
            key=True,
            message="an AOT-Inductor package cannot be served in sequences",
            help="leave sequence_batching out, or serve the model as TorchScript",
        )


@rule(Severity.ERROR, since="26.03", until="26.05", platform="torch_aoti")
def aoti_names(model: Model) -> Iterator[Problem]:
    """A tensor of an AOT-Inductor package does not end in its position.

    From 26.05 on, names may also be paths into the call, such as `ARGS[0]` (pytorch pt2/model_instance_state.cc). Read
    in the sources, not seen on a server.

    Server says:

        nor follow the <name>__<index> naming convention

    Bad:

        -- tk validate --release 26.04
        platform: "torch_aoti"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        -- tk validate --release 26.04
        platform: "torch_aoti"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    for tensor in tensors(model):
        if tensor.name and index(tensor.name) is None and not tensor.name.rpartition("__")[2].isdecimal():
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"{tensor.kind} '{tensor.name}' of an AOT-Inductor package does not end in its position",
                help="call it <name>__<index>, such as INPUT__0",
            )


@rule(Severity.WARNING, since="26.03", platform="torch_aoti")
def aoti_parameters_ignored(model: Model) -> Iterator[Problem]:
    """Parameters are set for an AOT-Inductor package, which never reads them.

    (pytorch pt2/model_state.cc.) Read in the sources, not seen on a server.

    Bad:

        -- tk validate --release 26.04
        platform: "torch_aoti"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        parameters { key: "INFERENCE_MODE" value { string_value: "true" } }

    Good:

        -- tk validate --release 26.04
        platform: "torch_aoti"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.config.parameters:
        keys = [k for k in model.config.parameters if k.isupper()]
        if keys:
            yield Problem(
                at=("parameters", keys[0]),
                message=f"{listed(keys)} {'has' if len(keys) == 1 else 'have'} no effect on an AOT-Inductor package",
                help="leave parameters out",
            )


@rule(Severity.WARNING, backend="pytorch")
def pytorch_runtime_parameters(model: Model) -> Iterator[Problem]:
    """A parameter of PyTorch's Python runtime has a value that it cannot read.

    NUM_THREADS and NUM_INTEROP_THREADS are integers, TORCH_COMPILE_OPTIONAL_PARAMETERS an object in JSON without the
    key `model` (pytorch src/model.py).

    Bad:

        backend: "pytorch"
        runtime: "model.py"
        parameters { key: "NUM_THREADS" value { string_value: "four" } }
        -- 1/model.py
        import torch

    Good:

        backend: "pytorch"
        runtime: "model.py"
        parameters { key: "NUM_THREADS" value { string_value: "4" } }
        -- 1/model.py
        import torch
    """
    if model.config.runtime != PYTHON or not model.config.parameters:
        return
    import json

    for key, entry in model.config.parameters.items():
        value = entry.string_value
        if key in ("NUM_THREADS", "NUM_INTEROP_THREADS"):
            good = value.strip().lstrip("+-").isdecimal()
            wanted = "an integer"
        elif key == "TORCH_COMPILE_OPTIONAL_PARAMETERS":
            try:
                read = json.loads(value)
            except (ValueError, RecursionError):
                read = None
            good = isinstance(read, dict) and "model" not in read
            wanted = "an object in JSON without the key model"
        else:
            continue
        if not good:
            yield Problem(at=("parameters", key), message=f"the parameter {key} is '{value}'", help=f"write {wanted}")


@rule(Severity.WARNING, backend="pytorch")
def pytorch_runtime_files(model: Model) -> Iterator[Problem]:
    """A PyTorch model for the Python runtime has neither a model.py nor a model.pt.

    The runtime takes a class from `model.py`, with weights from `model.pt` where that is there, or a TorchScript
    `model.pt` alone (pytorch src/model.py).

    Bad:

        backend: "pytorch"
        runtime: "model.py"
        default_model_filename: "net.pt"
        -- 1/net.pt forward(x: Tensor) -> Tensor

    Good:

        backend: "pytorch"
        runtime: "model.py"
        -- 1/model.py
        import torch
        -- 1/model.pt forward(x: Tensor) -> Tensor
    """
    if model.config.runtime != PYTHON:
        return
    for version in model.versions:
        held = model.listing(model.version_folder(version))
        if not {"model.py", "model.pt"} & set(held):
            yield Problem(
                message=f"{version}/ holds neither model.py nor model.pt, which PyTorch's Python runtime looks for",
                help="name the file so",
                file=Path(model.join(model.version_folder(version))),
            )


@rule(Severity.WARNING, since="26.04", until="26.09", backend="pytorch")
def pytorch_runtime_other_file(model: Model) -> Iterator[Problem]:
    """A PyTorch model for the Python runtime has a model.pt beside its model.py, and the wrong one is loaded.

    26.04 to 26.08 fill in `model.pt` for the Python runtime too, which is then tried before `model.py`; 26.09 leaves
    the name out again (core model_config_utils.cc:AutoCompleteBackendFields, and the release notes of 2.73.0). What is
    filled in was seen in core of 26.06; which file is loaded was read in the sources, not seen on a server (pytorch
    src/model.py).

    Bad:

        -- tk validate --release 26.06
        backend: "pytorch"
        runtime: "model.py"
        -- 1/model.py
        import torch
        -- 1/model.pt forward(x: Tensor) -> Tensor

    Good:

        -- tk validate --release 26.06
        backend: "pytorch"
        runtime: "model.py"
        default_model_filename: "model.py"
        -- 1/model.py
        import torch
        -- 1/model.pt forward(x: Tensor) -> Tensor
    """
    filled = model.detected.default_model_filename == "model.pt" and not model.config.default_model_filename
    if model.config.runtime != PYTHON or not filled:
        return
    for version in model.versions:
        folder = model.version_folder(version)
        if {"model.py", "model.pt"} <= set(model.listing(folder)):
            yield Problem(
                at=("runtime",),
                message=f"of {folder}/model.py and {folder}/model.pt, 26.04 to 26.08 load model.pt",
                help='write default_model_filename: "model.py", or serve it with 26.09 or later',
            )
            return
