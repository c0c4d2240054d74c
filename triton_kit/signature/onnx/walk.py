"""One pass over the messages of an ONNX file, going into those that are asked for."""

from __future__ import annotations

from triton_kit.repository.tensor import Dim
from triton_kit.signature.onnx.data import hold, misfit
from triton_kit.signature.onnx.model import ExternalData, Faults, OnnxModel
from triton_kit.signature.onnx.plain import plain_value
from triton_kit.signature.onnx.value_info import ValueInfo
from triton_kit.signature.types import Signature
from triton_kit.signature.wire import Wire, WireError, signed

_IO_KINDS = {10: "tensor", 34: "sequence", 42: "map", 58: "opaque", 66: "sparse_tensor", 74: "optional"}
"""The cases of ``TypeProto.value`` by tag (onnx-ml.proto)."""

_LOCATION = b"location"
"""The key that every reference to external data has; a node without these bytes has none (onnx.proto, TensorProto)."""

_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2}
"""The bytes of an element by ``TensorProto.DataType``, where it has whole ones and always as many."""

_NESTING = 30
"""Sub-graphs within sub-graphs; each takes three messages, and protobuf's own limit is 100."""

MODEL_TAGS = frozenset({8, 18, 26, 34, 40, 50, 58, 66, 114, 162, 202, 210})
"""The fields of ``ModelProto`` as they are on the wire."""


