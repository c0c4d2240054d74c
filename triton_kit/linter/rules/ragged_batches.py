"""Rules about ragged batches, and the backends that ignore what is written of batches."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.backends.facts import facts
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


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
    fields = [field for field in ("batch_input", "batch_output") if getattr(model.config, field)]
    ragged = [tensor for tensor in model.inputs if tensor.ragged]
    if not (fields or ragged) or not _ignores_batches(model):
        return
    owner = "an ensemble" if model.is_ensemble else f"the backend '{model.backend}'"
    for field in fields:
        yield Problem(at=(field,), key=True, message=f"{owner} ignores {field}", help="leave it out")
    for tensor in ragged:
        yield Problem(
            at=(*tensor.at, "allow_ragged_batch"), message=f"{owner} ignores allow_ragged_batch", help="leave it out"
        )


def _ignores_batches(model: Model) -> bool:
    return model.is_ensemble or facts(model.backend).batch_io is False


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
    if not any(t.ragged for t in model.inputs) or _ignores_batches(model):
        return
    if model.config.max_batch_size:
        return
    completed = model.completed_latest
    # Without a version nothing can be completed, and that is said on its own.
    if completed is None or completed.max_batch_size or not completed.known:
        return
    for tensor in model.inputs:
        if tensor.ragged:
            yield Problem(
                at=(*tensor.at, "allow_ragged_batch"),
                message=f"'{tensor.name}' may be ragged, and the model does not batch",
                help="leave it out, or write max_batch_size",
            )
