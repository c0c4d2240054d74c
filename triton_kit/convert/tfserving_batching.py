"""TensorFlow Serving's batching parameters as dynamic batching."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from triton_kit.convert import tfserving_config
from triton_kit.convert.report import Item, carried, changed, left
from triton_kit.errors import UsageError
from triton_kit.scaffold.request import AddRequest

_LEFT = {
    "max_enqueued_batches": "Triton's queue has no end by default: default_queue_policy max_queue_size counts requests",
    "num_batch_threads": "an instance is a copy of the model: instance_group count, or --instances, sets how many run",
    "max_execution_batch_size": "a batch runs as a whole",
    "enable_large_batch_splitting": "a request larger than max_batch_size is refused: the client splits it",
    "pad_variable_length_inputs": "requests of different shapes are not merged; allow_ragged_batch is the way",
    "thread_pool_name": "no counterpart in Triton",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """The parameters that have a counterpart, ``None`` where they are not set, and what is reported of the others."""

    size: int | None
    timeout_us: int | None
    allowed: tuple[int, ...]
    items: tuple[Item, ...]

    def applied(self, request: AddRequest, batchable: bool) -> tuple[AddRequest, list[Item]]:
        """The request with the batching, and what to say of it."""
        items = list(self.items)
        if not batchable:
            said = "the SavedModel has no variable first dimension in every tensor: max_batch_size: 0"
            return request, [left("batching", said), *items]
        size = self.size
        if size is not None:
            items.append(carried(f"max_batch_size {size}", f"max_batch_size: {size}"))
        merged = (size or 2) > 1
        allowed = [n for n in self.allowed if size is not None and n <= size]
        if allowed and merged:
            what = f"allowed_batch_sizes {', '.join(map(str, self.allowed))}"
            said = "preferred_batch_size: aimed at, and not padded up to"
            items.append(changed(what, said))
        if self.timeout_us is not None and merged:
            said = f"dynamic_batching max_queue_delay_microseconds: {self.timeout_us}"
            items.append(carried(f"batch_timeout_micros {self.timeout_us}", said))
        request = replace(
            request,
            max_batch_size=size,
            batching="dynamic" if size and merged else request.batching,
            preferred=",".join(map(str, allowed)) if allowed and size and merged else None,
            delay_us=self.timeout_us if size and merged else None,
        )
        return request, items


def read_batching(path: Path) -> Batching:
    """The parameters of a file. Raises UsageError for what is wrong in it, with its place."""
    document, unknown = tfserving_config.read(path, tfserving_config.batching_parameters())
    message = cast("tfserving_config.BatchingParameters", document.message)
    size = message.max_batch_size.value if message.has("max_batch_size") else None
    timeout = message.batch_timeout_micros.value if message.has("batch_timeout_micros") else None
    for name, value, least in (("max_batch_size", size, 1), ("batch_timeout_micros", timeout, 0)):
        if value is not None and not least <= value < 2**31:
            raise UsageError(f"{path}: {name} is {value}", hint=f"write a number from {least}")
    items = []
    for name, _ in message.fields():
        if name in _LEFT:
            value = getattr(message, name)
            shown = getattr(value, "value", value)
            items.append(left(f"{name} {str(shown).lower()}", _LEFT[name]))
    items += [left(name, "no counterpart in Triton") for name in unknown]
    allowed = tuple(sorted(set(message.allowed_batch_sizes)))
    return Batching(size=size, timeout_us=timeout, allowed=allowed, items=tuple(items))
