"""The responses to a request: one, or those of a decoupled model's stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.client.types import Client, Inference, InferResult, ServedConfig


def is_decoupled(config: ServedConfig | None) -> bool:
    """Whether a model may send any number of responses to a request; an ensemble may where one of its members may."""
    return config is not None and config.decoupled


def ask(client: Client, request: Inference, *, decoupled: bool, timeout: float | None = None) -> Iterator[InferResult]:
    """Send the request, and yield each response as it comes. Raises as the client does, after what came before."""
    if decoupled:
        yield from client.stream(request, timeout=timeout)
    else:
        yield client.infer(request, timeout=timeout)
