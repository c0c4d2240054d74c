"""Whether an answer is the expected one, and where it is not: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from triton_kit.repository.tensor import show_shape

if TYPE_CHECKING:
    from triton_kit.client.types import Array, InferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far a number may be off: by ``atol``, and by ``rtol`` times the expected one (as numpy.isclose)."""

    rtol: float
    atol: float


EXACT = Tolerance(rtol=0.0, atol=0.0)

_USUAL = {
    "FP64": Tolerance(rtol=1e-7, atol=1e-9),
    "FP32": Tolerance(rtol=1e-4, atol=1e-5),
    "FP16": Tolerance(rtol=1e-2, atol=1e-3),
    "BF16": Tolerance(rtol=2e-2, atol=1e-2),
}


def usual(datatype: str) -> Tolerance:
    """The tolerance of a data type unless told otherwise: some digits for floats, none for all else."""
    return _USUAL.get(datatype, EXACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An output as it is to be; without a ``datatype`` any is right, without a ``tolerance`` the usual one holds.

    Where ``shaped`` is false the shape was not given: the values count, in their order.
    """

    array: Array
    datatype: str | None = None
    tolerance: Tolerance | None = None
    shaped: bool = True


Kind = Literal["missing", "extra", "datatype", "shape", "values", "responses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is wrong with an output.

    For ``values``: ``index`` is where the worst element is, the first one of several; ``wrong`` of ``total`` elements
    are out of tolerance; ``max_abs`` and ``max_rel`` are the largest finite errors of all, ``None`` where none is.
    ``request`` and ``response`` count from 0, in a sequence and in a stream. The kind ``responses`` is about their
    number, and ``output`` is empty then.
    """

    output: str
    kind: Kind
    message: str
    index: tuple[int, ...] = ()
    expected: object = None
    got: object = None
    wrong: int = 0
    total: int = 0
    max_abs: float | None = None
    max_rel: float | None = None
    request: int = 0
    response: int = 0


def compare_responses(
    expected: Sequence[Mapping[str, Expected]],
    results: Sequence[InferResult],
    *,
    partial: bool = False,
    streamed: bool = False,
    request: int | None = None,
) -> list[Difference]:
    """What differs in the responses to a request, which is the number ``request`` of a sequence where there is one."""
    where = "" if request is None else f"request {request + 1}: "
    found = []
    if len(results) != len(expected):
        count = f"{len(results)} response{'' if len(results) == 1 else 's'}, expected {len(expected)}"
        found.append(
            Difference(
                output="",
                kind="responses",
                message=where + count,
                request=request or 0,
                expected=len(expected),
                got=len(results),
            )
        )
    for number, (wanted, result) in enumerate(zip(expected, results, strict=False)):
        place = where + (f"response {number + 1}: " if streamed else "")
        found += (
            replace(one, message=place + one.message, request=request or 0, response=number)
            for one in compare_outputs(wanted, result, partial=partial)
        )
    return found


def compare_outputs(
    expected: Mapping[str, Expected], result: InferResult, *, partial: bool = False
) -> list[Difference]:
    """What differs, output by output; outputs that nobody expects are wrong, too, unless it is ``partial``."""
    found = []
    for name, wanted in expected.items():
        if name not in result.outputs:
            there = ", ".join(result.outputs) or "none"
            message = f"{name} is missing; the outputs are: {there}"
            found.append(Difference(output=name, kind="missing", message=message))
        elif (one := compare(name, wanted, result.outputs[name], result.datatypes[name])) is not None:
            found.append(one)
    more = [] if partial else [name for name in result.outputs if name not in expected]
    return [*found, *(Difference(output=n, kind="extra", message=f"{n} is not expected") for n in more)]


def compare(name: str, wanted: Expected, got: Array, datatype: str) -> Difference | None:
    """What is wrong with one output, ``None`` for nothing. NaN equals NaN, and an infinity itself."""
    if wanted.datatype not in (None, datatype):
        message = f"{name} is {datatype}, expected {wanted.datatype}"
        return Difference(output=name, kind="datatype", message=message, expected=wanted.datatype, got=datatype)
    array = wanted.array
    if array.shape != got.shape and not (not wanted.shaped and array.size == got.size):
        shapes = show_shape(got.shape), show_shape(array.shape)
        message = f"{name} has the shape {shapes[0]}, expected {shapes[1]}"
        return Difference(output=name, kind="shape", message=message, expected=list(array.shape), got=list(got.shape))
    return _compare_values(name, array.reshape(got.shape), got, wanted.tolerance or usual(datatype))


def _compare_values(name: str, expected: Array, got: Array, tolerance: Tolerance) -> Difference | None:
    import numpy as np

    if "O" in (expected.dtype.kind, got.dtype.kind):
        wrong = np.array([a != b for a, b in zip(expected.ravel(), got.ravel(), strict=True)], dtype=bool)
        return _difference(name, expected, got, wrong, wrong.astype(float), None, None, EXACT)
    one, other = expected.astype(np.float64), got.astype(np.float64)
    with np.errstate(all="ignore"):
        delta = np.abs(other - one)
        limit = tolerance.atol + tolerance.rtol * np.abs(one)
        finite = np.isfinite(one) & np.isfinite(other)
        same = (expected == got) | (np.isnan(one) & np.isnan(other))
        wrong = ~same & ~(finite & (limit > 0) & (delta <= limit))
        excess = np.where(finite & (limit > 0), delta / limit, np.where(finite, delta, np.inf))
        relative = delta / np.abs(one)
    max_abs = float(delta[finite].max()) if finite.any() else None
    comparable = finite & (one != 0)
    max_rel = float(relative[comparable].max()) if comparable.any() else None
    return _difference(name, expected, got, wrong, excess, max_abs, max_rel, tolerance)


def _difference(
    name: str,
    expected: Array,
    got: Array,
    wrong: Array,
    excess: Array,
    max_abs: float | None,
    max_rel: float | None,
    tolerance: Tolerance,
) -> Difference | None:
    import numpy as np

    count = int(wrong.sum())
    if not count:
        return None
    worst = int(np.argmax(np.where(wrong.ravel(), excess.ravel(), -1.0)))
    index = tuple(int(i) for i in np.unravel_index(worst, expected.shape)) if expected.shape else ()
    one, other = expected.ravel()[worst], got.ravel()[worst]
    parts = [f"{count} of {expected.size} wrong"]
    if max_abs is not None and expected.dtype.kind not in "Ob":
        parts.append(f"max abs error {max_abs:.3g}")
        parts += [f"max rel error {max_rel:.3g}"] if max_rel is not None else []
        parts.append(f"rtol {tolerance.rtol:g}, atol {tolerance.atol:g}" if tolerance != EXACT else "exact")
    place = name + (f"[{', '.join(map(str, index))}]" if index else "")
    return Difference(
        output=name,
        kind="values",
        message=f"{place} is {_show(other)}, expected {_show(one)} ({'; '.join(parts)})",
        index=index,
        expected=one.item() if hasattr(one, "item") else one,
        got=other.item() if hasattr(other, "item") else other,
        wrong=count,
        total=int(expected.size),
        max_abs=max_abs,
        max_rel=max_rel,
    )


def _show(value: object) -> str:
    if isinstance(value, bytes):
        text = repr(value.decode("utf-8", "backslashreplace"))
        return text if len(text) <= 60 else f"{text[:59]}…"
    return str(value)
