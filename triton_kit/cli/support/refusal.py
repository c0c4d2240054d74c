"""A server's refusal with what to do about it."""

from __future__ import annotations

from triton_kit.client import ModelMetadata, ServerError
from triton_kit.client.refusal import request_hint
from triton_kit.errors import TkError


def explained(error: TkError, metadata: ModelMetadata | None = None) -> TkError:
    """The error with what to change in the request, or what is known of the message; a hint that it has stays."""
    if not isinstance(error, ServerError) or error.hint is not None:
        return error
    from triton_kit.runtime.log.meaning import meaning

    hint = request_hint(error.message, metadata)
    if hint is None and (known := meaning(error.message)) is not None:
        hint = f"{known.cause}: {known.help}"
    return ServerError(error.message, status=error.status, hint=hint)
