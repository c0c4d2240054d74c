"""Element types on their way through an ONNX graph: where two that meet contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from triton_kit.signature.onnx.nodes import Node, operator_at

_NAMES = (
    "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16", "DOUBLE",
    "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2",
    "FLOAT8E5M2FNUZ", "UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2",
)  # fmt: skip
"""``TensorProto.DataType`` by number (onnx.proto)."""

Kind: TypeAlias = "tuple[str, int, str, tuple[int, ...], tuple[int, ...]]"
"""What a node asks of ONNX Runtime: domain, its version, operator, and the elements that it takes and makes."""

FLOAT, UINT8, INT32, INT64, STRING = 1, 2, 6, 7, 8

TELLING = frozenset(
    (
        "Bernoulli", "BlackmanWindow", "Cast", "Constant", "ConstantOfShape", "DequantizeLinear", "EyeLike",
        "HammingWindow", "HannWindow", "MelWeightMatrix", "Multinomial", "QuantizeLinear", "RandomNormal",
        "RandomNormalLike", "RandomUniform", "RandomUniformLike",
    )
)  # fmt: skip
"""Operators with an attribute that says which element type they make."""

_LIKE_INPUT = ("Bernoulli", "EyeLike", "RandomNormalLike", "RandomUniformLike")
"""Those of them that make what they take where it says nothing."""

_UNTOLD = {
    "BlackmanWindow": FLOAT, "ConstantOfShape": FLOAT, "HammingWindow": FLOAT, "HannWindow": FLOAT,
    "MelWeightMatrix": FLOAT, "Multinomial": INT32, "QuantizeLinear": UINT8, "RandomNormal": FLOAT,
    "RandomUniform": FLOAT,
}  # fmt: skip
"""What the others make then."""

_PLAIN = frozenset(
    (
        "Abs", "Add", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "ConstantOfShape", "Conv",
        "ConvTranspose", "Cos", "Div", "Elu", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "Gemm",
        "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "Identity", "InstanceNormalization", "LeakyRelu", "Log",
        "LogSoftmax", "MatMul", "MaxPool", "Mul", "Neg", "NonZero", "Pad", "Pow", "Reciprocal", "ReduceMax",
        "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Shape", "Sigmoid", "Sin", "Slice", "Softmax",
        "Softplus", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Transpose", "Unsqueeze",
    )
)  # fmt: skip
"""Operators that every ONNX Runtime has for 32-bit floats and 64-bit integers (kernels.txt), from opset 7 on."""

_FLOATS_ONLY = frozenset(("Erf", "Gemm", "ReduceMean", "Relu"))
"""Those of them that some have for floats only."""

_MOVES = frozenset(
    (
        "Cast", "Concat", "Flatten", "Gather", "Identity", "Reshape", "Shape", "Slice", "Split", "Squeeze", "Transpose",
        "Unsqueeze",
    )
)  # fmt: skip
"""Those of them that every ONNX Runtime has for whatever Triton can serve."""

_PLAIN_SINCE, _FLOATS, _PLAIN_ELEMENTS = 7, frozenset((0, FLOAT)), frozenset((0, FLOAT, INT64))
_SERVED = frozenset((*range(14), 16))

_GONE_BEFORE = ("Constant", "Dropout", "SequenceMap")
"""Operators that are gone before kernels are looked for: constants, what does nothing, loops that are written out."""


_MOST_KINDS = 10_000
_MADE: dict[tuple[str, int, str, tuple[int, ...], int, int], tuple[tuple[int, ...], bool]] = {}
"""What nodes make, and whether they are plain, by operator and what they take: graphs have thousands of nodes, of a few
kinds."""


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
    nodes: Sequence[Node],
    versions: Mapping[str, int],
    elements: dict[str, int],
    declared: Mapping[str, int],
    kinds: dict[Kind, Node],
) -> Iterator[str]:
    """What ONNX Runtime refuses for its types (graph.cc:InferAndVerifyTypeMatch), each in words.

    ``nodes`` are in order; ``elements`` are the element types of inputs and initializers, and grow with what the
    nodes make; ``declared`` are those that the graph's outputs are said to have. ``kinds`` becomes the kinds of nodes
    that not every ONNX Runtime is known to have kernels for, each with the first such node.
    """
    for node in nodes:
        domain, operator, outputs = node.domain, node.operator, node.outputs
        taken = tuple([elements.get(name, 0) for name in node.inputs])
        kind = (domain, versions.get(domain, 0), operator, taken, len(outputs), node.told)
        known = _MADE.get(kind)
        if known is None:
            made, complaint = outcome(*kind)
            plain = is_plain(domain, kind[1], operator, taken, made)
            if complaint:
                at, words = complaint
                yield f"{node.title} {words}" if at < 0 else f"{node.title} takes '{node.inputs[at]}', {words}"
            elif len(_MADE) < _MOST_KINDS:
                _MADE[kind] = made, plain
        else:
            made, plain = known
        if not plain:
            shown = made or (0,) * len(outputs)
            shown = tuple([one or declared.get(name, 0) for one, name in zip(shown, outputs, strict=False)])
            kinds.setdefault((domain, kind[1], operator, taken, shown), node)
        for name, element in zip(outputs, made, strict=False):
            if element and name:
                elements[name] = element
                wanted = declared.get(name)
                if wanted and wanted != element:
                    declaration = f"the output '{name}' is declared as {element_name(wanted)}"
                    yield f"{declaration}, and {node.title} makes {element_name(element)}"


def outcome(
    domain: str, version: int, operator: str, taken: tuple[int, ...], outputs: int, told: int
) -> tuple[tuple[int, ...], tuple[int, str] | None]:
    """The elements that a node makes, 0 where unknown, out of those it takes; and which input it refuses, and why."""
    row = operator_at(domain, operator, version)
    if row is None:
        return (), None
    found = parameters(row.types)
    bound: dict[str, int] = {}
    for at, parameter in enumerate(stretched(found.inputs, found.many_inputs, len(taken))[: len(taken)]):
        element = taken[at]
        if not element or not parameter:
            continue
        allowed = found.allowed.get(parameter)
        if allowed is not None and element not in allowed:
            return (), (at, f"{element_name(element)}, and its operator does not take that type")
        if bound.setdefault(parameter, element) != element:
            return (), (
                at,
                f"{element_name(element)}, beside {element_name(bound[parameter])}, where one type is required",
            )
    made = stretched(found.outputs, found.many_outputs, outputs)
    if made and operator in TELLING:
        element = told or _untold(operator, taken, bound.get(made[0]) or _only(found.allowed.get(made[0])))
        allowed = found.allowed.get(made[0])
        if told and allowed is not None and element not in allowed:
            return (), (-1, f"makes {element_name(element)}, and its operator does not make that type")
        return (element,) * outputs, None
    return tuple(bound.get(p) or _only(found.allowed.get(p)) for p in made[:outputs]), None


def is_plain(domain: str, version: int, operator: str, taken: Sequence[int], made: Sequence[int]) -> bool:
    """Whether every ONNX Runtime has a kernel for it, or needs none."""
    if domain:
        return False
    if operator in _GONE_BEFORE:
        return True
    if operator not in _PLAIN or version < _PLAIN_SINCE:
        return False
    elements = _SERVED if operator in _MOVES else _FLOATS if operator in _FLOATS_ONLY else _PLAIN_ELEMENTS
    return elements.issuperset(taken) and elements.issuperset(made)


def _untold(operator: str, taken: Sequence[int], bound: int) -> int:
    """What an operator makes whose attribute does not say it."""
    if operator in _LIKE_INPUT:
        return taken[0] if taken else 0
    return bound or _UNTOLD.get(operator, 0)


def stretched(parameters: tuple[str, ...], many: bool, length: int) -> tuple[str, ...]:
    """The parameters of one side, as many as there are values where the last stands for all that follow."""
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


def element_name(element: int) -> str:
    """ONNX's name of an element type."""
    return _NAMES[element] if element < len(_NAMES) else f"element type {element}"
