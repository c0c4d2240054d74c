"""What an OpenVINO IR (.xml) says of its inputs, its outputs and its weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triton_kit.repository.tensor import Dim, TensorSpec
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.types import Signature
from triton_kit.value import Value

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SIZE_LIMIT = 256 * 1024 * 1024
_DEPTH_LIMIT = 200
_TYPES = {
    "boolean": "TYPE_BOOL",
    "u8": "TYPE_UINT8",
    "u16": "TYPE_UINT16",
    "u32": "TYPE_UINT32",
    "u64": "TYPE_UINT64",
    "i8": "TYPE_INT8",
    "i16": "TYPE_INT16",
    "i32": "TYPE_INT32",
    "i64": "TYPE_INT64",
    "f16": "TYPE_FP16",
    "f32": "TYPE_FP32",
    "f64": "TYPE_FP64",
    "bf16": "TYPE_BF16",
    "string": "TYPE_STRING",
}
_OLD_NAMES = {"fp16": "f16", "fp32": "f32", "fp64": "f64", "bool": "boolean"}
"""Ports name their types in capitals, some of them as older IR versions did."""


class IrTensor(Value):
    """An input or output: every name that its tensor has, the one that OpenVINO gives first (the smallest) first.

    ``spec.name`` is that first name; in a file that names no tensors (IR version 10) the name of the layer. ``named``
    says whether the file itself names it. ``layout`` is as written, such as ``[N,C,H,W]``, or empty.
    """

    spec: TensorSpec
    names: tuple[str, ...]
    named: bool
    layout: str

    @property
    def has_batch(self) -> bool:
        """Whether the layout names a batch dimension, N: ``[N,C]``, ``NC`` or ``N...``."""
        text = self.layout.upper().strip()
        return "N" in (text.strip("[] ").replace(" ", "").split(",") if text.startswith("[") else text)


class IrModel(Value):
    """An IR but for its operations. ``weights`` are the bytes that its constants need of the .bin file."""

    version: int
    inputs: tuple[IrTensor, ...]
    outputs: tuple[IrTensor, ...]
    weights: int

    @property
    def signature(self) -> Signature:
        """The inputs and outputs under their first names."""
        return Signature(inputs=tuple(t.spec for t in self.inputs), outputs=tuple(t.spec for t in self.outputs))


def read(path: Path) -> Signature:
    """The ``Parameter`` and ``Result`` layers of the IR, under their tensor names. Raises ModelFileError."""
    return read_model(path).signature


def read_model(path: Path) -> IrModel:
    """Reads an IR of version 10 or 11. Raises ModelFileError.

    The file is bounded to 256 MB, and one with a document type is refused: an IR has none, and entities are how XML
    is made to explode.
    """
    import io
    from xml.etree import ElementTree

    walk = _Walk()
    try:
        events = ElementTree.iterparse(io.BytesIO(_text(path)), ("start", "end"))
        for event, element in events:
            if event == "end":
                walk.end(element)
            elif not walk.start(element):
                break
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ModelFileError(
            path, f"is broken XML: {error}", reason="malformed", hint="copy or export it again"
        ) from None
    if walk.root != "net":
        raise ModelFileError(path, f"is XML of {walk.root!r}, not an OpenVINO IR", reason="foreign")
    if walk.too_deep:
        raise ModelFileError(path, "is XML nested without end, not an OpenVINO IR", reason="malformed")
    return walk.result()


class _Port(NamedTuple):
    layer: str
    type: str
    precision: str
    names: str
    dims: tuple[str, ...]
    layout: str


class _Walk:
    """Takes what is wanted from each element as it ends, and lets the rest go."""

    def __init__(self) -> None:
        self.root = ""
        self.too_deep = False
        self._depth = 0
        self._version = ""
        self._nesting = 0
        self._weights = 0
        self._inputs: list[tuple[_Port, str]] = []
        self._results: dict[str, _Port] = {}
        self._ports: dict[tuple[str, str], _Port] = {}
        self._counts: dict[str, int] = {}
        self._sources: dict[str, tuple[str, str]] = {}

    def start(self, element: Element) -> bool:
        """Whether to go on."""
        self._depth += 1
        if self._depth == 1:
            self.root = element.tag
            self._version = element.get("version", "")
        elif element.tag == "layers":
            self._nesting += 1
        self.too_deep = self._depth > _DEPTH_LIMIT
        return self.root == "net" and not self.too_deep

    def end(self, element: Element) -> None:
        self._depth -= 1
        match element.tag:
            case "layers":
                self._nesting -= 1
                element.clear()
            case "layer":
                self._layer(element)
                element.clear()
            case "edge":
                # The edges of a loop's body are its own.
                if self._nesting == 0 and element.get("to-layer", "") in self._results:
                    source = (element.get("from-layer", ""), element.get("from-port", ""))
                    self._sources[element.get("to-layer", "")] = source

    def _layer(self, layer: Element) -> None:
        kind, name, key = layer.get("type", ""), layer.get("name", ""), layer.get("id", "")
        data = layer.find("data")
        if kind == "Const" and data is not None:
            self._weights = max(self._weights, _number(data.get("offset")) + _number(data.get("size")))
        if self._nesting != 1:
            return
        outputs = layer.findall("output/port")
        self._counts[key] = len(outputs)
        for port in outputs:
            self._ports[key, port.get("id", "")] = _port(layer, name, kind, port)
        if kind == "Parameter" and outputs:
            shape = data.get("shape") if data is not None else None
            self._inputs.append((_port(layer, name, kind, outputs[0]), shape if shape is not None else "-"))
        elif kind == "Result":
            taken = layer.find("input/port")
            self._results[key] = _port(layer, name, kind, layer if taken is None else taken)

    def result(self) -> IrModel:
        version = _number(self._version)
        outputs = []
        for key, own in self._results.items():
            source = self._sources.get(key, ("", ""))
            fed = self._ports.get(source)
            if fed is None:
                continue
            # IR version 10 calls an output by the layer that gives it, with the port where it gives several.
            name = fed.layer if self._counts.get(source[0], 1) < 2 else f"{fed.layer}.{source[1]}"
            outputs.append(_tensor(fed, name, _shape(fed.dims), own.layout))
        return IrModel(
            version=version,
            inputs=tuple(_tensor(port, port.layer, _declared(text, port.dims), "") for port, text in self._inputs),
            outputs=tuple(outputs),
            weights=self._weights,
        )


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else 0


def _port(layer: Element, name: str, kind: str, port: Element) -> _Port:
    layout = ""
    if kind in ("Parameter", "Result"):
        # It is at the layer or at its port.
        for attribute in layer.iter("attribute"):
            if attribute.get("name") == "layout":
                layout = layout or attribute.get("layout", "") or attribute.get("value", "")
    dims = tuple((dim.text or "").strip() for dim in port.iterfind("dim"))
    return _Port(name, kind, port.get("precision", ""), port.get("names", ""), dims, layout)


def _tensor(port: _Port, layer_name: str, shape: tuple[Dim, ...] | None, layout: str) -> IrTensor:
    names = sorted(_names(port.names))
    precision = port.precision.lower()
    dtype = _TYPES.get(_OLD_NAMES.get(precision, precision))
    spec = TensorSpec(name=names[0] if names else layer_name, dtype=dtype, shape=shape)
    return IrTensor(spec=spec, names=tuple(names) or (layer_name,), named=bool(names), layout=layout or port.layout)


def _names(text: str) -> set[str]:
    r"""The names in a port's list; a comma within a name is written ``\,``."""
    parts = text.replace("\\,", "\0").split(",")
    return {part.replace("\0", ",").strip() for part in parts if part.strip()}


