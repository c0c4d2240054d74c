"""The shapes that a TensorRT engine is built for: the least, the best and the most of each input that has a choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triton_kit.errors import UsageError
from triton_kit.repository.tensor import TensorSpec, dims, show_shape

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The shapes of one input, batch dimension included."""

    name: str
    least: Shape
    best: Shape
    most: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenShapes:
    """The shapes that the user typed, by input."""

    least: Mapping[str, Shape]
    best: Mapping[str, Shape]
    most: Mapping[str, Shape]


def parse_shapes(least: Sequence[str], best: Sequence[str], most: Sequence[str]) -> GivenShapes:
    """``NAME=1x3x224x224`` of each ``--min``, ``--opt`` and ``--max``. Raises UsageError."""
    return GivenShapes(least=_parse("--min", least), best=_parse("--opt", best), most=_parse("--max", most))


def _parse(option: str, texts: Sequence[str]) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for text in texts:
        name, sign, sizes = text.rpartition("=")
        if not sign or not name or not re.fullmatch(r"[0-9]+(?:[x,][0-9]+)*", sizes, re.ASCII):
            raise UsageError(f"{option} {text}: not of the form NAME=SHAPE", hint=f"write {option} image=1x3x224x224")
        if name in found:
            raise UsageError(f"{option} {text}: {name} is given twice")
        shape = tuple(int(size) for size in re.split("[x,]", sizes))
        if 0 in shape:
            raise UsageError(f"{option} {text}: a size of 0", hint="write sizes of 1 or more")
        found[name] = shape
    return found


def profiles(
    inputs: Sequence[TensorSpec],
    *,
    configured: Mapping[str, Shape],
    max_batch_size: int,
    preferred: int | None,
    given: GivenShapes,
) -> tuple[Profile, ...]:
    """A profile for each input that leaves a size open; none where no input does.

    ``configured`` are the dims of the config, without the batch dimension where ``max_batch_size`` is over 0;
    ``preferred`` is the batch to be fastest at, the largest where it is ``None``. Raises UsageError where a size stays
    open, and for shapes that do not fit.
    """
    names = {tensor.name for tensor in inputs}
    for option, shapes in (("--min", given.least), ("--opt", given.best), ("--max", given.most)):
        for name in shapes:
            if name not in names:
                raise UsageError(
                    f"{option} {name}: the model has no such input", hint=f"it has {', '.join(sorted(names))}"
                )
    found = (_profile(tensor, configured, max_batch_size, preferred, given) for tensor in inputs)
    return tuple(profile for profile in found if profile is not None)


def _profile(
    tensor: TensorSpec, configured: Mapping[str, Shape], batch: int, preferred: int | None, given: GivenShapes
) -> Profile | None:
    name = tensor.name
    if tensor.shape is None:
        raise UsageError(
            f"input {name} has no known number of dimensions, which TensorRT needs", hint="export the model with shapes"
        )
    own = tuple(dims(tensor.shape))
    by_option = {"--min": given.least.get(name), "--opt": given.best.get(name), "--max": given.most.get(name)}
    for option, shape in by_option.items():
        if shape is not None:
            _check(f"{option} {name}={'x'.join(map(str, shape))}", shape, own, batch if option == "--max" else 0)
    if -1 not in own:
        return None
    narrowed = _narrowed(own, configured.get(name), batch)
    best = by_option["--opt"] or _filled(narrowed, preferred or batch or 1) or by_option["--max"]
    most = by_option["--max"] or _filled(narrowed, batch or 1) or best
    least = by_option["--min"] or tuple(1 if size < 0 else size for size in narrowed)
    if best is None or most is None:
        raise UsageError(
            f"input {name} is {show_shape(own)}: a size is open, and an engine is built for a range of sizes",
            hint=f"add --min, --opt and --max {name}={'x'.join('N' if s < 0 else str(s) for s in own)}",
        )
    if not all(a <= b <= c for a, b, c in zip(least, best, most, strict=True)):
        raise UsageError(
            f"input {name}: the shapes {show_shape(least)}, {show_shape(best)} and {show_shape(most)} do not grow",
            hint="give sizes so that --min is at most --opt, and --opt at most --max",
        )
    return Profile(name=name, least=least, best=best, most=most)


def _check(what: str, shape: Shape, own: Shape, batch: int) -> None:
    if len(shape) != len(own) or any(a not in (-1, b) for a, b in zip(own, shape, strict=True)):
        raise UsageError(f"{what}: the input is {show_shape(own)}", hint="give complete shapes, with the batch")
    if batch and shape[0] < batch:
        raise UsageError(
            f"{what}: its batch of {shape[0]} is under max_batch_size, {batch}",
            hint="raise it, or lower max_batch_size",
        )


def _narrowed(own: Shape, configured: Shape | None, batch: int) -> Shape:
    """The model's shape with sizes that the config fixes."""
    rest = own[1:] if batch else own
    if configured is not None and len(configured) == len(rest):
        rest = tuple(b if a < 0 else a for a, b in zip(rest, configured, strict=True))
    return (own[0], *rest) if batch else rest


def _filled(shape: Shape, batch: int) -> Shape | None:
    """The shape at that batch; ``None`` where another size is open, too."""
    if -1 in shape[1:]:
        return None
    return (batch if shape[0] < 0 else shape[0], *shape[1:])
