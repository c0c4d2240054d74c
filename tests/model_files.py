"""Small model files of formats that no test dependency writes: SavedModel, frozen graph, OpenVINO IR, TorchScript,
forests."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.signature.savedmodel import _TYPES as TF_TYPES

Tensor = tuple[str, str, Sequence[int] | None]
"""Name, data type without ``TYPE_``, shape; ``None`` is an unknown rank."""

DT = {name.removeprefix("TYPE_"): number for number, name in TF_TYPES.items()} | {"BF16": 14, "RESOURCE": 20}


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, payload: bytes | str | int) -> bytes:
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    data = payload.encode() if isinstance(payload, str) else payload
    return varint(number << 3 | 2) + varint(len(data)) + data


def _tensor_info(name: str, kind: str, shape: Sequence[int] | None) -> bytes:
    dims = b"".join(field(2, field(1, d) if d else b"") for d in shape or ())
    body = field(3, 1) if shape is None else dims
    return field(1, f"serving_default_{name}:0") + field(2, DT[kind]) + field(3, body)


def signature_def(inputs: Iterable[Tensor], outputs: Iterable[Tensor]) -> bytes:
    out = b""
    for number, tensors in ((1, inputs), (2, outputs)):
        for name, kind, shape in tensors:
            out += field(number, field(1, name) + field(2, _tensor_info(name, kind, shape)))
    return out + field(3, "tensorflow/serving/predict")


def meta_graph(signatures: dict[str, bytes], tags: Iterable[str] = ("serve",)) -> bytes:
    info = b"".join(field(4, tag) for tag in tags)
    nodes = field(1, field(1, "node") + field(2, "Placeholder"))
    return (
        field(1, info)
        + field(2, nodes)
        + b"".join(field(5, field(1, name) + field(2, body)) for name, body in signatures.items())
    )


def saved_model(*graphs: bytes) -> bytes:
    return field(1, 1) + b"".join(field(2, graph) for graph in graphs)


def served(inputs: Iterable[Tensor], outputs: Iterable[Tensor]) -> bytes:
    """A saved_model.pb with the signature serving_default, and the one that TensorFlow 2 adds for initialisation."""
    init = signature_def([], [])
    return saved_model(meta_graph({"__saved_model_init_op": init, "serving_default": signature_def(inputs, outputs)}))


def frozen_graph(placeholders: Iterable[str], others: Iterable[str]) -> bytes:
    named = [(name, "Placeholder") for name in placeholders] + [(name, "Identity") for name in others]
    return b"".join(field(1, field(1, name) + field(2, op)) for name, op in named)


_IR_NAMES = {"BOOL": "boolean", "STRING": "string", "BF16": "bf16"}


def _ir_type(kind: str) -> str:
    assert f"TYPE_{kind}" in DATA_TYPES
    return _IR_NAMES.get(kind) or kind.lower().replace("uint", "u").replace("int", "i").replace("fp", "f")


def _port(number: int, kind: str, shape: Sequence[int] | None, names: str = "") -> str:
    precision = {"BOOL": "BOOL"}.get(kind, _ir_type(kind).upper())
    names = f' names="{names}"' if names else ""
    return (
        f'<port id="{number}" precision="{precision}"{names}>'
        + "".join(f"<dim>{d}</dim>" for d in shape or ())
        + "</port>"
    )


def openvino_ir(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor], *, layout: str = "", version: int = 11, weights: int = 0
) -> str:
    """An IR whose outputs each come from a layer of their own; version 10 names no tensors."""
    layers, edges = [], []
    info = f'<rt_info><attribute name="layout" version="0" layout="{layout}"/></rt_info>' if layout else ""
    for i, (name, kind, shape) in enumerate(inputs):
        declared = "..." if shape is None else ",".join("?" if d < 0 else str(d) for d in shape)
        port = _port(0, kind, shape, name if version > 10 else "").replace("</port>", f"{info}</port>")
        layers.append(
            f'<layer id="{i}" name="{name}" type="Parameter" version="opset1">'
            f'<data shape="{declared}" element_type="{_ir_type(kind)}"/><output>{port}</output></layer>'
        )
    if weights:
        layers.append(
            f'<layer id="900" name="w" type="Const" version="opset1"><data element_type="u8" shape="{weights}" '
            f'offset="0" size="{weights}"/><output>{_port(0, "UINT8", (weights,))}</output></layer>'
        )
    for i, (name, kind, shape) in enumerate(outputs):
        names = name if version > 10 else ""
        layers.append(
            f'<layer id="{1000 + i}" name="{name}" type="Relu" version="opset1">'
            f"<input>{_port(0, kind, shape)}</input><output>{_port(1, kind, shape, names)}</output></layer>"
        )
        layers.append(
            f'<layer id="{2000 + i}" name="{name}/sink_port_0" type="Result" version="opset1">'
            f"<input>{_port(0, kind, shape)}{info}</input></layer>"
        )
        edges.append(f'<edge from-layer="0" from-port="0" to-layer="{1000 + i}" to-port="0"/>')
        edges.append(f'<edge from-layer="{1000 + i}" from-port="1" to-layer="{2000 + i}" to-port="0"/>')
    return (
        f'<?xml version="1.0"?>\n<net name="n" version="{version}"><layers>{"".join(layers)}</layers>'
        f"<edges>{''.join(edges)}</edges></net>\n"
    )


def torchscript(arguments: str, returns: str, *, extra: str = "") -> bytes:
    """An archive as torch.jit.save lays it out, of a module whose forward has these arguments and this result."""
    code = (
        f"class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
        f"  def forward(self: __torch__.M{',' if arguments else ''}\n    {arguments}) -> {returns}:\n    return x\n"
        + extra
    )
    return archive({"data.pkl": b"\x80\x02c__torch__\nM\nq\x00)\x81q\x01.", "code/__torch__.py": code.encode()})


def archive(members: dict[str, bytes], *, root: str = "m", method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as zipped:
        for name, data in {**members, "constants.pkl": b"\x80\x02).", "version": b"3\n"}.items():
            zipped.writestr(f"{root}/{name}", data)
    return out.getvalue()


def forest(suffix: str, features: int, classes: int = 0) -> bytes:
    """The part of a forest of XGBoost that tells: in JSON, or in the old binary format."""
    objective = "multi:softprob" if classes else "reg:squarederror"
    if suffix == ".json":
        param = {"num_class": str(classes), "num_feature": str(features)}
        learner = {"learner_model_param": param, "objective": {"name": objective}}
        return json.dumps({"learner": learner, "version": [2, 1, 4]}).encode()
    head = struct.pack("<fIiiiIII", 0.5, features, classes, 0, 0, 2, 1, 1).ljust(136, b"\0")
    return b"binf" + head + len(objective).to_bytes(8, "little") + objective.encode()


def library(path: Path) -> Path:
    """The first bytes of a shared library for x86-64."""
    path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(44))
    return path
