"""Rules about what the forward method of a TorchScript model returns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch.tensors import index, is_torchscript
from triton_kit.linter.wording import count
from triton_kit.model.model import Model
from triton_kit.model.model_file import once, readable

if TYPE_CHECKING:
    pass
from triton_kit.linter.rules.pytorch.torchscript import positions, read_script


@rule(Severity.WARNING, backend="pytorch")
def pytorch_output_order(model: Model) -> Iterator[Problem]:
    """The names of a PyTorch model's outputs do not say which value of the result each is.

    An output named `<name>__<index>` is that element of the result; one that is not makes the backend take all of them
    in the order of the configuration (pytorch pt/model_instance_state.cc:GetNamingConvention). An element that the
    result does not have fails each request.

    Server says:

        Falling back to enforcing strict ordering
        refers to an output index which doesn't exist

    Bad:

        backend: "pytorch"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "scores" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "labels" data_type: TYPE_INT64 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor) -> Tuple[Tensor, Tensor]

    Good:

        backend: "pytorch"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "scores__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "labels__1" data_type: TYPE_INT64 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor) -> Tuple[Tensor, Tensor]
    """
    if not is_torchscript(model) or model.config.has("sequence_batching"):
        return
    odd = next((t for t in model.outputs if t.name and index(t.name) is None), None)
    if odd is not None and len(model.outputs) > 1:
        yield Problem(
            at=(*odd.at, "name"),
            message=f"output '{odd.name}' has no position, so the order in the configuration decides",
            help="call all outputs <name>__<index>, such as OUTPUT__0",
        )
    for _, script in readable(model, read_script):
        if script.outputs is None:
            continue
        if odd is None:
            yield from once(positions(model.outputs, script.outputs, "output"))
        elif len(model.outputs) > script.outputs:
            yield Problem(
                at=("output",),
                message=f"the configuration has {count(len(model.outputs), 'output')}, and forward gives "
                + str(script.outputs),
                help="list only those that the model gives",
            )
        return


@rule(Severity.WARNING, backend="pytorch")
def pytorch_result_type(model: Model) -> Iterator[Problem]:
    """The forward method of a PyTorch model gives what Triton cannot answer with.

    Tensors and lists of strings are answers, alone or in a tuple. Another list, a dictionary or a number loads, and
    then each request fails (pytorch pt/model_instance_state.cc:Execute).

    Server says:

        output must be of type Tensor, List[str] or Tuple containing one of these two types
        must be of type Tensor or List[str], received List

    Bad:

        backend: "pytorch"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor) -> Dict[str, Tensor]

    Good:

        backend: "pytorch"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt forward(x: Tensor) -> Tuple[Tensor, Tensor]
    """
    if not is_torchscript(model):
        return
    for version, script in readable(model, read_script):
        if _is_unanswerable(script.returns):
            yield Problem(
                message=f"forward gives {script.returns}, which Triton cannot answer with",
                help="script a module that gives a tensor or a tuple of tensors",
                file=Path(model.model_file(version)),
            )


def _is_unanswerable(returned: str) -> bool:
    from triton_kit.signature.torchscript_code import split_type

    head, parts = split_type(returned)
    if head == "Tuple":
        return any(split_type(part)[0] != "Tuple" and _is_unanswerable(part) for part in parts)
    return head in ("Dict", "int", "float", "bool", "str", "complex", "NoneType") or (
        head == "List" and parts != ["str"]
    )