def _declared(text: str, dims: tuple[str, ...]) -> tuple[Dim, ...] | None:
    """A Parameter's shape: ``?,3,1..224`` as its data say it; ``...`` stands for any number of dimensions."""
    if text == "-":
        return _shape(dims)
    if "..." in text.split(",") or text.strip() == "...":
        return None
    return _shape(tuple(part.strip() for part in text.split(",") if part.strip()))


def _shape(dims: tuple[str, ...]) -> tuple[Dim, ...]:
    return tuple(int(d) if d.isascii() and d.isdecimal() and len(d) < 20 else None for d in dims)


def _text(path: Path) -> bytes:
    fd, size = open_model(path)
    try:
        head = os.pread(fd, 512, 0)
        if b"<net" not in head:
            kind = name_kind(head)
            if kind == "a git-lfs pointer":
                raise lfs_pointer(path)
            if kind != "an XML file":
                raise ModelFileError(path, f"is {kind or 'not XML'}, not an OpenVINO IR", reason="foreign")
        if size > _SIZE_LIMIT:
            raise ModelFileError(path, f"has {size:,} bytes, too many for an OpenVINO IR", reason="malformed")
        with os.fdopen(os.dup(fd), "rb") as file:
            data = file.read(_SIZE_LIMIT)
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ModelFileError(path, "has a document type, which no OpenVINO IR has", reason="malformed")
    # Another encoding could hide a document type from the search above.
    _, says, encoding = head.partition(b"encoding=")
    if b"\0" in head or (says and encoding[1:6].lower() not in {b"utf-8", b"ascii", b"us-as"}):
        raise ModelFileError(path, "is not in UTF-8, as every OpenVINO IR is", reason="malformed")
    return data