class Walk:
    """One pass over a file, collecting what is asked for; ``done`` is the byte behind the model's last whole field."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.seen = False
        self.graphs = 0
        self.done = 0
        self.ir_version = 0
        self.producer_name = ""
        self.producer_version = ""
        self.graph_name = ""
        self.opsets: list[tuple[str, int]] = []
        self.metadata: list[tuple[str, str]] = []
        self.functions: list[str] = []
        self.inputs: list[ValueInfo] = []
        self.outputs: list[ValueInfo] = []
        self.initializers: dict[str, tuple[int, tuple[int, ...]]] = {}
        self.misfits: dict[str, str] = {}
        self.external: list[ExternalData] = []
        self.nodes: list[tuple[int, int]] = []

    def model(self) -> None:
        """``ModelProto``."""
        wire = self.wire
        for tag, value, end in wire.fields(0, wire.size):
            if tag in MODEL_TAGS:
                self.seen = True
            match tag:
                case 8:
                    self.ir_version = signed(value)
                case 18:
                    self.producer_name = wire.text(value, end)
                case 26:
                    self.producer_version = wire.text(value, end)
                case 58:
                    self.graphs += 1
                    self._main_graph(value, end)
                case 66:
                    self.opsets.append(self._opset(value, end))
                case 114:
                    self.metadata.append(self._pair(value, end))
                case 202:
                    self._function(value, end)
            self.done = end

    def _main_graph(self, start: int, end: int) -> None:
        wire = self.wire
        external = wire.may_hold(_LOCATION, start, end)
        for tag, value, behind in wire.fields(start, end):
            match tag:
                case 10:
                    self.nodes.append((value, behind))
                    if external and wire.may_hold(_LOCATION, value, behind):
                        self._node(value, behind, 0)
                case 18:
                    self.graph_name = wire.text(value, behind)
                case 42:
                    name, element, dims = self._tensor(value, behind)
                    if self.initializers.setdefault(name, (element, dims)) != (element, dims):
                        self.misfits[name] = f"the initializer '{name}' is listed twice, and is not the same"
                case 90:
                    self.inputs.append(self._io(value, behind))
                case 98:
                    self.outputs.append(self._io(value, behind))
                case 122:
                    self.initializers[self._sparse(value, behind)] = 0, ()

    def _graph(self, start: int, end: int, depth: int) -> None:
        """A graph inside a node: only its external data are of interest."""
        if depth > _NESTING:
            raise WireError(f"graphs nested more than {_NESTING} deep", start)
        for tag, value, behind in self.wire.fields(start, end):
            if tag in {10, 42, 122} and self.wire.may_hold(_LOCATION, value, behind):
                if tag == 10:
                    self._node(value, behind, depth)
                elif tag == 42:
                    self._tensor(value, behind)
                else:
                    self._sparse(value, behind)

    def _node(self, start: int, end: int, depth: int) -> None:
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 42:
                self._attribute(value, behind, depth)

    def _attribute(self, start: int, end: int, depth: int) -> None:
        for tag, value, behind in self.wire.fields(start, end):
            if tag in {42, 82}:
                self._tensor(value, behind)
            elif tag in {50, 90}:
                self._graph(value, behind, depth + 1)
            elif tag in {178, 186}:
                self._sparse(value, behind)

    def _function(self, start: int, end: int) -> None:
        name = ""
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                name = self.wire.text(value, behind)
            elif tag == 58 and self.wire.may_hold(_LOCATION, value, behind):
                self._node(value, behind, 0)
            elif tag == 90 and self.wire.may_hold(_LOCATION, value, behind):
                self._attribute(value, behind, 0)
        self.functions.append(name)

    def _sparse(self, start: int, end: int) -> str:
        name = ""
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                name = self._tensor(value, behind)[0]
            elif tag == 18:
                self._tensor(value, behind)
        return name

    def _tensor(self, start: int, end: int) -> tuple[str, int, tuple[int, ...]]:
        """``TensorProto``: gives its name, element type and dims, notes where its data are if they are elsewhere."""
        name = ""
        element = 0
        dims: list[int] = []
        entries: dict[str, str] = {}
        held: dict[int, int | None] = {}
        external = False
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 66:
                name = self.wire.text(value, behind)
            elif tag == 8:
                dims.append(signed(value))
            elif tag == 10:
                dims += self._numbers(value, behind)
            elif tag == 16:
                element = value & 0xFFFF_FFFF
            elif tag == 106:
                key, text = self._pair(value, behind)
                entries[key] = text
            elif tag == 112:
                external = value == 1
            else:
                hold(held, self.wire, tag, value, behind)
        size = _size(element, dims)
        if external:
            self.external.append(_elsewhere(name, size, entries, start))
        elif fault := misfit(name, element, dims, size, held):
            self.misfits[name] = fault
        return name, element, tuple(dims)

    def _numbers(self, at: int, end: int) -> list[int]:
        """Packed numbers."""
        found = []
        while at < end:
            number, at = self.wire.number(at)
            found.append(signed(number))
        return found

    def _pair(self, start: int, end: int) -> tuple[str, str]:
        key = text = ""
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                key = self.wire.text(value, behind)
            elif tag == 18:
                text = self.wire.text(value, behind)
        return key, text

    def _opset(self, start: int, end: int) -> tuple[str, int]:
        domain, version = "", 0
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                domain = self.wire.text(value, behind)
            elif tag == 16:
                version = signed(value)
        return domain, version

    def _io(self, start: int, end: int) -> ValueInfo:
        """``ValueInfoProto``; repeated messages merge and of a choice the last one counts, as in protobuf."""
        io = ValueInfo()
        if plain := plain_value(self.wire.short(start, end)):
            io.kind = "tensor"
            io.name, io.element, io.dims = plain
            return io
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                io.name = self.wire.text(value, behind)
            elif tag == 18:
                for case, first, last in self.wire.fields(value, behind):
                    kind = _IO_KINDS.get(case)
                    if kind is None:
                        continue
                    if kind != io.kind:
                        io.kind, io.element, io.dims = kind, 0, None
                    if kind == "tensor":
                        self._tensor_type(io, first, last)
        return io

    def _tensor_type(self, io: ValueInfo, start: int, end: int) -> None:
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 8:
                io.element = value & 0xFFFF_FFFF
            elif tag == 18:
                if io.dims is None:
                    io.dims = []
                for inner, first, last in self.wire.fields(value, behind):
                    if inner == 10:
                        io.dims.append(self._dim(first, last))

    def _dim(self, start: int, end: int) -> Dim:
        dim: Dim = None
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 8:
                number = signed(value)
                dim = number if number >= 0 else None
            elif tag == 18:
                dim = self.wire.text(value, behind) or None
        return dim

    def result(self, found: Faults) -> OnnxModel:
        """What was collected, with inputs apart from initializers, and what was found in the graph."""
        required = [io for io in self.inputs if io.name not in self.initializers]
        overridable = [io for io in self.inputs if io.name in self.initializers] if self.ir_version >= 4 else []
        foreign = [io.foreign(False) for io in required] + [io.foreign(True) for io in self.outputs]
        return OnnxModel(
            signature=Signature(
                inputs=tuple(io.spec() for io in required), outputs=tuple(io.spec() for io in self.outputs)
            ),
            overridable=tuple(io.spec() for io in overridable),
            foreign_io=tuple(f for f in foreign if f),
            ir_version=self.ir_version,
            opsets=tuple(self.opsets),
            producer=(self.producer_name, self.producer_version),
            graph_name=self.graph_name,
            external_data=tuple(self.external),
            functions=tuple(self.functions),
            metadata=tuple(self.metadata),
            graphs=self.graphs,
            faults=found.faults,
            contradicted=found.contradicted,
            kinds=found.kinds,
            unforeseeable=found.unforeseeable,
            shaping=found.shaping,
            doubtful=found.doubtful,
        )


def _elsewhere(name: str, size: int | None, entries: dict[str, str], start: int) -> ExternalData:
    """Where the data of a tensor are that are not in the file."""
    length = entries.get("length")
    return ExternalData(
        location=entries.get("location", ""),
        offset=_number(entries.get("offset", "0"), start),
        length=None if length is None else _number(length, start),
        tensor=name,
        size=size,
    )


def _size(element: int, dims: list[int]) -> int | None:
    """The bytes of a tensor; ``None`` where its type or its dims do not say."""
    size = _BYTES.get(element, 0)
    if not size or any(dim < 0 for dim in dims):
        return None
    for dim in dims:
        size *= dim
    return size


def _number(text: str, at: int) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 20:
        return int(text)
    raise WireError(f"external data with {text[:40]!r} for an offset or a length", at)
