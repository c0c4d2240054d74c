"""What an OpenVINO IR (.xml) says of its inputs and outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.repository.tensor import Dim, TensorSpec
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.types import Signature

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SIZE_LIMIT = 256 * 1024 * 1024
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


def read(path: Path) -> Signature:
    """The ``Parameter`` and ``Result`` layers of the IR, under their tensor names. Raises ModelFileError.

    The file is bounded to 256 MB, and one with a document type is refused: an IR has none, and entities are how XML
    is made to explode.
    """
    import xml.etree.ElementTree as ElementTree

    inputs: list[TensorSpec] = []
    sources: dict[str, tuple[str, str]] = {}
    ports: dict[tuple[str, str], Element] = {}
    results: list[tuple[str, str]] = []
    try:
        root = ElementTree.fromstring(_text(path))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ModelFileError(
            path, f"is broken XML: {error}", reason="malformed", hint="copy or export it again"
        ) from None
    if root.tag != "net":
        raise ModelFileError(path, f"is XML of {root.tag!r}, not an OpenVINO IR", reason="foreign")
    for layer in root.iterfind("layers/layer"):
        key = layer.get("id", "")
        for port in (*layer.iterfind("output/port"), *layer.iterfind("input/port")):
            ports[key, port.get("id", "")] = port
        if layer.get("type") == "Parameter":
            inputs += [_spec(layer.get("name", ""), port) for port in layer.findall("output/port")[:1]]
        elif layer.get("type") == "Result":
            results.append((key, layer.get("name", "")))
    for edge in root.iterfind("edges/edge"):
        sources[edge.get("to-layer", "")] = (edge.get("from-layer", ""), edge.get("from-port", ""))
    outputs = []
    for key, name in results:
        fed = ports.get(sources.get(key, ("", "")))
        if fed is not None:
            outputs.append(_spec(name, fed))
    return Signature(inputs=tuple(inputs), outputs=tuple(outputs))


def _text(path: Path) -> bytes:
    fd, size = open_model(path)
    try:
        head = os.pread(fd, 512, 0)
        if b"<net" not in head:
            kind = name_kind(head)
            if kind == "a git-lfs pointer":
                raise lfs_pointer(path)
            if kind != "an XML file":
                raise ModelFileError(path, f"is {kind or 'no XML'}, not an OpenVINO IR", reason="foreign")
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


def _spec(layer_name: str, port: Element) -> TensorSpec:
    # The tensor's name, where the exporter kept it, is what the backend asks the model for.
    names = port.get("names", "")
    name = names.split(",")[0].strip() if names else layer_name
    shape: list[Dim] = []
    for dim in port.iterfind("dim"):
        text = (dim.text or "").strip()
        shape.append(int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None)
    precision = port.get("precision", "").lower()
    dtype = _TYPES.get(_OLD_NAMES.get(precision, precision))
    return TensorSpec(name=name, dtype=dtype, shape=tuple(shape))
