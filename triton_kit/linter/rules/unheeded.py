"""Rules about settings that load and have no effect where they stand."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model

_BATCH_IO = ("python", "pytorch", "openvino", "tensorflow")


@rule(Severity.WARNING)
def batch_io_ignored(model: Model) -> Iterator[Problem]:
    """Batch inputs or outputs, or ragged batches, are set for a backend that does nothing with them.

    The onnxruntime and tensorrt backends evaluate them, and backends of one's own may (backend backend_common.cc).

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }

    Good:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }
        batch_input {
          kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x"
        }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1], n FP32 [-1] -> y FP32 [-1, 4]
    """
    if model.backend not in _BATCH_IO and not model.is_ensemble:
        return
    owner = "an ensemble" if model.is_ensemble else f"the backend '{model.backend}'"
    for field in ("batch_input", "batch_output"):
        if getattr(model.config, field):
            yield Problem(at=(field,), key=True, message=f"{owner} ignores {field}", help="leave it out")
    for tensor in model.inputs:
        if tensor.ragged:
            yield Problem(
                at=(*tensor.at, "allow_ragged_batch"),
                message=f"{owner} ignores allow_ragged_batch",
                help="leave it out",
            )


@rule(Severity.WARNING)
def ragged_without_batch(model: Model) -> Iterator[Problem]:
    """An input may be ragged in a model that does not batch.

    Only a batch can be ragged (backend backend_input_collector.cc).

    Bad:

        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1] -> y FP32 [4]

    Good:

        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1] -> y FP32 [4]
    """
    if model.backend in _BATCH_IO or model.is_ensemble or not any(t.ragged for t in model.inputs):
        return
    if model.versions and model.completed(model.versions[-1]).max_batch_size:
        return
    for tensor in model.inputs:
        if tensor.ragged:
            yield Problem(
                at=(*tensor.at, "allow_ragged_batch"),
                message=f"'{tensor.name}' may be ragged, and the model does not batch",
                help="leave it out, or write max_batch_size",
            )


_ENSEMBLE_IGNORES = ("parameters", "cc_model_filenames", "metric_tags")


@rule(Severity.WARNING)
def ensemble_ignores(model: Model) -> Iterator[Problem]:
    """A setting of an ensemble has no effect.

    Nobody reads an ensemble's parameters; whether it is decoupled follows from its models, and the namespace of a step
    from where its model is found (core ensemble_utils.cc, model_repository_manager.cc:ConnectDependencyGraph).

    Bad:

        platform: "ensemble"
        parameters { key: "a" value { string_value: "b" } }
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    if not model.is_ensemble:
        return
    for field in _ENSEMBLE_IGNORES:
        if getattr(model.config, field):
            yield Problem(
                at=(field,), key=True, message=f"{field} of an ensemble have no effect", help="set them in its models"
            )
    if model.config.has("model_transaction_policy"):
        from triton_kit.model.ensemble import is_decoupled

        written = bool(model.config.model_transaction_policy.decoupled)
        if written != is_decoupled(model):
            yield Problem(
                at=("model_transaction_policy",),
                key=True,
                message=f"decoupled: {str(written).lower()} has no effect: its models decide for an ensemble",
                help="leave it out",
            )
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        if step.model_namespace and not model.options.namespacing:
            yield Problem(
                at=("ensemble_scheduling", "step", i, "model_namespace"),
                message="the namespace of a step is overwritten with the one where its model is found",
                help="leave it out",
            )


_SINGLE = ("onnxruntime", "tensorrt", "pytorch", "tensorflow", "openvino")


@rule(Severity.WARNING, about=("model_transaction_policy",))
def decoupled_without_support(model: Model) -> Iterator[Problem]:
    """A model is decoupled whose backend sends one response for each request.

    Nothing checks it at load; clients must then use streaming gRPC all the same (server grpc/infer_handler.cc,
    http_server.cc).

    Server says:

        doesn't support models with decoupled transaction policy

    Bad:

        backend: "onnxruntime"
        model_transaction_policy { decoupled: true }

    Good:

        backend: "python"
        model_transaction_policy { decoupled: true }
    """
    if model.config.model_transaction_policy.decoupled:
        if model.backend in _SINGLE:
            yield Problem(
                at=("model_transaction_policy", "decoupled"),
                message=f"the backend '{model.backend}' answers once, and clients must use streaming nevertheless",
                help="leave it out",
            )
        elif model.config.dynamic_batching.preserve_ordering:
            yield Problem(
                at=("dynamic_batching", "preserve_ordering"),
                message="the order of decoupled responses is not preserved",
                help="leave it out",
            )


@rule(Severity.WARNING, about=("instance_group",))
def onnx_kind_model(model: Model) -> Iterator[Problem]:
    """An ONNX model's instances are of KIND_MODEL, which counts as CPU.

    (onnxruntime onnxruntime.cc:LoadModel.)

    Bad:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_MODEL } ]

    Good:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_CPU } ]
    """
    if model.backend == "onnxruntime":
        for i, group in enumerate(model.config.instance_group):
            if group.kind == "KIND_MODEL":
                yield Problem(
                    at=("instance_group", i, "kind"),
                    message="KIND_MODEL counts as KIND_CPU for the onnxruntime backend",
                    help="write KIND_CPU or KIND_GPU",
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
        if model.backend in ("onnxruntime", "tensorflow"):
            if level not in (-1, 0, 1, 2):
                yield Problem(
                    at=at, message=f"graph level {level} means the default", help="write -1, 1 or 2, or leave it out"
                )
        else:
            yield Problem(at=at, message=f"the backend '{model.backend}' ignores graph.level", help="leave it out")
