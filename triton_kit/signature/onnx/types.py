"""Element types on their way through an ONNX graph: where two that meet contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from triton_kit.signature.onnx.nodes import Node, operator_at

_NAMES = (
    "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16", "DOUBLE",
    "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16",
)  # fmt: skip
"""``TensorProto.DataType`` by number (onnx.proto), as far as Triton has a counterpart."""


_MOST_KINDS = 10_000
_MADE: dict[tuple[str, int, str, tuple[int, ...], int], tuple[int, ...]] = {}
"""What nodes make, by operator and what they take: graphs have thousands of nodes, of a few kinds."""


class Parameters(NamedTuple):
    """The type parameters of an operator's inputs and outputs, and the elements that each may be.

    A parameter that is not in ``allowed`` may be anything; an empty one binds nothing. The last of a side stands for
    all that follow where ``many`` of that side is true.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    many_inputs: bool
    many_outputs: bool
    allowed: Mapping[str, frozenset[int]]


def type_faults(
    nodes: Sequence[Node], versions: Mapping[str, int], elements: dict[str, int], declared: Mapping[str, int]
) -> Iterator[str]:
    """What ONNX Runtime refuses for its types (graph.cc:InferAndVerifyTypeMatch), each in words.

    ``nodes`` are in order; ``elements`` are the element types of inputs and initializers, and grow with what the
    nodes make; ``declared`` are those that the graph's outputs are said to have.
    """
    for node in nodes:
        domain, operator, outputs = node.domain, node.operator, node.outputs
        taken = tuple([elements.get(name, 0) for name in node.inputs])
        kind = (domain, versions.get(domain, 0), operator, taken, len(outputs))
        made = _MADE.get(kind)
        if made is None:
            made, complaint = _outcome(*kind)
            if complaint:
                at, words = complaint
                yield f"{node.title} takes '{node.inputs[at]}', {words}"
            elif len(_MADE) < _MOST_KINDS:
                _MADE[kind] = made
        for name, element in zip(outputs, made, strict=False):
            if element and name:
                elements[name] = element
                wanted = declared.get(name)
                if wanted and wanted != element:
                    yield f"the output '{name}' is declared as {_name(wanted)}, and {node.title} makes {_name(element)}"


def _outcome(
    domain: str, version: int, operator: str, taken: tuple[int, ...], outputs: int
) -> tuple[tuple[int, ...], tuple[int, str] | None]:
    """The elements that a node makes, 0 where unknown, out of those it takes; and which input it refuses, and why."""
    row = operator_at(domain, operator, version)
    if row is None:
        return (), None
    found = parameters(row.types)
    bound: dict[str, int] = {}
    for at, parameter in enumerate(_stretched(found.inputs, found.many_inputs, len(taken))[: len(taken)]):
        element = taken[at]
        if not element or not parameter:
            continue
        allowed = found.allowed.get(parameter)
        if allowed is not None and element not in allowed:
            return (), (at, f"{_name(element)}, and its operator does not take that type")
        if bound.setdefault(parameter, element) != element:
            return (), (at, f"{_name(element)}, beside {_name(bound[parameter])}, where one type is required")
    made = _stretched(found.outputs, found.many_outputs, outputs)
    return tuple(bound.get(p) or _only(found.allowed.get(p)) for p in made[:outputs]), None


def _stretched(parameters: tuple[str, ...], many: bool, length: int) -> tuple[str, ...]:
    return parameters + parameters[-1:] * (length - len(parameters)) if many else parameters


def _only(elements: frozenset[int] | None) -> int:
    """The element type where there is no choice, otherwise 0."""
    return next(iter(elements)) if elements is not None and len(elements) == 1 else 0


@cache
def parameters(row: str) -> Parameters:
    """The type parameters out of the last column of the table of operators; see scripts/make_onnx_operators.py."""
    sides, *sets = row.split(";")
    allowed = {
        name: frozenset(ord(letter) - 96 for letter in letters) for name, _, letters in (s.partition("=") for s in sets)
    }
    read = []
    for side in sides.split(">"):
        words = side.split(",") if side else []
        for word in words:
            if word.startswith("="):
                allowed[word.rstrip("*")] = frozenset(ord(letter) - 96 for letter in word[1:].rstrip("*"))
        read.append((tuple("" if w[0] == "?" else w.rstrip("*") for w in words), side.endswith("*")))
    (inputs, many_inputs), (outputs, many_outputs) = read
    return Parameters(inputs, outputs, many_inputs, many_outputs, allowed)


def _name(element: int) -> str:
    return _NAMES[element] if element < len(_NAMES) else f"element type {element}"
