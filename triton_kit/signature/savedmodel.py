"""What a TensorFlow SavedModel or frozen graph says of itself, read in wire format without TensorFlow.

The field numbers are those of TensorFlow's saved_model.proto, meta_graph.proto, tensor_shape.proto and graph.proto.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triton_kit.repository.tensor import Dim, TensorSpec
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.types import Signature
from triton_kit.signature.wire import Wire, WireError, signed
from triton_kit.value import Value

FILE_NAME = "saved_model.pb"
DEFAULT_TAG = "serve"
DEFAULT_SIGNATURE = "serving_default"
_NO_SIGNATURES = frozenset(("__saved_model_init_op", "__saved_model_train_op"))
_TYPES = {
    1: "TYPE_FP32",
    2: "TYPE_FP64",
    3: "TYPE_INT32",
    4: "TYPE_UINT8",
    5: "TYPE_INT16",
    6: "TYPE_INT8",
    7: "TYPE_STRING",
    9: "TYPE_INT64",
    10: "TYPE_BOOL",
    17: "TYPE_UINT16",
    19: "TYPE_FP16",
    22: "TYPE_UINT32",
    23: "TYPE_UINT64",
}
"""TensorFlow's DataType numbers that its Triton backend knows (tensorflow_backend_tf.cc:ConvertDataType)."""


class SignatureDef(Value):
    """A signature: ``inputs`` and ``outputs`` under their keys, which is how Triton calls them.

    ``tensors`` gives key and name in the graph (``serving_default_x:0``), inputs first.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensors: tuple[tuple[str, str], ...]

    @property
    def signature(self) -> Signature:
        """The inputs and outputs."""
        return Signature(inputs=self.inputs, outputs=self.outputs)


class MetaGraph(Value):
    """One graph of a SavedModel: the tags it goes by and its signatures, in the order of the file."""

    tags: tuple[str, ...]
    signatures: tuple[SignatureDef, ...]

    def choose(self, name: str = "") -> SignatureDef | None:
        """The signature that the backend serves: that name (else ``serving_default``), or the only other one.

        Where neither is there and several remain, the backend takes any of them, and this gives ``None``.
        (tensorflow_backend_tf.cc:TRITONTF_ModelCreateFromSavedModel.)
        """
        wanted = name or DEFAULT_SIGNATURE
        found = next((s for s in self.signatures if s.name == wanted), None)
        return found or (self.candidates[0] if len(self.candidates) == 1 else None)

    @property
    def candidates(self) -> tuple[SignatureDef, ...]:
        """The signatures that can be served: all but TensorFlow's own for initialisation and training."""
        return tuple(s for s in self.signatures if s.name not in _NO_SIGNATURES)


class SavedModel(Value):
    """A SavedModel but for its graphs' nodes."""

    graphs: tuple[MetaGraph, ...]

    def graph(self, tag: str = "") -> MetaGraph | None:
        """The graph that has that tag (else ``serve``) and no other, which is how TensorFlow's loader looks it up."""
        return next((g for g in self.graphs if set(g.tags) == {tag or DEFAULT_TAG}), None)


class FrozenGraph(Value):
    """A GraphDef: the names of its nodes. What it can take are the ``placeholders``, every other node an output."""

    placeholders: tuple[str, ...]
    others: tuple[str, ...]


def read(path: Path) -> SavedModel:
    """Reads the saved_model.pb of a SavedModel directory (or the file itself). Raises ModelFileError."""
    if path.is_dir():
        file = path / FILE_NAME
        if not file.exists() and not file.is_symlink():
            text = (path / "saved_model.pbtxt").is_file()
            raise ModelFileError(
                path,
                "has its graph as text (saved_model.pbtxt), which is not read" if text else f"has no {FILE_NAME} in it",
                reason="foreign" if text else "missing",
                hint="give the directory that TensorFlow saved",
            )
        path = file
    with _walking(path, "a SavedModel") as wire:
        graphs = tuple(
            _meta_graph(wire, value, behind) for tag, value, behind in wire.fields(0, wire.size) if tag == _field(2)
        )
    if not graphs:
        raise ModelFileError(path, "holds no graph", reason="malformed", hint="save the model again")
    return SavedModel(graphs=graphs)


