"""What to do about a node for which ONNX Runtime has no kernel: another type, another opset, or a newer release."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.signature.onnx.kernels import node, table
from triton_kit.signature.onnx.nodes import operator_at, versions_of
from triton_kit.signature.onnx.types import Kind, element_name, outcome

_WIDER = {
    2: (5, 6, 12, 7, 1), 3: (5, 6, 7, 1), 4: (6, 12, 7, 1), 5: (6, 7, 1), 6: (7, 1, 11), 7: (6, 11, 1), 9: (6, 2, 1),
    10: (1,), 11: (1,), 12: (7, 13, 6, 1), 13: (7, 12, 1), 16: (1, 10), 17: (1,), 18: (1,), 19: (1,), 20: (1,),
    21: (2, 6), 22: (3, 6), 23: (1,), 24: (1,), 25: (2, 6), 26: (3, 6),
}  # fmt: skip
"""For each element type those that come nearest, the best first."""


def remedies(kind: Kind, at: int, newest_opset: int) -> Iterator[str]:
    """What would help, each as an imperative; ``at`` is the ONNX Runtime, ``newest_opset`` the newest that it reads."""
    swap = _other_type(kind, at)
    if swap:
        have, take = swap
        yield f"cast {element_name(have)} to {element_name(take)} before it"
    opset = _other_opset(kind, at, newest_opset)
    if opset:
        yield f"export the model with opset {opset}"
    later = next((i for i in range(at + 1, len(table().since)) if _has(kind, i)), None)
    if later is not None:
        year, month = table().since[later]
        yield f"serve it with {year}.{month:02} or later"


def _other_type(kind: Kind, at: int) -> tuple[int, int] | None:
    """An element type that it takes, and the nearest one for which there is a kernel."""
    domain, version, operator, taken, made = kind
    for have in dict.fromkeys(filter(None, taken)):
        for take in _WIDER.get(have, ()):
            swapped = tuple(take if element == have else element for element in taken)
            would, complaint = outcome(domain, version, operator, swapped, len(made), 0)
            if complaint is None and _has((domain, version, operator, swapped, would or made), at):
                return have, take
    return None


def _other_opset(kind: Kind, at: int, newest: int) -> int | None:
    """The nearest opset, a newer one first, in which there is a kernel for the same types."""
    domain, version, operator, taken, made = kind
    if domain:
        return None
    newer = [one.since for one in versions_of(domain, operator) if version < one.since <= newest]
    older = [one.since - 1 for one in reversed(versions_of(domain, operator)) if 7 < one.since <= version]
    for opset in (*newer, *older):
        if operator_at(domain, operator, opset) is None:
            continue
        complaint = outcome(domain, opset, operator, taken, len(made), 0)[1]
        if complaint is None and _has((domain, opset, operator, taken, made), at):
            return opset
    return None


def _has(kind: Kind, at: int) -> bool:
    found = node(kind)
    return found is not None and found.has_kernel(at)
