"""The areas that rules belong to, and when an area can have something to say."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple


class Area(NamedTuple):
    """When the rules of a module can find anything; until then the module is not even imported.

    ``about`` are fields of the configuration, of which one must be written. ``backends`` are names of backends and
    platforms, of which one must be the model's. Empty, they demand nothing. Where the configuration is broken, or its
    backend cannot be told, the rules are asked all the same.
    """

    about: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()

    def may_speak(self, written: Set[str] | None, names: tuple[str, str] | None) -> bool:
        """Whether a model with these fields, and this backend and platform, can interest the rules.

        ``None`` for the fields is a broken configuration, for the names one of which they cannot be told.
        """
        if written is not None and self.about and written.isdisjoint(self.about):
            return False
        return names is None or not self.backends or names[0] in self.backends or names[1] in self.backends


_ALWAYS = Area()
_SEQUENCES = Area(("sequence_batching",))
_TENSORS = Area(("input", "output"))
_ENSEMBLE = Area(("platform",), ("ensemble",))

AREAS: dict[str, Area] = {
    "parsing": _ALWAYS,
    "texts": _ALWAYS,
    "layout": _ALWAYS,
    "configfile": _ALWAYS,
    "server": _ALWAYS,
    "versions": _ALWAYS,
    "backend": _ALWAYS,
    "modelfile": _ALWAYS,
    "tensors": _TENSORS,
    "reshape": _TENSORS,
    "labels": Area(("output",)),
    "batchio": Area(("batch_input", "batch_output")),
    "batching": Area(("max_batch_size", "dynamic_batching", "sequence_batching", "response_cache")),
    "sequences": _SEQUENCES,
    "states": _SEQUENCES,
    "instances": Area(("instance_group",)),
    "ratelimits": Area(("instance_group",)),
    "optimization": Area(("optimization", "model_operations")),
    "accelerators": Area(("optimization", "parameters")),
    "cudagraphs": Area(("optimization",)),
    "metrics": Area(("metric_tags", "model_metrics")),
    "parameters": Area(("parameters",)),
    "python": Area((), ("python",)),
    "pythoncompletion": Area((), ("python",)),
    "pythonbehaviour": Area((), ("python",)),
    "pythontensors": Area((), ("python",)),
    "onnxfile": Area((), ("onnxruntime",)),
    "onnxio": Area((), ("onnxruntime",)),
    "onnxdims": Area((), ("onnxruntime",)),
    "pytorch": Area((), ("pytorch",)),
    "pytorchother": Area((), ("pytorch", "torch_aoti")),
    "torchscript": Area((), ("pytorch",)),
    "tensorflow": Area((), ("tensorflow",)),
    "savedmodel": Area((), ("tensorflow",)),
    "openvino": Area((), ("openvino",)),
    "tensorrt": Area((), ("tensorrt",)),
    "forests": Area((), ("fil",)),
    "forestfiles": Area((), ("fil",)),
    "dali": Area((), ("dali",)),
    "generative": Area((), ("vllm", "tensorrtllm")),
    "warmup": Area(("model_warmup",)),
    "ensembles": Area(("platform", "ensemble_scheduling")),
    "ensembleflow": _ENSEMBLE,
    "ensemblesteps": _ENSEMBLE,
    "ensembletensors": _ENSEMBLE,
    "ensembledecoupled": _ENSEMBLE,
    "unheeded": _ALWAYS,
    "idle": _ALWAYS,
    "surprises": _ALWAYS,
    "suppressions": _ALWAYS,
}
"""The modules of ``triton_kit.linter.rules``, in the order in which the server would come to their checks."""

UNCONDITIONAL = tuple(name for name, area in AREAS.items() if area == _ALWAYS)
"""The areas that are asked about everything."""