def read_graph(path: Path) -> FrozenGraph:
    """Reads a frozen graph. Raises ModelFileError."""
    placeholders: list[str] = []
    others: list[str] = []
    with _walking(path, "a TensorFlow graph") as wire:
        for tag, value, behind in wire.fields(0, wire.size):
            if tag == _field(1):
                strings = _strings(wire, value, behind, (1, 2))
                (placeholders if strings[1] == "Placeholder" else others).append(strings[0])
    if not placeholders and not others:
        raise ModelFileError(path, "has an empty graph", reason="malformed", hint="save the graph again")
    return FrozenGraph(placeholders=tuple(placeholders), others=tuple(others))


@contextmanager
def _walking(path: Path, wanted: str) -> Iterator[Wire]:
    fd, size = open_model(path)
    try:
        head = os.pread(fd, 512, 0)
        kind = name_kind(head)
        if kind == "a git-lfs pointer":
            raise lfs_pointer(path)
        if kind and kind != "a text file":
            raise ModelFileError(path, f"is {kind}, not {wanted}", reason="foreign")
        try:
            yield Wire(fd, size)
        except WireError as error:
            if error.needed:
                raise ModelFileError(
                    path, f"is cut short: {error.message}", reason="truncated", hint="copy or download it again"
                ) from None
            fault = f"is {kind}, not {wanted}" if kind else f"is broken at byte {error.at:,}: {error.message}"
            reason = "foreign" if kind else "malformed"
            raise ModelFileError(path, fault, reason=reason, hint="copy or save it again") from None
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)


def _field(number: int) -> int:
    """The tag of a length-delimited field."""
    return number << 3 | 2


def _strings(wire: Wire, start: int, end: int, numbers: tuple[int, ...]) -> list[str]:
    """Some text fields of a message; the last one counts, as in protobuf."""
    found = [""] * len(numbers)
    for tag, value, behind in wire.fields(start, end):
        if tag & 7 == 2 and tag >> 3 in numbers:
            found[numbers.index(tag >> 3)] = wire.text(value, behind)
    return found


def _meta_graph(wire: Wire, start: int, end: int) -> MetaGraph:
    tags: list[str] = []
    signatures: dict[str, SignatureDef] = {}
    for tag, value, behind in wire.fields(start, end):
        if tag == _field(1):
            tags += [wire.text(v, b) for t, v, b in wire.fields(value, behind) if t == _field(4)]
        elif tag == _field(5):
            name, at = _entry(wire, value, behind)
            signatures[name] = _signature(wire, name, *at)
    return MetaGraph(tags=tuple(tags), signatures=tuple(signatures.values()))


def _entry(wire: Wire, start: int, end: int) -> tuple[str, tuple[int, int]]:
    """Key and place of the value in an entry of a map."""
    key, place = "", (start, start)
    for tag, value, behind in wire.fields(start, end):
        if tag == _field(1):
            key = wire.text(value, behind)
        elif tag == _field(2):
            place = (value, behind)
    return key, place


def _signature(wire: Wire, name: str, start: int, end: int) -> SignatureDef:
    sides: tuple[dict[str, TensorSpec], dict[str, TensorSpec]] = ({}, {})
    names: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for tag, value, behind in wire.fields(start, end):
        if tag in (_field(1), _field(2)):
            side = tag == _field(2)
            key, at = _entry(wire, value, behind)
            sides[side][key], names[side][key] = _tensor(wire, key, *at)
    return SignatureDef(
        name=name,
        inputs=tuple(sides[0].values()),
        outputs=tuple(sides[1].values()),
        tensors=(*names[0].items(), *names[1].items()),
    )


def _tensor(wire: Wire, key: str, start: int, end: int) -> tuple[TensorSpec, str]:
    name, dtype = "", 0
    shape: tuple[Dim, ...] | None = None
    for tag, value, behind in wire.fields(start, end):
        if tag == _field(1):
            name = wire.text(value, behind)
        elif tag == 2 << 3:
            dtype = value
        elif tag == _field(3):
            shape = _shape(wire, value, behind)
    return TensorSpec(name=key, dtype=_TYPES.get(dtype), shape=shape), name


def _shape(wire: Wire, start: int, end: int) -> tuple[Dim, ...] | None:
    shape: list[Dim] = []
    unknown = False
    for tag, value, behind in wire.fields(start, end):
        if tag == _field(2):
            size = 0
            for t, v, _ in wire.fields(value, behind):
                if t == 1 << 3:
                    size = signed(v)
            shape.append(size if size >= 0 else None)
        elif tag == 3 << 3:
            unknown = bool(value)
    return None if unknown else tuple(shape)
