"""What an ensemble is wired from and to: steps with their tensors, the wires between them, what is still open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from triton_kit.repository.tensor import agree, show_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output of a model in a step; ``dims`` are without the batch dimension where the model batches."""

    name: str
    data_type: str
    dims: tuple[int, ...]
    batching: bool = False
    optional: bool = False

    @property
    def full(self) -> tuple[int, ...]:
        """The complete shape, the batch dimension included."""
        return (-1, *self.dims) if self.batching else self.dims

    def __str__(self) -> str:
        return f"{self.data_type.removeprefix('TYPE_')} {show_shape(self.full)}"

    def fits(self, other: Port) -> bool:
        """Whether the server lets both be one tensor: equal types, and dims or complete shapes that agree.

        Source: core ensemble_utils.cc:ValidateTensorConsistency.
        """
        return self.data_type == other.data_type and (agree(self.dims, other.dims) or agree(self.full, other.full))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A model that can be a step, as the server completes it."""

    name: str
    max_batch_size: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    decoupled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A use of a model: ``label`` tells it from other uses of the same one; version -1 is the latest."""

    label: str
    member: Member
    version: int = -1


class End(NamedTuple):
    """An end of a wire: a tensor of a step, or one of the ensemble itself where ``step`` is empty."""

    step: str
    tensor: str

    def __str__(self) -> str:
        return f"{self.step}.{self.tensor}" if self.step else self.tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An input that more than one tensor could feed; the last candidate is an input of the ensemble itself."""

    end: End
    port: Port
    candidates: tuple[End, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why there is no such ensemble."""

    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output of the ensemble."""

    name: str
    data_type: str
    dims: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredStep:
    """A step with its maps: the model's tensor to the ensemble's."""

    model: str
    version: int
    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """An ensemble, its steps each after those that it waits for; or why it is none yet: questions or conflicts."""

    max_batch_size: int = 0
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    steps: tuple[WiredStep, ...] = ()
    questions: tuple[Question, ...] = ()
    conflicts: tuple[Conflict, ...] = field(default=())
