"""The areas that rules belong to, and when an area can have something to say."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple


class Area(NamedTuple):
    """Where the rules of an area stand, and when they can find anything; until then no module is even imported.

    ``modules`` are the modules below ``triton_kit.linter.rules``. ``about`` are fields of the configuration, at any
    depth, of which one must be written. ``backends`` are names of backends and platforms, of which one must be the
    model's. Empty, they demand nothing. Where the configuration is broken, the rules are asked whatever is written;
    ``backends`` are those of the area's rules, each of which is about one of them.
    """

    modules: tuple[str, ...]
    about: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()

    def may_speak(self, written: Set[str] | None, names: tuple[str, str] | None) -> bool:
        """Whether a model with these fields, and this backend and platform, can interest the rules.

        ``None`` for the fields is a broken configuration, for the names one that does not show them.
        """
        if written is not None and self.about and written.isdisjoint(self.about):
            return False
        return not self.backends or (names is not None and (names[0] in self.backends or names[1] in self.backends))


_ONNX = ("onnxruntime",)
_ENSEMBLE = ("ensemble",)

AREAS: dict[str, Area] = {
    "parsing": Area(("text.parsing", "text.releases")),
    "texts": Area(("text.meaning",)),
    "layout": Area(("repository.layout",)),
    "config-file": Area(("repository.config_file",)),
    "server": Area(("repository.server",)),
    "versions": Area(("repository.versions",)),
    "backend": Area(("backend", "platforms", "repository.agents")),
    "model-file": Area(("repository.model_file",)),
    "tensors": Area(("tensors", "tensor_formats"), ("input", "output")),
    "reshape": Area(("reshape",), ("reshape",)),
    "labels": Area(("labels",), ("label_filename",)),
    "batch-inputs": Area(("batch_inputs", "batch_outputs"), ("batch_input", "batch_output")),
    "ragged-batches": Area(("ragged_batches",), ("allow_ragged_batch", "batch_input", "batch_output")),
    "batching": Area(
        ("batching", "batching_queue"), ("max_batch_size", "dynamic_batching", "sequence_batching", "response_cache")
    ),
    "decoupled": Area(("decoupled",), ("model_transaction_policy",)),
    "sequences": Area(("sequence_controls", "sequences"), ("sequence_batching",)),
    "states": Area(("states",), ("sequence_batching",)),
    "instances": Area(("instances", "tensorrt_instances"), ("instance_group",)),
    "rate-limiter": Area(("rate_limiter",), ("rate_limiter",)),
    "optimization": Area(("optimization",), ("optimization", "model_operations")),
    "accelerators": Area(("accelerators",), ("optimization", "parameters")),
    "cuda-graphs": Area(("cuda_graphs",), ("optimization",)),
    "metrics": Area(("metrics",), ("metric_tags", "model_metrics")),
    "parameters": Area(("parameters", "python.environment"), ("parameters",)),
    "python": Area(("python.source", "python.completion_end", "python.readiness"), (), ("python",)),
    "python-completion": Area(("python.completion",), (), ("python",)),
    "python-execution": Area(("python.execution", "python.methods"), (), ("python",)),
    "python-imports": Area(("python.imports",), (), ("python",)),
    "python-files": Area(("python.files",), (), ("python",)),
    "python-tensors": Area(("python.tensors",), (), ("python",)),
    "onnx-file": Area(("onnx.file",), (), _ONNX),
    "onnx-kernels": Area(("onnx.kernels",), (), _ONNX),
    "onnx-tensors": Area(("onnx.inputs", "onnx.tensors"), (), _ONNX),
    "onnx-sequences": Area(("onnx.sequences",), ("sequence_batching",), _ONNX),
    "onnx-shapes": Area(("onnx.shapes",), (), _ONNX),
    "pytorch": Area(("pytorch.tensors",), (), ("pytorch", "pytorch_libtorch")),
    "pytorch-runtimes": Area(("pytorch.runtimes",), (), ("pytorch", "torch_aoti")),
    "pytorch-torchscript": Area(("pytorch.torchscript", "pytorch.results"), (), ("pytorch",)),
    "tensorflow": Area(("tensorflow.loading",), (), ("tensorflow",)),
    "tensorflow-signature": Area(("tensorflow.signature",), (), ("tensorflow",)),
    "openvino": Area(("openvino.tensors", "openvino.shapes", "openvino.parameters"), (), ("openvino",)),
    "tensorrt": Area(("tensorrt",), (), ("tensorrt",)),
    "fil": Area(("fil.parameters",), (), ("fil",)),
    "fil-files": Area(("fil.files",), (), ("fil",)),
    "dali": Area(("dali",), (), ("dali",)),
    "language-models": Area(("language_models",), (), ("vllm", "tensorrtllm")),
    "warmup": Area(("warmup", "warmup_inputs"), ("model_warmup",)),
    "ensemble": Area(("ensemble.structure",), ("platform", "ensemble_scheduling")),
    "ensemble-maps": Area(("ensemble.maps",), ("platform",), _ENSEMBLE),
    "ensemble-flow": Area(("ensemble.flow",), ("platform",), _ENSEMBLE),
    "ensemble-steps": Area(("ensemble.steps",), ("platform",), _ENSEMBLE),
    "ensemble-tensors": Area(("ensemble.tensors",), ("platform",), _ENSEMBLE),
    "ensemble-decoupled": Area(("ensemble.decoupled",), ("platform",), _ENSEMBLE),
    "suppressions": Area(("suppressions",)),
}
"""The areas by the names that users select, in the order in which the server would come to their checks."""

AREA_OF = {module: name for name, area in AREAS.items() for module in area.modules}
"""The area of each module below ``triton_kit.linter.rules``."""

UNCONDITIONAL = tuple(name for name, area in AREAS.items() if not (area.about or area.backends))
"""The areas that are asked about everything."""
