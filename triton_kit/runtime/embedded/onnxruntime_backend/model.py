"""An ``onnxruntime`` backend for the embedded server: ONNX Runtime in a Python-based backend, on the CPU.

It runs inside the stub of the python backend, where only numpy and onnxruntime can be counted on. It completes
configurations and refuses models as the C++ backend does (onnxruntime_backend, ``onnxruntime.cc``; the messages carry
the same words), and it runs the requests of one call as one batch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253
import triton_python_backend_utils as pb_utils

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triton_kit.runtime.embedded.onnxruntime_backend.tk_onnx_config import check, complete, unsupported
    from triton_kit.runtime.embedded.onnxruntime_backend.tk_onnx_session import load, plain, tensors

    Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]
    Feed = dict[str, Array]
    Asked = tuple[int, Feed, list[str]]
else:
    from tk_onnx_config import check, complete, unsupported
    from tk_onnx_session import load, plain, tensors


class TritonPythonModel:
    """One instance of an ONNX model."""

    @staticmethod
    def auto_complete_config(auto: pb_utils.ModelConfig) -> pb_utils.ModelConfig:
        """Fill in what is missing as the C++ backend does: nothing at all once inputs and outputs are listed."""
        complete(auto, Path(pb_utils.get_model_dir()))
        return auto

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the session and compare it with the configuration; raises with the C++ backend's words."""
        config = json.loads(args["model_config"])
        directory = Path(args["model_repository"]) / args["model_version"]
        self.session = load(directory, config)
        inputs, outputs = tensors(self.session.get_inputs()), tensors(self.session.get_outputs())
        initializers = tensors(self.session.get_overridable_initializers())
        check(config, inputs, outputs, initializers)
        self.batching = config["max_batch_size"] > 0
        self.unsupported = unsupported(config)
        self.outputs: list[str] = [entry["name"] for entry in config["output"]]
        self.strings = {name for name, tensor in outputs.items() if tensor.dtype == "TYPE_STRING"}
        self.scalars = {name for name, tensor in (inputs | initializers).items() if not tensor.shape}

    def execute(self, requests: Sequence[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """Answer each request; those that can share a run do."""
        responses: list[pb_utils.InferenceResponse] = [None] * len(requests)
        groups: dict[object, list[Asked]] = {}
        for i, request in enumerate(requests):
            try:
                if self.unsupported:
                    raise ValueError(self.unsupported)
                feed = {tensor.name(): self._given(tensor) for tensor in request.inputs()}
                wanted = self._wanted(request.requested_output_names())
            except Exception as error:
                responses[i] = _refusal(error)
                continue
            key: object = i
            if self.batching and len(requests) > 1:
                key = tuple((name, feed[name].dtype.char, feed[name].shape[1:]) for name in sorted(feed))
            groups.setdefault(key, []).append((i, feed, wanted))
        for group in groups.values():
            answers = self._run_together(group) if len(group) > 1 else None
            for (i, feed, wanted), answer in zip(group, answers or [None] * len(group), strict=True):
                responses[i] = answer or self._run_alone(feed, wanted)
        return responses

    def finalize(self) -> None:
        self.session = None

    def _wanted(self, requested: Sequence[str]) -> list[str]:
        if len(requested) == len(self.outputs):
            return self.outputs
        return [name for name in self.outputs if name in requested]

    def _given(self, tensor: pb_utils.Tensor) -> Array:
        array: Array = tensor.as_numpy()
        if array.dtype.kind in "OS":
            # ONNX Runtime takes str, Triton gives bytes.
            texts = [item.decode() if isinstance(item, bytes) else item for item in array.ravel()]
            array = np.array(texts, dtype=object).reshape(array.shape)
        if tensor.name() in self.scalars and array.size == 1:
            array = array.reshape(())
        return array

    def _run_alone(self, feed: Feed, wanted: list[str]) -> pb_utils.InferenceResponse:
        try:
            arrays = self.session.run(wanted, feed) if wanted else []
            return self._response(zip(wanted, arrays, strict=True))
        except Exception as error:
            return _refusal(error)

    def _run_together(self, group: Sequence[Asked]) -> list[pb_utils.InferenceResponse] | None:
        """The answers of requests whose inputs differ in the batch dimension alone; None if that does not work out."""
        feeds = [feed for _, feed, _ in group]
        wanted = [name for name in self.outputs if any(name in names for _, _, names in group)]
        if not wanted or any(not array.ndim for array in feeds[0].values()) or not feeds[0]:
            return None
        sizes = [len(next(iter(feed.values()))) for feed in feeds]
        try:
            together = {name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]}
            arrays = dict(zip(wanted, self.session.run(wanted, together), strict=True))
        except Exception:
            return None  # one of them is at fault: alone, each gets its own answer
        if any(not array.ndim or len(array) != sum(sizes) for array in arrays.values()):
            return None
        answers, start = [], 0
        for (_, _, names), size in zip(group, sizes, strict=True):
            answers.append(self._response((name, arrays[name][start : start + size]) for name in names))
            start += size
        return answers

    def _response(self, outputs: Iterable[tuple[str, Array]]) -> pb_utils.InferenceResponse:
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, self._made(name, array)) for name, array in outputs])

    def _made(self, name: str, array: Array) -> Array:
        array = np.asarray(array)
        if name in self.strings:
            texts = [str(item).encode() for item in array.ravel()]
            array = np.array(texts, dtype=object).reshape(array.shape)
        return array if array.ndim else array.reshape(1)


def _refusal(error: Exception) -> pb_utils.InferenceResponse:
    known = type(error).__module__.startswith("onnxruntime")
    text = plain(error) if known else str(error)
    return pb_utils.InferenceResponse([], error=pb_utils.TritonError(text))
