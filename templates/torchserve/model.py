"""Calls the handler of a TorchServe archive. The archive lies beside this file, in archive/, as it was.

Each element of "body" is what a client of TorchServe sent as the body of one request; the element of "response" at the
same place is what the handler made of it: bytes as they are, text as UTF-8, anything else as JSON.
"""

import importlib
import inspect
import json
import sys
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

HERE = Path(__file__).resolve().parent
ARCHIVE = HERE / "archive"
OWN = sys.modules[__name__]


class Quiet:
    """Stands in for TorchServe's metrics: takes every call and does nothing. Triton has metrics of its own."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):  # noqa: ARG002
        return None


class Context:
    """What a handler is given beside its data: the part of TorchServe's context that does not concern HTTP."""

    def __init__(self, manifest, settings, batch_size, gpu_id):
        self.manifest = manifest
        self.model_name = manifest.get("model", {}).get("modelName")
        self.model_yaml_config = settings
        self.system_properties = {
            "model_dir": str(ARCHIVE),
            "gpu_id": gpu_id,
            "batch_size": batch_size,
            "server_name": "Triton",
            "server_version": "",
            "limit_max_image_pixels": True,
        }
        self.metrics = Quiet()
        self.explain = False
        self.request_ids = {}
        self.statuses = {}

    def get_request_id(self, idx=0):
        return self.request_ids.get(idx)

    def get_request_header(self, idx, key):  # noqa: ARG002
        return None

    def get_all_request_header(self, idx):  # noqa: ARG002
        return {}

    def set_response_content_type(self, idx, value):
        pass

    def set_response_header(self, idx, key, value):
        pass

    def set_response_status(self, code=200, phrase="", idx=0):
        self.statuses[idx] = (code, phrase)

    def set_all_response_status(self, code=200, phrase=""):
        self.statuses = dict.fromkeys(self.request_ids, (code, phrase))

    def get_response_status(self, idx):
        return self.statuses.get(idx, (200, ""))


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = config.get("parameters", {})
        self.json_body = parameters.get("content_type", {}).get("string_value") == "application/json"
        manifest = json.loads((ARCHIVE / "MAR-INF" / "MANIFEST.json").read_text())
        settings = json.loads((HERE / "settings.json").read_text())
        gpu = int(args["model_instance_device_id"]) if args["model_instance_kind"] == "GPU" else None
        self.context = Context(manifest, settings, max(config["max_batch_size"], 1), gpu)
        self.entry = self.load(manifest["model"]["handler"])

    def load(self, handler):
        """The function that answers, as TorchServe finds it: one of the module, or a method of its only class."""
        file, _, name = handler.partition(":")
        sys.path.insert(0, str(ARCHIVE))
        if (ARCHIVE / f"{__name__}.py").exists():
            # The archive's module of that name is taken where the handler imports it; this one stays in OWN.
            sys.modules.pop(__name__, None)
        stem = file.rpartition("/")[2]
        is_file = stem.endswith(".py")
        module = importlib.import_module(stem[:-3] if is_file else f"ts.torch_handler.{stem}")
        name = name or "handle"
        function = getattr(module, name, None)
        if callable(function):
            # Called once without data, to initialize.
            function(None, self.context)
            return function
        classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
        if len(classes) != 1:
            raise ValueError(f"{handler} must have a function '{name}' or one class, and has {len(classes)} classes")
        service = classes[0]()
        if hasattr(service, "initialize"):
            service.initialize(self.context)
        return getattr(service, name)

    def execute(self, requests):
        rows, counts = [], []
        for request in requests:
            bodies = pb_utils.get_input_tensor_by_name(request, "body").as_numpy().reshape(-1)
            rows += [self.row(body) for body in bodies]
            counts.append(len(bodies))
        self.context.request_ids = {i: str(i) for i in range(len(rows))}
        self.context.statuses = {}
        try:
            answers = self.entry(rows, self.context)
            if not isinstance(answers, (list, tuple)) or len(answers) != len(rows):
                raise ValueError(f"the handler did not answer with a list of {len(rows)}, one for each element")
        except Exception as error:
            refused = pb_utils.TritonError(f"{type(error).__name__}: {error}")
            return [pb_utils.InferenceResponse(error=refused) for _ in requests]
        responses, start = [], 0
        for count in counts:
            responses.append(self.response(answers, start, count))
            start += count
        return responses

    def row(self, body):
        value = json.loads(body) if self.json_body else bytearray(body)
        return {"data": value, "body": value}

    def response(self, answers, start, count):
        for i in range(start, start + count):
            code, phrase = self.context.get_response_status(i)
            if code >= 400:
                return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"{code} {phrase}".rstrip()))
        encoded = np.array([encode(answer) for answer in answers[start : start + count]], dtype=object)
        return pb_utils.InferenceResponse([pb_utils.Tensor("response", encoded.reshape(count, 1))])


def encode(answer):
    if isinstance(answer, (bytes, bytearray)):
        return bytes(answer)
    return (answer if isinstance(answer, str) else json.dumps(answer, default=plain)).encode()


def plain(value):
    """What JSON lacks: arrays, tensors and their numbers."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
