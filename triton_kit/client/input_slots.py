"""Make what the user gave fit what a model takes, or say why it cannot; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triton_kit.client.types import ModelMetadata, ServedConfig, TensorMetadata
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import BY_WIRE, agree, show_shape
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.client.types import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An input to fill. ``shape`` is complete, -1 for any size; where ``batching``, it begins with the batch."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    batching: bool
    optional: bool
    layout: str

    def __str__(self) -> str:
        return f"{self.name} {self.datatype} {show_shape(self.shape)}" + (" (optional)" if self.optional else "")


def slots(metadata: ModelMetadata, config: ServedConfig | None) -> dict[str, Slot]:
    """The inputs of a model by name. Without a configuration nothing is known of batching, options and formats."""
    return {
        tensor.name: Slot(
            name=tensor.name,
            datatype=tensor.datatype,
            shape=tensor.shape,
            batching=config is not None and config.max_batch_size > 0,
            optional=config is not None and tensor.name in config.optional,
            layout=config.formats.get(tensor.name, "FORMAT_NONE") if config is not None else "FORMAT_NONE",
        )
        for tensor in metadata.inputs
    }


def find_slot(known: Mapping[str, Slot], name: str) -> Slot:
    """The input of that name. Raises UsageError that names the nearest one, or all."""
    if name in known:
        return known[name]
    hint = suggest(name, known, otherwise="the inputs are: " + ", ".join(known))
    raise UsageError(f"{name!r} is not an input of this model", hint=hint)


def check_complete(known: Mapping[str, Slot], given: Iterable[str]) -> None:
    """Raise UsageError that lists every input that is missing."""
    have = set(given)
    missing = [str(slot) for slot in known.values() if slot.name not in have and not slot.optional]
    if missing:
        hint = "give NAME=VALUE, or fill the rest with --random or --zeros"
        raise UsageError(f"no data for {'; '.join(missing)}", hint=hint)


def to_array(value: object, slot: Slot) -> Array:
    """A JSON value, or nested lists of them, as an array of the input's type; the shape is the value's own.

    Raises UsageError for ragged lists and for elements that the type cannot hold as they are.
    """
    import numpy as np

    shape, flat = _flatten(value, slot.name)
    kind = BY_WIRE.get(slot.datatype)
    if kind is None:
        raise UsageError(f"input {slot.name} has the data type {slot.datatype}, which tk does not know")
    if slot.datatype == "BYTES":
        array = np.empty(len(flat), dtype=object)
        array[:] = [_text(element, slot.name) for element in flat]
        return array.reshape(shape)
    for wrong in (e for e in flat if not isinstance(e, bool | int | float)):
        shown = "null" if wrong is None else repr(wrong)
        raise UsageError(f"{shown} is not of type {slot.datatype}, which input {slot.name} takes", hint="give numbers")
    try:
        plain = np.array(flat, dtype=object)
        return _cast(plain, slot).reshape(shape)
    except OverflowError:
        raise _out_of_range(slot, max(flat, key=abs)) from None


def convert(array: Array, slot: Slot) -> Array:
    """An array as the input's type, each value kept. Raises UsageError where one would change."""
    import numpy as np

    if slot.datatype == "BYTES":
        if array.dtype.kind not in "SUO":
            raise UsageError(f"input {slot.name} takes BYTES, and the data is {array.dtype}", hint="give strings")
        strings = np.empty(array.size, dtype=object)
        strings[:] = [_text(element, slot.name) for element in array.ravel().tolist()]
        return strings.reshape(array.shape)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"input {slot.name} takes {slot.datatype}, and the data is {array.dtype}")
    return _cast(array, slot)


def fit(array: Array, slot: Slot, *, batch: int | None = None) -> Array:
    """The array in the input's complete shape: a missing batch dimension is added, flat data is folded.

    ``batch`` is how often a single example is repeated. Raises UsageError with what was expected and what was given.
    """
    import numpy as np

    inner = slot.shape[1:] if slot.batching else slot.shape
    if slot.batching and agree(array.shape, inner):
        array = array[np.newaxis]
    elif not agree(array.shape, slot.shape):
        array = _fold(array, slot, inner)
    if slot.batching and batch is not None and array.shape[0] != batch:
        if array.shape[0] != 1:
            raise UsageError(f"input {slot.name} has a batch of {array.shape[0]}, and --batch asks for {batch}")
        array = np.repeat(array, batch, axis=0)
    return array


