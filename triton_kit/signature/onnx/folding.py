"""What ONNX Runtime works out of a graph before it infers shapes: the constants, and the plainest of computed shapes.

Its optimizer does both at load, at every level but the lowest, and what is inferred afterwards is what a session
reports (onnxruntime core/optimizer, constant_folding.cc and reshape_fusion.cc).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triton_kit.signature.onnx.inlining import inline

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

_KEPT = 1024
"""Bytes up to which a tensor is worked with: shapes, axes and the like are small."""
_MOST_ELEMENTS = 256
_MOST_NODES = 20_000
_ROUNDS = 10
"""As many as ONNX Runtime's optimizer takes."""

_RANDOM = frozenset(("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial"))
_BEYOND = ("Sequence", "SplitToSequence", "ConcatFromSequence", "Optional")
"""Operators behind which ONNX Runtime infers no shapes, and the onnx package does."""

Shapes = dict[str, tuple["int | None", ...]]


def infer_folded(model: ModelProto, *, folded: bool = True) -> GraphProto:
    """The graph with the shapes that ONNX Runtime infers. ``model`` is changed, and its weights may be missing.

    Without ``folded`` it is what a session infers that optimizes nothing. Raises what the onnx package raises.
    """
    from onnx import shape_inference

    _part_constants(model)
    for node in model.graph.node:
        if node.op_type.startswith(_BEYOND):
            node.domain = "beyond"
    found: GraphProto = shape_inference.infer_shapes(model).graph
    if not folded or len(model.graph.node) > _MOST_NODES:
        return found
    measured: set[str] = set()
    for _ in range(_ROUNDS):
        if not _Folder(model, _shapes(found), measured).fold():
            break
        found = shape_inference.infer_shapes(model).graph
    return found


def drop_weights(graph: GraphProto) -> None:
    """Take the values of all but small tensors out of the graph, which leaves their shapes."""
    for tensor in graph.initializer:
        if tensor.ByteSize() > _KEPT:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(field)


def _part_constants(model: ModelProto) -> None:
    """Let initializers be constants, and nothing else.

    From IR version 4 on, one that is an input as well is only a default; before, every one had to be an input too.
    """
    graph = model.graph
    initializers = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name in initializers]
    if model.ir_version < 4:
        kept = [value for value in graph.input if value.name not in initializers]
        del graph.input[:]
        graph.input.extend(kept)
        model.ir_version = 4
    elif inputs:
        names = {value.name for value in inputs}
        constants = [tensor for tensor in graph.initializer if tensor.name not in names]
        del graph.initializer[:]
        graph.initializer.extend(constants)


def _shapes(graph: GraphProto) -> Shapes:
    """The shapes of inputs and of what was inferred, ``None`` for a size that is not fixed."""
    found: Shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info):
        if value.type.WhichOneof("value") == "tensor_type" and value.type.tensor_type.HasField("shape"):
            found[value.name] = tuple(
                dim.dim_value if dim.WhichOneof("value") == "dim_value" else None
                for dim in value.type.tensor_type.shape.dim
            )
    return found


