"""All responses of a decoupled model to some requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from triton_kit.client.concurrency import InferOutcome
from triton_kit.errors import TkError, UsageError

if TYPE_CHECKING:
    from triton_kit.client.grpc import GrpcClient
    from triton_kit.client.types import Client, Inference


def stream_many(client: Client, requests: Iterable[Inference]) -> Iterator[InferOutcome]:
    """Send the requests one after the other, and yield each response, or the error that ended them.

    Raises UsageError over HTTP, which knows one response to a request.
    """
    from triton_kit.client.grpc import GrpcClient

    if not isinstance(client, GrpcClient):
        raise UsageError(
            "the model is decoupled: it may send any number of responses, which takes a stream", hint="add --grpc"
        )
    for index, request in enumerate(requests):
        yield from _responses(client, index, request)


def _responses(client: GrpcClient, index: int, request: Inference) -> Iterator[InferOutcome]:
    try:
        for result in client.stream(request):
            yield InferOutcome(index=index, result=result, error=None)
    except TkError as error:
        yield InferOutcome(index=index, result=None, error=error)