def check_batches(arrays: Mapping[str, Array], known: Mapping[str, Slot], limit: int) -> None:
    """Raise UsageError where the batches differ or are over ``limit``, the model's max_batch_size (0: no batching)."""
    sizes = {name: array.shape[0] for name, array in arrays.items() if known[name].batching}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise UsageError(f"the inputs have different batch sizes: {shown}", hint="give each input as many examples")
    for name, size in sizes.items():
        if size > limit:
            raise UsageError(f"input {name} has a batch of {size}, over the model's max_batch_size, {limit}")


def expected(metadata: ModelMetadata) -> str:
    """What the model takes, in one line, for a hint."""
    return "; ".join(_show(t) for t in metadata.inputs)


def _show(tensor: TensorMetadata) -> str:
    return f"{tensor.name} {tensor.datatype} {show_shape(tensor.shape)}"


def _fold(array: Array, slot: Slot, inner: Sequence[int]) -> Array:
    """Flat or scalar data in the input's shape, where that shape leaves no choice."""
    free = [i for i, d in enumerate(inner) if d < 0]
    size = 1
    for d in inner:
        size *= d if d >= 0 else 1
    if array.ndim <= 1 and not free and size:
        whole, rest = divmod(array.size, size)
        if not rest and (whole == 1 or (slot.batching and whole)):
            return array.reshape((whole, *inner) if slot.batching else tuple(inner))
    if array.ndim == 0 and size == 1:
        return array.reshape((1,) * len(slot.shape))
    takes = show_shape(slot.shape) + (f", or {show_shape(inner)} for a batch of one" if slot.batching else "")
    raise UsageError(f"input {slot.name} takes the shape {takes}, and the data has {show_shape(array.shape)}")


def _flatten(value: object, name: str) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of nested lists, and their elements in row-major order."""
    shape: list[int] = []
    level: list[Any] = [value]
    while level and all(isinstance(v, list) for v in level):
        lengths = {len(v) for v in level}
        if len(lengths) > 1:
            raise UsageError(f"the lists for input {name} are not equally long: {', '.join(map(str, sorted(lengths)))}")
        shape.append(lengths.pop())
        level = [element for v in level for element in v]
    if any(isinstance(v, list) for v in level):
        raise UsageError(f"the lists for input {name} mix elements and lists", hint="give each row the same depth")
    return tuple(shape), level


def _text(element: object, name: str) -> bytes:
    match element:
        case bytes():
            return element
        case str():
            return element.encode("utf-8", "surrogateescape")
    raise UsageError(f"{element!r} is not a string, which input {name} takes", hint='put it in quotes: "..."')


def _cast(array: Array, slot: Slot) -> Array:
    """Numbers as the input's type. An integer stays what it is, a float may be rounded to a shorter one."""
    import numpy as np

    target = np.dtype(BY_WIRE[slot.datatype].numpy or "float32")
    if target.kind == "f":
        with np.errstate(over="ignore"):
            cast = array.astype(target)
        wide = array.astype(np.float64)
        lost = np.isinf(cast) & ~np.isinf(wide)
        if lost.any():
            raise _out_of_range(slot, wide[lost].ravel()[0])
        return cast
    if array.size == 0:
        return array.astype(target)
    for element in _fractions(array):
        raise UsageError(f"{element!r} is not a whole number, and input {slot.name} takes {slot.datatype}")
    low, high = (0, 1) if target.kind == "b" else (int(np.iinfo(target).min), int(np.iinfo(target).max))
    for extreme in (array.min(), array.max()):
        if not low <= int(extreme) <= high:
            raise _out_of_range(slot, int(extreme))
    # An object array holds Python's integers, whole floats and booleans: through int, none of 64 bits is lost.
    if array.dtype.kind == "O":
        return np.array([int(e) for e in array.ravel()], dtype=target).reshape(array.shape)
    return array.astype(target)


def _fractions(array: Array) -> list[float]:
    """The elements that are not whole numbers, NaN and infinity among them."""
    import numpy as np

    if array.dtype.kind == "O":
        return [e for e in array.ravel() if isinstance(e, float) and not e.is_integer()]
    if array.dtype.kind == "f":
        wrong = ~(np.isfinite(array) & (np.trunc(array) == array))
        return [float(e) for e in array[wrong].ravel()[:1]]
    return []


def _out_of_range(slot: Slot, value: object) -> UsageError:
    return UsageError(f"{value} is out of the range of {slot.datatype}, which input {slot.name} takes")
