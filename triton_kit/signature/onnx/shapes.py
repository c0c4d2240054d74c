"""Shapes on their way through the plainest operators of an ONNX graph: where two that meet contradict each other.

Whole shape inference is the onnx package's (``onnx_infer``), whose import costs more than most checks; this finds the
few graphs for which to ask it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TypeAlias

from triton_kit.repository.tensor import Dim
from triton_kit.signature.onnx.nodes import Node

Shape: TypeAlias = "tuple[Dim, ...]"

_BROADCASTS_SINCE = 7
"""The opset from which binary operators broadcast by themselves (ONNX changelog)."""

_SAME = frozenset(
    (
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "Cast", "Ceil", "Celu",
        "Clip", "Cos", "Cosh", "CumSum", "Dropout", "Elu", "Erf", "Exp", "Floor", "Gelu", "Hardmax", "HardSigmoid",
        "HardSwish", "Identity", "IsInf", "IsNaN", "LayerNormalization", "LeakyRelu", "Log", "LogSoftmax", "LRN",
        "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax",
        "Softplus", "Softsign", "Sqrt", "Tan", "Tanh", "ThresholdedRelu",
    )
)  # fmt: skip
"""Operators whose first output has the shape of their first input."""

_PASSED_ON = frozenset(("Cast", "Identity", "Squeeze", "Unsqueeze"))
"""Operators that make of sizes nothing but the same sizes."""

_SHAPES = {"ConstantOfShape": 0, "Expand": 1, "Reshape": 1}
"""Operators that take a shape, and which of their inputs it is."""

_BATCHED = frozenset(
    (
        "AveragePool", "Conv", "ConvTranspose", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "GlobalMaxPool",
        "LpPool", "MaxPool",
    )
)  # fmt: skip
"""Operators whose first output has the first size of an input for its own."""

_BROADCAST = frozenset(
    (
        "Add", "And", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual", "Less",
        "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor",
    )
)  # fmt: skip
"""Operators whose inputs are broadcast to one shape, that of their output."""


def shape_faults(nodes: Sequence[Node], version: int, shapes: dict[str, Shape]) -> Iterator[str]:
    """What ONNX Runtime refuses for its shapes (``ShapeInferenceError``), each in words.

    ``nodes`` are in order; ``shapes`` are those of inputs and initializers, and grow with what the nodes make.
    ``version`` is the opset of the default domain.
    """
    if version < _BROADCASTS_SINCE:
        return
    for node in nodes:
        if node.domain or not node.outputs or not node.inputs:
            continue
        taken = [shapes.get(name) for name in node.inputs]
        made: Shape | None = None
        if node.operator in _SAME:
            made = taken[0]
        elif node.operator in _BATCHED:
            made = _batched(node, taken)
        elif node.operator in _BROADCAST or node.operator == "MatMul":
            known = [shape for shape in taken if shape is not None]
            if len(known) < len(taken):
                continue
            made = _product(known) if node.operator == "MatMul" else _broadcast(known)
            if made is None:
                shapes_text = " and ".join(map(_text, known))
                yield f"{node.title} takes shapes that do not fit together, {shapes_text}"
        if made:
            shapes[node.outputs[0]] = made


def doubtful(
    nodes: Sequence[Node], declared: Mapping[str, Shape], shapes: dict[str, Shape], lost: Set[str]
) -> set[str]:
    """The outputs declared with a size of an input, by its name, of which the nodes do not show that it is one.

    ``shapes`` are those that ``shape_faults`` leaves, and grow: what is broadcast with a shape that is not known has
    most probably the one that is. Of what is ``lost`` nobody infers more than the file declares.
    """
    given = {dim for shape in shapes.values() for dim in shape if isinstance(dim, str)}
    wanted = {name: shape for name, shape in declared.items() if name not in lost and not given.isdisjoint(shape)}
    if all(_confirmed(shape, shapes.get(name), given) for name, shape in wanted.items()):
        return set()
    for node in nodes:
        if node.domain or not node.outputs or not node.inputs or node.outputs[0] in shapes:
            continue
        taken = [shapes.get(name) for name in node.inputs]
        made: Shape | None = None
        if node.operator in _SAME:
            made = taken[0]
        elif node.operator == "Flatten" and taken[0]:
            # The axis is not read; that of all exporters keeps the batch.
            made = (taken[0][0], None)
        elif node.operator in _BATCHED:
            made = _batched(node, taken)
        elif node.operator in _BROADCAST:
            made = max((shape for shape in taken if shape and not given.isdisjoint(shape)), key=len, default=None)
        elif node.operator == "MatMul" and taken[0] and len(taken[0]) > 1:
            made = (*taken[0][:-1], None)
        if made:
            shapes[node.outputs[0]] = made
    return {name for name, shape in wanted.items() if not _confirmed(shape, shapes.get(name), given)}


def _confirmed(declared: Shape, made: Shape | None, given: set[str]) -> bool:
    """Whether the sizes that are declared by the name of an input's are those of the shape that is made."""
    if made is None or len(made) != len(declared):
        return False
    return all(size not in given or size == own for size, own in zip(declared, made, strict=True))


