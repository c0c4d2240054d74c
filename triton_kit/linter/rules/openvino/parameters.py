"""Rules about the parameters of the OpenVINO backend."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter

_NUMBERS = ("INFERENCE_NUM_THREADS", "COMPILATION_NUM_THREADS")


_WORDS = {
    "HINT_BF16": ("yes",),
    "NUM_STREAMS": ("auto", "numa"),
    "PERFORMANCE_HINT": ("latency", "throughput", "cumulative_throughput"),
}


_SWITCHES = ("SKIP_OV_DYNAMIC_BATCHSIZE", "ENABLE_BATCH_PADDING", "RESHAPE_IO_LAYERS")


@rule(Severity.ERROR, backend="openvino")
def openvino_parameter(model: Model) -> Iterator[Problem]:
    """A parameter of the OpenVINO backend has a value that it does not know.

    Capitals do not matter, and an empty value counts as none (openvino openvino.cc:ParseParameterHelper).

    Server says:

        expected the parameter

    Bad:

        backend: "openvino"
        parameters { key: "PERFORMANCE_HINT" value { string_value: "fast" } }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        backend: "openvino"
        parameters { key: "PERFORMANCE_HINT" value { string_value: "LATENCY" } }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    for key in (*_NUMBERS, *_WORDS):
        value = parameter(model, key).lower()
        words = _WORDS.get(key, ())
        number = key in _NUMBERS or key == "NUM_STREAMS"
        digits = bool(value) and all("0" <= c <= "9" for c in value)
        if value and value not in words and not (number and digits):
            wanted = [*(["a number"] if number else []), *words]
            yield Problem(
                at=("parameters", key), message=f"the parameter {key} is '{value}'", help=f"write {' or '.join(wanted)}"
            )


@rule(Severity.WARNING, until="25.10", backend="openvino")
def openvino_target_device(model: Model) -> Iterator[Problem]:
    """TARGET_DEVICE is set for a release that does not read it, and the model runs on the CPU.

    From 25.10 on the backend hands it to OpenVINO; the instances are of KIND_CPU then, too (openvino
    openvino.cc:ParseParameters). Read in the sources, not seen on a server.

    Bad:

        -- tk validate --release 25.09
        backend: "openvino"
        parameters { key: "TARGET_DEVICE" value { string_value: "GPU" } }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        -- tk validate --release 25.10
        backend: "openvino"
        parameters { key: "TARGET_DEVICE" value { string_value: "GPU" } }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    device = parameter(model, "TARGET_DEVICE")
    if device and device.upper() != "CPU":
        yield Problem(
            at=("parameters", "TARGET_DEVICE"),
            message=f"TARGET_DEVICE is '{device}', which is not read before 25.10: the model runs on the CPU",
            help="serve it with 25.10 or later, or leave it out",
        )


@rule(Severity.WARNING, backend="openvino")
def openvino_switch(model: Model) -> Iterator[Problem]:
    """A switch of the OpenVINO backend is neither yes nor no, and stays off.

    (openvino openvino.cc:ParseBoolParameter.)

    Bad:

        backend: "openvino"
        parameters { key: "ENABLE_BATCH_PADDING" value { string_value: "true" } }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        backend: "openvino"
        parameters { key: "ENABLE_BATCH_PADDING" value { string_value: "YES" } }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    for key in _SWITCHES:
        value = parameter(model, key)
        if value and value.lower() not in ("yes", "no"):
            yield Problem(
                at=("parameters", key),
                message=f"the parameter {key} is '{value}', which counts as no",
                help="write YES or NO",
            )
