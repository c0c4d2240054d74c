"""Rules about ``parameters``: the keys that core and the backends read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.model.version import leading_integer
from triton_kit.suggestion import close

_TRUE_FALSE = ("true", "on", "1", "false", "off", "0")


def _values(model: Model, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    parameters = model.config.parameters
    for key in keys:
        if key in parameters:
            yield key, parameters[key].string_value


def _reads(model: Model) -> bool:
    """Whether the backend reads parameters: PyTorch reads none of an AOT-Inductor package (aoti-parameters-ignored)."""
    return model.platform != "torch_aoti"


@rule(Severity.ERROR)
def parameter_not_an_integer(model: Model) -> Iterator[Problem]:
    """A parameter that the backend reads as an integer is none.

    It must begin with an integer of 32 bits; a larger one aborts the server (backend backend_common.cc:ParseIntValue).

    Server says:

        to integral number
        Expected values for  execution_mode are 0 or 1
        std::out_of_range

    Bad:

        parameters { key: "intra_op_thread_count" value { string_value: "two" } }

    Good:

        parameters { key: "intra_op_thread_count" value { string_value: "2" } }
    """
    for key, value in _values(model, model.facts.integers if _reads(model) else ()):
        at = ("parameters", key)
        number = leading_integer(value)
        if number is None:
            yield Problem(at=at, message=f"the parameter {key} is '{value}', not an integer", help="write a number")
        elif not -(2**31) <= number < 2**31:
            yield Problem(
                at=at, message=f"kills the server: the parameter {key}, {value}, is beyond 32 bits", help="lower it"
            )
        elif key == "execution_mode" and number not in (0, 1):
            yield Problem(at=at, message=f"the execution_mode {number} does not exist", help="write 0 or 1")
        elif key.endswith("op_thread_count") and number >= 2**31 - 1:
            yield Problem(at=at, message=f"the parameter {key} asks for {number} threads", help="lower it")


@rule(Severity.ERROR)
def parameter_not_a_boolean(model: Model) -> Iterator[Problem]:
    """A parameter that the backend reads as a boolean is none.

    true, on, 1, false, off and 0 are taken in any case (backend backend_common.cc:ParseBoolValue).

    Server says:

        to boolean

    Bad:

        parameters { key: "enable_mem_arena" value { string_value: "yes" } }

    Good:

        parameters { key: "enable_mem_arena" value { string_value: "true" } }
    """
    for key, value in _values(model, model.facts.booleans if _reads(model) else ()):
        if value.lower() not in _TRUE_FALSE:
            yield Problem(
                at=("parameters", key),
                message=f"the parameter {key} is '{value}', not a boolean",
                help="write true or false",
            )


@rule(Severity.ERROR)
def batch_strategy(model: Model) -> Iterator[Problem]:
    """A custom batching strategy cannot be loaded.

    It excludes sequence batching, and its library must exist, from 26.06 on inside the model's directory (core
    backend_model.cc:TritonModel::Create). What 26.06 refuses was read in the sources, not seen on a server.

    Server says:

        TRITON_BATCH_STRATEGY_PATH cannot be specified with sequence batcher
        Batching library path not found
        Batching library path escapes model repository

    Bad:

        max_batch_size: 8
        dynamic_batching { }
        parameters { key: "TRITON_BATCH_STRATEGY_PATH" value { string_value: "" } }

    Good:

        max_batch_size: 8
        dynamic_batching { }
    """
    parameters = model.config.parameters
    if "TRITON_BATCH_STRATEGY_PATH" not in parameters or model.is_ensemble:
        return
    at = ("parameters", "TRITON_BATCH_STRATEGY_PATH")
    path = parameters["TRITON_BATCH_STRATEGY_PATH"].string_value
    if model.config.has("sequence_batching"):
        yield Problem(at=at, message="a batching strategy excludes sequence_batching", help="leave one of the two out")
    elif path and model.options.release >= (26, 6) and model.name not in os.path.normpath(path).split(os.sep):
        # Where the repository lies on the server is not known here; the directory of the model has its name anywhere.
        yield Problem(
            at=at,
            message=f"the batching strategy '{path}' lies outside the model's directory",
            help="put the library there, and give its path on the server: /models/MODEL/batchstrategy.so",
        )
    elif not path or (os.path.isabs(path) and not os.path.exists(path)):
        yield Problem(at=at, message=f"the batching strategy '{path}' does not exist", help="give the library's path")


_KEYS = (
    "execution_mode", "intra_op_thread_count", "inter_op_thread_count", "enable_mem_arena", "enable_mem_pattern",
    "session.use_device_allocator_for_initializers", "memory.enable_memory_arena_shrinkage", "cudnn_conv_algo_search",
    "arena_extend_strategy", "gpu_mem_limit", "do_copy_in_default_stream",
)  # fmt: skip


_READ = frozenset(_KEYS)
_ALLOCATOR = "session.use_device_allocator_for_initializers"


@rule(Severity.WARNING, until="25.02", about=("parameters",), backend="onnxruntime")
def onnx_parameter_of_newer_release(model: Model) -> Iterator[Problem]:
    """A parameter of an ONNX model is one that the release's backend does not read yet.

    `session.use_device_allocator_for_initializers` is handed to ONNX Runtime from 25.02 on, and ignored before
    (onnxruntime onnxruntime.cc:ModelState). Read in the sources, not seen on a server.

    Bad:

        -- tk validate --release 25.01
        backend: "onnxruntime"
        parameters { key: "session.use_device_allocator_for_initializers" value { string_value: "1" } }

    Good:

        -- tk validate --release 25.02
        backend: "onnxruntime"
        parameters { key: "session.use_device_allocator_for_initializers" value { string_value: "1" } }
    """
    if _ALLOCATOR in model.config.parameters:
        yield Problem(
            at=("parameters", _ALLOCATOR),
            key=True,
            message=f"{_ALLOCATOR} is not read before 25.02",
            help="serve it with 25.02 or later, or leave it out",
        )


@lru_cache(maxsize=256)
def _near(key: str) -> list[str]:
    """The key that this one resembles; models of one repository have much the same keys."""
    return close(key, _KEYS, count=1, cutoff=0.85)


@rule(Severity.WARNING, about=("parameters",), backend="onnxruntime")
def onnx_parameter_misspelt(model: Model) -> Iterator[Problem]:
    """A parameter of an ONNX model is nearly one that the backend reads.

    Keys are exact, and unknown ones are ignored (onnxruntime onnxruntime.cc:ModelState).

    Bad:

        backend: "onnxruntime"
        parameters { key: "intra_op_threads_count" value { string_value: "2" } }

    Good:

        backend: "onnxruntime"
        parameters { key: "intra_op_thread_count" value { string_value: "2" } }
    """
    if _READ.issuperset(model.config.parameters):
        return
    for key in model.config.parameters:
        near = _near(key.lower())
        if near and key not in _READ:
            yield Problem(
                at=("parameters", key),
                key=True,
                message=f"the backend reads no parameter '{key}'",
                help=f"did you mean '{near[0]}'?",
            )
