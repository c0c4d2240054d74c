"""Talk to a running server over HTTP or gRPC."""

from triton_kit.client.concurrency import Outcome, infer_many
from triton_kit.client.connection import connect
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.types import Client, InferResult, ModelMetadata, Request, ServedConfig, TensorMetadata

__all__ = [
    "Client",
    "InferResult",
    "ModelMetadata",
    "NoAnswer",
    "Outcome",
    "Request",
    "ServedConfig",
    "ServerError",
    "TensorMetadata",
    "connect",
    "infer_many",
]
