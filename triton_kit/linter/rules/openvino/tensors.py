"""Rules about the file of an OpenVINO model, its tensors' names and their types."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once, unreadable
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch.tensors import unsupported
from triton_kit.linter.wording import count, listed, nearest
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.model.model_file import readable

if TYPE_CHECKING:
    from triton_kit.signature.openvino import IrModel


def _read(path: Path) -> IrModel:
    from triton_kit.signature.openvino import read_model

    return read_model(path)


def _is_ir(model: Model) -> bool:
    """Whether the file is an IR; OpenVINO reads other formats, too, by their names."""
    return model.file_name.lower().endswith(".xml")


def ir_models(model: Model) -> Iterator[tuple[int, IrModel]]:
    if _is_ir(model):
        for version, ir in readable(model, _read):
            # Versions before 10 are of a kind that knows neither Parameter nor Result.
            if ir.version >= 10 and ir.inputs and ir.outputs:
                yield version, ir


@rule(Severity.ERROR, backend="openvino")
def openvino_unreadable(model: Model) -> Iterator[Problem]:
    """The model file is not an OpenVINO IR, or its weights are not beside it.

    The weights of `model.xml` are in `model.bin` (openvino openvino.cc:ReadModel).

    Server says:

        reading model

    Bad:

        backend: "openvino"
        -- 1/model.xml
        version https://git-lfs.github.com/spec/v1

    Good:

        backend: "openvino"
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    if not _is_ir(model):
        return
    yield from unreadable(model, _read)
    for version, ir in readable(model, _read):
        weights = os.path.splitext(model.model_file(version))[0] + ".bin"
        name = f"{version}/{os.path.basename(weights)}"
        if not ir.weights:
            continue
        if disk.kind_of(weights) != disk.FILE:
            yield Problem(
                message=f"the weights {name} do not exist",
                help="copy the .bin file along with the .xml",
                file=Path(model.model_file(version)),
            )
        elif os.path.getsize(weights) < ir.weights:
            yield Problem(
                message=f"the weights {name} have {count(os.path.getsize(weights), 'byte')}, and the model needs "
                f"{ir.weights}",
                help="copy the .bin file again; both files must be of one export",
                file=Path(weights),
            )


@rule(Severity.ERROR, backend="openvino")
def openvino_data_type(model: Model) -> Iterator[Problem]:
    """A tensor of an OpenVINO model has a type that the backend does not take.

    FP64, BF16 and STRING are not taken; another type than the model's is converted (openvino openvino_utils.cc).

    Server says:

        unsupported datatype

    Bad:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP64 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    yield from unsupported(model)


@rule(Severity.ERROR, backend="openvino")
def openvino_input_count(model: Model) -> Iterator[Problem]:
    """An OpenVINO model's configuration has more or fewer inputs than the model.

    (openvino openvino.cc:ValidateInputs.)

    Server says:

        configuration expects … inputs, model provides

    Bad:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4], mask FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        input { name: "mask" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4], mask FP32 [1, 4] -> y FP32 [1, 4]
    """
    yield from once(_counts(model))


def _counts(model: Model) -> Iterator[Problem]:
    if (not model.inputs and model.options.auto_complete) or model.config.has("sequence_batching"):
        return
    for _, ir in ir_models(model):
        if len(model.inputs) == len(ir.inputs):
            continue
        names = {t.name for t in model.inputs}
        missing = [t.spec.name for t in ir.inputs if names.isdisjoint((*t.names, t.spec.name))]
        yield Problem(
            at=("input",),
            message=f"the configuration has {count(len(model.inputs), 'input')}, the model {len(ir.inputs)}: "
            + listed(t.spec.name for t in ir.inputs),
            help=f"add {listed(missing)}" if missing else "list each input once",
        )


@rule(Severity.ERROR, backend="openvino")
def openvino_unknown_tensor(model: Model) -> Iterator[Problem]:
    """An input or output has a name that no tensor of the OpenVINO model has.

    In an IR of version 11 the names are those of its ports, in version 10 those of its layers (openvino
    openvino.cc:ValidateInputs, ValidateOutputs).

    Server says:

        unexpected inference input '
        unexpected inference output '

    Bad:

        backend: "openvino"
        input { name: "X" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    yield from once(_unknown(model))


def _unknown(model: Model) -> Iterator[Problem]:
    for _, ir in ir_models(model):
        for tensors, there in ((model.inputs, ir.inputs), (model.outputs, ir.outputs)):
            if ir.version >= 11 and not all(t.named for t in there):
                continue
            known = {name for t in there for name in (*t.names, t.spec.name)}
            for tensor in tensors:
                if tensor.name and tensor.name not in known:
                    yield Problem(
                        at=(*tensor.at, "name"),
                        message=f"'{tensor.name}' is not an {tensor.kind} of the model",
                        help=nearest(tensor.name, [t.spec.name for t in there]),
                    )
