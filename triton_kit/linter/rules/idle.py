"""Rules about settings that cannot take effect as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, nearest
from triton_kit.model import disk
from triton_kit.model.model import Model


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


@rule(Severity.WARNING, since="24.11", about=("model_metrics",))
def unknown_metric_family(model: Model) -> Iterator[Problem]:
    """A metric control names a family that cannot be customised.

    It is only logged (core metric_model_reporter.cc).

    Server says:

        is not a customizable metric in Triton core

    Bad:

        -- tk validate --release 24.11
        model_metrics {
          metric_control { metric_identifier { family: "nv_latency" } histogram_options { buckets: [ 1, 2 ] } }
        }

    Good:

        -- tk validate --release 24.11
        model_metrics {
          metric_control {
            metric_identifier { family: "nv_inference_first_response_histogram_ms" }
            histogram_options { buckets: [ 1, 2 ] }
          }
        }
    """
    known = ("nv_inference_first_response_histogram_ms",)
    for i, control in enumerate(model.config.model_metrics.metric_control):
        family = control.metric_identifier.family
        if family and family not in known:
            yield Problem(
                at=("model_metrics", "metric_control", i, "metric_identifier", "family"),
                message=f"'{family}' is no metric that can be customised",
                help=nearest(family, known),
            )


@rule(Severity.WARNING)
def unused_file_name(model: Model) -> Iterator[Problem]:
    """A file name for a kind of GPU is under a key that no GPU has, or names a file that a version lacks.

    Keys are compute capabilities such as `8.0`; where none fits, the default name is used (backend
    backend_model_instance.cc:BackendModelInstance).

    Bad:

        cc_model_filenames { key: "sm80" value: "model.onnx" }

    Good:

        cc_model_filenames { key: "8.0" value: "model.onnx" }
    """
    if model.is_ensemble:
        return
    for key, name in model.config.cc_model_filenames.items():
        at = ("cc_model_filenames", key)
        if not re.fullmatch(r"[1-9][0-9]?\.[0-9]", key):
            yield Problem(at=at, key=True, message=f"'{key}' is no compute capability", help='write one such as "8.0"')
            continue
        lacking = [v for v in model.versions if disk.kind_of(model.join(model.version_folder(v), name)) is None]
        if lacking:
            yield Problem(
                at=at,
                message=f"the file '{name}' is not in version {listed(map(str, lacking))}",
                help="put it there, or leave the entry out",
            )


@rule(Severity.WARNING, about=("sequence_batching",))
def growable_memory_unusable(model: Model) -> Iterator[Problem]:
    """A state grows in memory, which needs a GPU and the same buffer for input and output.

    Otherwise each sequence fails at its start (core sequence_state.cc:Initialize).

    Bad:

        backend: "python"
        max_batch_size: 8
        sequence_batching { state {
          input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ] use_growable_memory: true
        } }

    Good:

        backend: "python"
        max_batch_size: 8
        instance_group [ { kind: KIND_GPU } ]
        sequence_batching { state {
          input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ]
          use_growable_memory: true use_same_buffer_for_input_output: true
        } }
    """
    if not model.config.has("sequence_batching"):
        return
    for i, state in enumerate(model.config.sequence_batching.state):
        if not state.use_growable_memory:
            continue
        at = ("sequence_batching", "state", i, "use_growable_memory")
        if not state.use_same_buffer_for_input_output:
            yield Problem(
                at=at,
                message="growable memory needs use_same_buffer_for_input_output",
                help="write use_same_buffer_for_input_output: true",
            )
        elif (
            not all(group.kind == "KIND_GPU" for group in model.config.instance_group)
            or not model.config.instance_group
        ):
            yield Problem(
                at=at, message="growable memory needs instances of KIND_GPU", help="write an instance_group of KIND_GPU"
            )


@rule(Severity.WARNING, about=("batch_input",))
def batch_input_target(model: Model) -> Iterator[Problem]:
    """The tensor that a batch input is written to has no name, or another one writes to it too.

    Core does not look at it; the backend counts each entry as an input (onnxruntime onnxruntime.cc:ValidateInputs).

    Bad:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT data_type: TYPE_FP32 source_input: "x" }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], n FP32 [-1] -> y FP32 [-1, 4]

    Good:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], n FP32 [-1] -> y FP32 [-1, 4]
    """
    seen: set[str] = set()
    for i, batch_input in enumerate(model.config.batch_input):
        at = ("batch_input", i, "target_name")
        if not any(batch_input.target_name):
            yield Problem(at=at, message=f"batch input {i} has no target", help="name the model's input in target_name")
        for name in batch_input.target_name:
            if name and name in seen:
                yield Problem(at=at, message=f"'{name}' is the target of two batch inputs", help="give each its own")
            seen.add(name)


@rule(Severity.WARNING, about=("sequence_batching",))
def idle_sequence_setting(model: Model) -> Iterator[Problem]:
    """A setting of sequence batching is none that does anything.

    A control of an undefined kind is no control; a number of candidates that is not positive counts as
    max_batch_size; states are not verified at load, and fail or mix up later (core model_config_utils.cc,
    sequence_batch_scheduler.cc:Create, sequence_state.cc).

    Bad:

        backend: "python"
        max_batch_size: 8
        sequence_batching { oldest { max_candidate_sequences: -1 } }

    Good:

        backend: "python"
        max_batch_size: 8
        sequence_batching { oldest { max_candidate_sequences: 4 } }
    """
    if not model.config.has("sequence_batching"):
        return
    batching = model.config.sequence_batching
    if batching.has("oldest") and batching.oldest.max_candidate_sequences < 0:
        yield Problem(
            at=("sequence_batching", "oldest", "max_candidate_sequences"),
            message=f"{batching.oldest.max_candidate_sequences} candidates count as max_batch_size",
            help="write how many sequences may wait",
        )
    for i, entry in enumerate(batching.control_input):
        for j, control in enumerate(entry.control):
            if isinstance(control.kind, int):
                yield Problem(
                    at=("sequence_batching", "control_input", i, "control", j, "kind"),
                    message=f"control kind {control.kind} does not exist, so there is no such control",
                    help="write CONTROL_SEQUENCE_START, _READY, _END or _CORRID",
                )
    for side in ("input_name", "output_name"):
        seen: set[str] = set()
        for i, state in enumerate(batching.state):
            name = getattr(state, side)
            at = ("sequence_batching", "state", i, side)
            if not name:
                yield Problem(at=at, message=f"state {i} has no {side}", help="name the model's tensor")
            elif name in seen:
                yield Problem(at=at, message=f"two states have the {side} '{name}'", help="give each its own")
            seen.add(name)
    for i, state in enumerate(batching.state):
        for j, dim in enumerate(state.dims):
            if dim == 0 or dim < -1:
                yield Problem(
                    at=("sequence_batching", "state", i, "dims", j),
                    message=f"dimension {dim} of state {i} is no size",
                    help="write a positive number, or -1",
                )


@rule(Severity.WARNING)
def no_outputs(model: Model) -> Iterator[Problem]:
    """An ONNX model has no outputs, so that it answers nothing.

    Without completion nobody fills them in, and nobody minds (core model_config_utils.cc:ValidateModelIOConfig).

    Bad:

        -- tk validate --strict
        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [4] -> y FP32 [4]

    Good:

        -- tk validate --strict
        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.outputs or model.backend != "onnxruntime" or not model.versions or not model.inputs:
        return
    if not model.completed(model.versions[-1]).outputs:
        yield Problem(at=("input",), message="the model has inputs and no outputs", help="add its outputs")


@rule(Severity.WARNING, about=("max_batch_size",))
def zero_batch_size_replaced(model: Model) -> Iterator[Problem]:
    """A max_batch_size of 0 is written, and completion raises it.

    0 cannot be told from an omitted value: a model that can batch gets the default, 4, unless its inputs and outputs
    are listed (onnxruntime onnxruntime.cc:AutoCompleteMaxBatch).

    Server says:

        autofilled max_batch_size to

    Bad:

        backend: "onnxruntime"
        max_batch_size: 0
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        backend: "onnxruntime"
        max_batch_size: 4
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    if model.backend != "onnxruntime" or not model.config.has("max_batch_size") or model.config.max_batch_size:
        return
    for version in model.versions:
        completed = model.completed(version)
        if completed.max_batch_size:
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size: 0 becomes {completed.max_batch_size}: the model can batch, and not all of its"
                " inputs and outputs are listed",
                help="list inputs and outputs, or leave max_batch_size out",
            )
            return
