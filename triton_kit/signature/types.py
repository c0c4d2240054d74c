"""What a model file says of itself."""

from __future__ import annotations

from triton_kit.repository.tensor import TensorSpec
from triton_kit.value import Value


class Signature(Value):
    """The tensors a model takes and gives, in the order of the file, shapes with their batch dimension.

    ``guessed`` are the outputs of which only the server knows whether a size that is open here is a fixed one.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    guessed: frozenset[str] = frozenset()

    def input(self, name: str) -> TensorSpec | None:
        """The input of that name, or ``None``."""
        return next((t for t in self.inputs if t.name == name), None)

    def output(self, name: str) -> TensorSpec | None:
        """The output of that name, or ``None``."""
        return next((t for t in self.outputs if t.name == name), None)
