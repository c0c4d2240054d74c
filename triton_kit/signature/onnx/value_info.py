"""An input or output of an ONNX graph, as its file describes it."""

from __future__ import annotations

from triton_kit.repository.tensor import BY_ONNX, Dim, TensorSpec
from triton_kit.signature.onnx.model import ForeignIO

_ELEMENTS = {
    0: "UNDEFINED",
    14: "COMPLEX64",
    15: "COMPLEX128",
    17: "FLOAT8E4M3FN",
    18: "FLOAT8E4M3FNUZ",
    19: "FLOAT8E5M2",
    20: "FLOAT8E5M2FNUZ",
    21: "UINT4",
    22: "INT4",
    23: "FLOAT4E2M1",
    24: "FLOAT8E8M0",
    25: "UINT2",
    26: "INT2",
}
"""``TensorProto.DataType`` where Triton has no counterpart (onnx.proto)."""


class ValueInfo:
    """A ``ValueInfoProto`` while it is read."""

    __slots__ = ("dims", "element", "kind", "name")

    def __init__(self) -> None:
        self.name = ""
        self.kind = "untyped"
        self.element = 0
        self.dims: list[Dim] | None = None

    def spec(self) -> TensorSpec:
        """The tensor, with Triton's data type where it has one."""
        tensor = self.kind == "tensor"
        known = BY_ONNX.get(self.element) if tensor else None
        shape = tuple(self.dims) if tensor and self.dims is not None else None
        return TensorSpec(name=self.name, dtype=known.config if known else None, shape=shape)

    def value(self) -> tuple[int, tuple[Dim, ...] | None]:
        """Its element type as ONNX numbers it, 0 for what is not a tensor, and its shape where it is known."""
        if self.kind != "tensor":
            return 0, None
        return self.element, None if self.dims is None else tuple(self.dims)

    def foreign(self, is_output: bool) -> ForeignIO | None:
        """What it is where no Triton data type describes it."""
        if self.kind == "tensor" and self.element in BY_ONNX:
            return None
        element = _ELEMENTS.get(self.element, str(self.element)) if self.kind == "tensor" else ""
        return ForeignIO(name=self.name, is_output=is_output, kind=self.kind, element=element)
