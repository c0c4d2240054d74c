"""What the server makes of a configuration beside the signature of a SavedModel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triton_kit.model.model import Model
from triton_kit.repository.tensor import dims

if TYPE_CHECKING:
    from triton_kit.signature.savedmodel import SignatureDef


def is_batching(model: Model, signature: SignatureDef) -> bool:
    """Whether max_batch_size is over 0 after completion.

    Where it is not written, the rank of the last written tensor decides (AutoCompleteHelper).
    """
    size = model.config.max_batch_size
    specs = {spec.name: spec for spec in (*signature.inputs, *signature.outputs)}
    if size > 0 or not model.options.auto_complete:
        return bool(size > 0)
    if not all(dims(spec.shape or (0,))[0] == -1 for spec in specs.values()):
        return False
    batching = True
    for tensor in (*model.inputs, *model.outputs):
        if tensor.shape and tensor.name in specs:
            batching = len(specs[tensor.name].shape or ()) == len(tensor.shape) + 1
    return batching