def _batched(node: Node, taken: Sequence[Shape | None]) -> Shape | None:
    """What is known of the output of one of ``_BATCHED``, where no attribute has a say in it."""
    first, second = taken[0], taken[1] if len(taken) > 1 else None
    if not first:
        return None
    match node.operator:
        case "Gather":
            return (*second, *first[1:]) if second is not None and "axis" not in node.attributes else None
        case "Flatten":
            return (first[0], None) if "axis" not in node.attributes else None
        case "Gemm":
            known = second is not None and len(second) == 2 and "transB" not in node.attributes
            width = second[1] if second is not None and known else None
            return (first[0], width) if len(first) == 2 and "transA" not in node.attributes else None
        case "Conv":
            return (first[0], second[0] if second else None, *(None for _ in first[2:])) if len(first) > 2 else None
        case "ConvTranspose":
            return (first[0], *(None for _ in first[1:]))
    return (*first[:2], *(None for _ in first[2:])) if len(first) > 2 else None


def unforeseeable(nodes: Sequence[Node]) -> set[str]:
    """Values whose sizes are found in a request's values (NonZero), so that nobody infers them.

    ``nodes`` are in order.
    """
    sizes: set[str] = set()
    values: set[str] = set()
    for node in nodes:
        taken = node.inputs[0] if node.inputs else ""
        if node.operator == "NonZero" or (node.operator in _PASSED_ON and taken in sizes):
            sizes.update(node.outputs)
        shaped = node.operator == "Reshape" and len(node.inputs) > 1 and node.inputs[1] in sizes
        if shaped or (node.operator in _SAME and taken in values):
            values.update(node.outputs)
    return values


def shaping(nodes: Sequence[Node]) -> set[str]:
    """The values of which a node makes a shape as they are."""
    return {
        node.inputs[at]
        for node in nodes
        if not node.domain and (at := _SHAPES.get(node.operator, -1)) >= 0 and len(node.inputs) > at
    }


def contradicted(declared: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> set[str]:
    """The outputs whose declared shape is not the one that their graph makes."""
    found = set()
    for name, shape in declared.items():
        made = shapes.get(name)
        if made is not None and (len(made) != len(shape) or any(map(_differ, shape, made))):
            found.add(name)
    return found


def _differ(a: Dim, b: Dim) -> bool:
    return isinstance(a, int) and isinstance(b, int) and a != b


def _broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """The common shape, by numpy's rule; ``None`` where there is none."""
    rank = max(map(len, shapes))
    made: list[Dim] = []
    for at in range(-rank, 0):
        dims = {shape[at] for shape in shapes if len(shape) >= -at} - {1}
        sizes = {dim for dim in dims if isinstance(dim, int)}
        if len(sizes) > 1:
            return None
        made.append(sizes.pop() if sizes else dims.pop() if len(dims) == 1 else None if dims else 1)
    return tuple(made)


def _product(shapes: Sequence[Shape]) -> Shape | None:
    """The shape of a product of matrices; empty where one is not a matrix, ``None`` where they do not fit."""
    if len(shapes) != 2 or min(map(len, shapes)) < 2:
        return ()
    left, right = shapes
    stack = _broadcast((left[:-2], right[:-2])) if len(left) + len(right) > 4 else ()
    if _differ(left[-1], right[-2]) or stack is None:
        return None
    return (*stack, left[-2], right[-1])


def _text(shape: Shape) -> str:
    return f"[{', '.join('?' if dim is None else str(dim) for dim in shape)}]"
