"""Rules that compare a configuration with the forward method of its TorchScript model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.controls import controls
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once, unreadable
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch.tensors import CONTROLS, PYTHON, index, is_torchscript
from triton_kit.linter.wording import count, listed
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model
from triton_kit.model.model_file import readable

if TYPE_CHECKING:
    from triton_kit.signature.torchscript import Argument, TorchScriptModel


def read_script(path: Path) -> TorchScriptModel:
    from triton_kit.signature.torchscript import read

    return read(path)


def _check_aoti(path: Path) -> None:
    from triton_kit.signature.torchscript import check

    check(path, script=False)


def _arguments(model: Model) -> Iterator[tuple[int, tuple[Argument, ...]]]:
    """The versions whose forward is known, with its arguments."""
    if is_torchscript(model):
        for version, script in readable(model, read_script):
            if script.arguments is not None:
                yield version, script.arguments


def _takes_dict(arguments: tuple[Argument, ...]) -> bool:
    return len(arguments) == 1 and arguments[0].type.startswith("Dict[")


@rule(Severity.ERROR, backend="pytorch")
def pytorch_unreadable(model: Model) -> Iterator[Problem]:
    """The model file is none that the PyTorch backend can load.

    TorchScript for the platform `pytorch_libtorch`, a package of AOT-Inductor for `torch_aoti`; weights alone are
    neither (pytorch pt/model_state.cc:LoadModel).

    Server says:

        failed to load model

    Bad:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt
        version https://git-lfs.github.com/spec/v1

    Good:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor) -> Tensor
    """
    if model.config.runtime == PYTHON:
        return
    if model.platform == "torch_aoti":
        yield from unreadable(model, _check_aoti)
        return
    yield from unreadable(model, read_script)
    if model.platform == "pytorch_libtorch":
        for version, script in readable(model, read_script):
            if script.arguments is None:
                yield Problem(
                    message=f"the model file {version}/{model.file_name} has a module without a method forward",
                    help="script a module that has one",
                    file=Path(model.model_file(version)),
                )


@rule(Severity.ERROR, backend="pytorch")
def pytorch_argument_type(model: Model) -> Iterator[Problem]:
    """The forward method of a PyTorch model takes what Triton cannot give.

    Its arguments are tensors and lists; or there is one alone, a dictionary of tensors by name. An optional argument or
    one with a number is refused, even with a default (pytorch pt/model_instance_state.cc:ValidateInputs).

    Server says:

        Only a single input of type Dict(str, Tensor) or input(s) of type Tensor are supported
        Multiple inputs of kind DictType were detected

    Bad:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "INPUT__1" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor, mask: Optional[Tensor]) -> Tensor

    Good:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "INPUT__1" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor, mask: Tensor) -> Tensor
    """
    for version, arguments in _arguments(model):
        if _takes_dict(arguments):
            continue
        refused = [a for a in arguments if a.type != "Tensor" and not a.type.startswith("List[")]
        if refused:
            one = refused[0]
            yield Problem(
                message=f"the argument '{one.name}' of forward is {one.type}, which Triton cannot give"
                + (f", and so are {listed(a.name for a in refused[1:])}" if len(refused) > 1 else ""),
                help="script a module whose forward takes tensors alone, or one dictionary of tensors",
                file=Path(model.model_file(version)),
            )


@rule(Severity.ERROR, backend="pytorch")
def pytorch_input_count(model: Model) -> Iterator[Problem]:
    """A PyTorch model lists more or fewer inputs than its forward method takes.

    Inputs, batch inputs, controls and states together must be as many as the arguments, those with a default included;
    a model that takes one dictionary has any number (pytorch pt/model_instance_state.cc:ValidateInputs).

    Server says:

        configuration expects … inputs, model provides

    Bad:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor, mask: Tensor) -> Tensor

    Good:

        backend: "pytorch"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "INPUT__1" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor, mask: Tensor) -> Tensor
    """
    yield from once(_counts(model))


def _counts(model: Model) -> Iterator[Problem]:
    for _, arguments in _arguments(model):
        if not arguments or _takes_dict(arguments) or not model.inputs:
            continue
        if any(a.type != "Tensor" and not a.type.startswith("List[") for a in arguments):
            continue
        given = _given(model)
        if given != len(arguments):
            names = listed(a.name for a in arguments)
            beside = " with batch inputs, controls and states" if given != len(model.inputs) else ""
            yield Problem(
                at=("input",),
                message=f"the configuration has {count(given, 'input')}{beside}, and forward takes "
                f"{count(len(arguments), 'argument')}: {names}",
                help="list one input for each argument",
            )


def _given(model: Model) -> int:
    kinds = {c.kind for _, c, entry in controls(model) if c.kind in CONTROLS and entry.name}
    states = len(model.config.sequence_batching.state) if model.config.has("sequence_batching") else 0
    return len(model.inputs) + len(model.config.batch_input) + len(kinds) + states


@rule(Severity.WARNING, backend="pytorch")
def pytorch_input_order(model: Model) -> Iterator[Problem]:
    """The names of a PyTorch model's inputs say neither argument nor position, so that their order decides.

    Either all are names of arguments of `forward`, or all end in their position; one that is neither makes the backend
    take all of them in the order of the configuration, with a warning in its log (pytorch
    pt/model_instance_state.cc:GetNamingConvention).

    Server says:

        Falling back to enforcing strict ordering

    Bad:

        backend: "pytorch"
        input { name: "mask" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor, mask: Tensor) -> Tensor

    Good:

        backend: "pytorch"
        input { name: "mask" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor, mask: Tensor) -> Tensor
    """
    if model.config.has("sequence_batching"):
        return
    yield from once(_input_order(model))


def _input_order(model: Model) -> Iterator[Problem]:
    for _, arguments in _arguments(model):
        names = [a.name for a in arguments]
        if _takes_dict(arguments) or len(model.inputs) < 2 or all(t.name in names for t in model.inputs):
            continue
        odd = next((t for t in model.inputs if t.name and index(t.name) is None), None)
        if odd is None:
            yield from positions(model.inputs, len(names), "argument")
        else:
            which = "no position" if odd.name in names else "no argument of forward and no position"
            mixed = ", and other inputs are not arguments" if odd.name in names else ""
            yield Problem(
                at=(*odd.at, "name"),
                message=f"input '{odd.name}' is {which}{mixed}, so the order in the configuration decides",
                help=f"call all inputs by the arguments, {listed(names)}, or all <name>__<index>",
            )


def positions(tensors: list[Tensor], number: int, noun: str) -> Iterator[Problem]:
    """Positions that are beyond the end, or given twice."""
    seen: dict[int, str] = {}
    for tensor in tensors:
        position = index(tensor.name)
        if position is None:
            continue
        if position >= number:
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"{tensor.kind} '{tensor.name}' is position {position}, and forward has "
                f"{count(number, noun)}, counted from 0",
                help="give the position of one of them",
            )
        elif position in seen:
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"{tensor.kind} '{tensor.name}' is position {position}, as '{seen[position]}' is",
                help="give each its own position",
            )
        seen.setdefault(position, tensor.name)
