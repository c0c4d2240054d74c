"""Talk to a running server over HTTP or gRPC."""

from triton_kit.client.concurrency import InferOutcome, infer_many
from triton_kit.client.connection import connect
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.types import Client, Inference, InferResult, ModelMetadata, ServedConfig, TensorMetadata

__all__ = [
    "Client",
    "InferOutcome",
    "InferResult",
    "Inference",
    "ModelMetadata",
    "NoAnswer",
    "ServedConfig",
    "ServerError",
    "TensorMetadata",
    "connect",
    "infer_many",
]