class _Folder:
    """One round over the nodes of a graph; ``measured`` are constants that come of the shape of a value."""

    def __init__(self, model: ModelProto, shapes: Shapes, measured: set[str]) -> None:
        self.model = model
        self.shapes = shapes
        self.measured = measured
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer if _has_values(tensor)}
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.outputs = {value.name for value in model.graph.output}

    def fold(self) -> bool:
        """Replace the nodes that can be by their values; whether there were any."""
        graph = self.model.graph
        kept: list[NodeProto] = []
        changed = False
        for node in graph.node:
            if (branch := self._branch(node)) is not None:
                kept += branch
                changed = True
                continue
            values = None if self.outputs.intersection(node.output) else self._values(node)
            if values is None:
                kept.append(node)
                changed |= self._settle_reshape(node)
                continue
            changed = True
            if node.op_type == "Shape" or not self.measured.isdisjoint(node.input):
                self.measured.update(node.output)
            for tensor in values:
                self.constants[tensor.name] = tensor
                graph.initializer.append(tensor)
        kept = [_copy(node) for node in kept] if changed else kept
        if changed:
            del graph.node[:]
            graph.node.extend(kept)
        return changed

    def _branch(self, node: NodeProto) -> list[NodeProto] | None:
        """The nodes of the branch that an If takes in any case, but not for a shape: ONNX Runtime leaves such a one."""
        if node.op_type != "If" or node.domain not in ("", "ai.onnx") or node.input[0] in self.measured:
            return None
        condition = self._known(node.input[0])
        found = inline(node, bool(condition[0])) if condition else None
        if found is None:
            return None
        nodes, constants = found
        self.model.graph.initializer.extend(constants)
        self.constants.update({tensor.name: tensor for tensor in constants if _has_values(tensor)})
        return nodes

    def _values(self, node: NodeProto) -> list[TensorProto] | None:
        """The outputs of a node that depends on nothing but constants, or on a shape that is fixed."""
        if node.domain not in ("", "ai.onnx") or node.op_type in _RANDOM or any(a.g.node for a in node.attribute):
            return None
        if node.op_type == "Shape":
            return self._shape_values(node)
        if not all(name in self.constants for name in node.input if name):
            return None
        for name in node.output:
            if not _is_small(self.shapes.get(name)):
                return None
        return self._run(node)

    def _shape_values(self, node: NodeProto) -> list[TensorProto] | None:
        from onnx import TensorProto, helper

        shape = self.shapes.get(node.input[0])
        if shape is None:
            return None
        part = shape[slice(_integer(node, "start", 0), _integer(node, "end", len(shape)))]
        sizes = [size for size in part if size is not None]
        if len(sizes) < len(part):
            return None
        return [helper.make_tensor(node.output[0], TensorProto.INT64, [len(sizes)], sizes)]

    def _run(self, node: NodeProto) -> list[TensorProto] | None:
        """What the reference implementation of the operator gives; ``None`` where it has none, or fails."""
        import numpy
        from onnx import ValueInfoProto, helper, numpy_helper
        from onnx.reference import ReferenceEvaluator

        names = [name for name in node.output if name]
        taken = [self.constants[name] for name in dict.fromkeys(node.input) if name]
        graph = helper.make_graph([node], "one", [], [ValueInfoProto(name=name) for name in names], taken)
        one = helper.make_model(graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version)
        try:
            with numpy.errstate(all="ignore"):
                results: list[Any] = ReferenceEvaluator(one).run(None, {})
            if any(numpy.size(result) > _MOST_ELEMENTS for result in results):
                return None
            return [numpy_helper.from_array(numpy.asarray(r), n) for n, r in zip(names, results, strict=True)]
        except Exception:  # the operators raise what they like, and a node that stays is a fine answer
            return None

    def _settle_reshape(self, node: NodeProto) -> bool:
        """Write the shape of a Reshape that is put together of known sizes and of sizes of what it reshapes."""
        from onnx import TensorProto, helper

        if node.op_type != "Reshape" or node.domain not in ("", "ai.onnx") or len(node.input) < 2:
            return False
        joined = self.makers.get(node.input[1])
        if joined is None or joined.op_type != "Concat" or node.input[1] in self.constants:
            return False
        sizes: list[int] = []
        for name in joined.input:
            if (known := self._known(name)) is not None:
                sizes += known
            elif self._takes(name, node.input[0], len(sizes)):
                sizes.append(0)
            elif self.shapes.get(name) == (1,):
                sizes.append(-1)
            else:
                return False
        if sizes.count(-1) > 1:
            return False
        name = f"{node.output[0]}:shape"
        tensor = helper.make_tensor(name, TensorProto.INT64, [len(sizes)], sizes)
        self.constants[name] = tensor
        self.model.graph.initializer.append(tensor)
        node.input[1] = name
        return True

    def _known(self, name: str) -> list[int] | None:
        from onnx import numpy_helper

        tensor = self.constants.get(name)
        return None if tensor is None else [int(size) for size in numpy_helper.to_array(tensor).ravel()]

    def _takes(self, name: str, root: str, at: int) -> bool:
        """Whether a value is the size of ``root`` at that place: Shape, Gather, Unsqueeze."""
        unsqueeze = self.makers.get(name)
        gather = self.makers.get(unsqueeze.input[0]) if unsqueeze and unsqueeze.op_type == "Unsqueeze" else None
        if gather is None or gather.op_type != "Gather":
            return False
        shape = self.makers.get(gather.input[0])
        return (
            shape is not None
            and shape.op_type == "Shape"
            and shape.input[0] == root
            and not shape.attribute
            and self._known(gather.input[1]) == [at]
        )


def _has_values(tensor: TensorProto) -> bool:
    if not _is_small(tuple(tensor.dims)) or tensor.data_location == 1:
        return False
    if not all(tensor.dims):
        return True
    fields = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    return any(len(getattr(tensor, field)) for field in fields)


def _is_small(shape: tuple[int | None, ...] | None) -> bool:
    """Whether no more than a few elements are there; what has no known shape is taken for it."""
    count = 1
    for size in shape or ():
        count *= 1 if size is None else size
    return count <= _MOST_ELEMENTS


def _integer(node: NodeProto, name: str, default: int) -> int:
    return next((int(a.i) for a in node.attribute if a.name == name), default)


def _copy(node: NodeProto) -> NodeProto:
    from onnx import NodeProto

    made = NodeProto()
    made.CopyFrom(node)
    return made
