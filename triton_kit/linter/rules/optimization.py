"""Rules about optimization settings."""

from __future__ import annotations

import os
from collections.abc import Iterator

from triton_kit.backends.facts import facts
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import if_on_gpu
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model.devices import on_gpu
from triton_kit.model.model import Model

_AT = ("optimization", "execution_accelerators")


@rule(Severity.ERROR, backend="onnxruntime")
def unknown_cpu_accelerator(model: Model) -> Iterator[Problem]:
    """An ONNX model asks for an accelerator on CPUs that does not exist.

    It is looked at for every instance, whatever its kind; only openvino is known (onnxruntime
    onnxruntime.cc:LoadModel).

    Server says:

        unknown Execution Accelerator '

    Bad:

        backend: "onnxruntime"
        optimization { execution_accelerators { cpu_execution_accelerator { name: "mkldnn" } } }

    Good:

        backend: "onnxruntime"
        optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }
    """
    if not model.config.has("optimization"):
        return
    for i, one in enumerate(model.config.optimization.execution_accelerators.cpu_execution_accelerator):
        if one.name != "openvino":
            yield Problem(
                at=(*_AT, "cpu_execution_accelerator", i, "name"),
                message=f"'{one.name}' is not an accelerator that the onnxruntime backend has on CPUs",
                help='write "openvino", or leave the accelerator out',
            )


@rule(Severity.ERROR, backend="onnxruntime")
def unknown_gpu_accelerator(model: Model) -> Iterator[Problem]:
    """An ONNX model asks for an accelerator on GPUs that does not exist.

    A GPU instance fails at it; on a CPU instance nobody looks (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        unknown Execution Accelerator '

    Bad:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator { name: "TensorRT" } } }

    Good:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }
    """
    if not model.config.has("optimization") or on_gpu(model) is False:
        return
    for i, one in enumerate(model.config.optimization.execution_accelerators.gpu_execution_accelerator):
        if one.name not in ("tensorrt", "cuda"):
            problem = Problem(
                at=(*_AT, "gpu_execution_accelerator", i, "name"),
                message=f"'{one.name}' is not an accelerator that the onnxruntime backend has on GPUs",
                help=nearest(one.name, ("tensorrt", "cuda")),
            )
            yield if_on_gpu(model, problem)


@rule(Severity.ERROR, backend="onnxruntime")
def op_library_missing(model: Model) -> Iterator[Problem]:
    """A library of custom operators is named by nothing, or does not exist.

    The path is used as given, not relative to the model; one that is relative to the server's working directory cannot
    be checked here (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        Failed to get symbol RegisterCustomOps

    Bad:

        backend: "onnxruntime"
        model_operations { op_library_filename: "" }

    Good:

        backend: "onnxruntime"
    """
    for i, name in enumerate(model.config.model_operations.op_library_filename):
        if not name:
            yield Problem(
                at=("model_operations", "op_library_filename", i),
                message="the name of an operator library is empty",
                help="give its path on the server's machine, or leave it out",
            )


@rule(Severity.WARNING)
def op_library_elsewhere(model: Model) -> Iterator[Problem]:
    """A library of custom operators is not on this machine, or its backend ignores it.

    The server opens the path as it is given, on its own machine or in its container (onnxruntime
    onnxruntime.cc:LoadModel, tensorflow tensorflow.cc:ParseAndRegisterLibraries); other backends do not read it.

    Bad:

        backend: "onnxruntime"
        model_operations { op_library_filename: "/nowhere/ops.so" }

    Good:

        backend: "onnxruntime"
    """
    names = model.config.model_operations.op_library_filename
    if names and not facts(model.backend).operator_libraries:
        for i, _ in enumerate(names if model.backend else ()):
            yield Problem(
                at=("model_operations", "op_library_filename", i),
                message=f"the backend '{model.backend}' ignores libraries of operators",
                help="leave it out",
            )
        return
    for i, name in enumerate(names):
        if os.path.isabs(name) and not os.path.exists(name):
            yield Problem(
                at=("model_operations", "op_library_filename", i),
                message=f"the operator library '{name}' does not exist on this machine",
                help="make sure that the server's machine has it there",
            )


@rule(Severity.WARNING)
def accelerator_ignored(model: Model) -> Iterator[Problem]:
    """Execution accelerators are set for a backend that ignores them.

    The pytorch, tensorrt, python and openvino backends do not read them; onnxruntime and tensorflow do (onnxruntime
    onnxruntime.cc:LoadModel, tensorflow tensorflow.cc).

    Bad:

        backend: "python"
        optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }

    Good:

        backend: "onnxruntime"
        optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }
    """
    if model.config.optimization.execution_accelerators.says_something() and facts(model.backend).accelerators is False:
        yield Problem(
            at=_AT,
            key=True,
            message=f"the backend '{model.backend}' ignores execution_accelerators",
            help="leave them out",
        )


@rule(Severity.WARNING, about=("optimization",))
def onnx_graph_level(model: Model) -> Iterator[Problem]:
    """The level of graph optimization is none of those that an ONNX model has.

    -1 is basic, 1 extended, 2 none; any other number stands for all of them (onnxruntime onnxruntime.cc:ModelState).

    Bad:

        backend: "onnxruntime"
        optimization { graph { level: 99 } }

    Good:

        backend: "onnxruntime"
        optimization { graph { level: 1 } }
    """
    if model.config.optimization.has("graph") and model.backend:
        level = model.config.optimization.graph.level
        at = ("optimization", "graph", "level")
        if facts(model.backend).graph_level:
            if level not in (-1, 0, 1, 2):
                yield Problem(
                    at=at, message=f"graph level {level} means the default", help="write -1, 1 or 2, or leave it out"
                )
        elif level:
            yield Problem(at=at, message=f"the backend '{model.backend}' ignores graph.level", help="leave it out")
