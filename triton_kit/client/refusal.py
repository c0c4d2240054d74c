"""What to do about a server's refusal of a request, where the request is the reason; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.client.input_slots import expected

if TYPE_CHECKING:
    from triton_kit.client.types import ModelMetadata

_MEMBER = re.compile(r"^in ensemble '([^']*)', ", re.IGNORECASE)
_ABOUT_INPUTS = re.compile(
    r"unexpected shape for input|inputs? but got|inputs? got \d|unexpected inference input|input data-type is"
    r"|unexpected (?:data-?type|explicit tensor data) |input byte size mismatch|byte size for input|batch-size must be"
    r"|expected \d+ bytes|elements? for inference input|missing required input",
    re.IGNORECASE,
)
_ABOUT_THE_REQUEST = (
    ("must specify the start flag", "begin the sequence: add --sequence-start"),
    ("correlation id", "say which sequence the request belongs to: add --sequence-id N --sequence-start"),
    ("request timeout expired", "raise --request-timeout"),
)


def request_hint(message: str, metadata: ModelMetadata | None) -> str | None:
    """What to change in a request to the model, where that is known; ``None`` where nothing says that it is wrong.

    A model's own error says nothing of the request, and what a member of an ensemble got was made by others.
    """
    lower = message.lower()
    for sign, hint in _ABOUT_THE_REQUEST:
        if sign in lower:
            return hint
    if metadata is None or _MEMBER.match(message) or not _ABOUT_INPUTS.search(message):
        return None
    return f"model {metadata.name} takes {expected(metadata)}"
