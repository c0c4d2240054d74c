"""A server's refusal of a request, with what to do about it."""

from __future__ import annotations

from triton_kit.client import ModelMetadata, ServerError
from triton_kit.client.input_slots import expected
from triton_kit.errors import TkError


def explained(error: TkError, metadata: ModelMetadata | None = None) -> TkError:
    """The error with what is known of it: what to send where the request is the reason, and nothing where none is.

    A hint that it has stays. A model's own error, or that of a member of an ensemble, does not blame the request.
    """
    if not isinstance(error, ServerError) or error.hint is not None:
        return error
    from triton_kit.serve.log import refusal

    known = refusal(error.message)
    if known is None:
        return error
    hint = known.help
    if known.inputs and metadata is not None:
        hint = f"{hint}; model {metadata.name} takes {expected(metadata)}"
    return ServerError(error.message, status=error.status, hint=hint)
