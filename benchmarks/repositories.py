"""Repositories to measure on: realistic configurations of 20 to 60 lines, each with an ONNX file that agrees."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_TYPES = {"TYPE_FP32": 1, "TYPE_UINT8": 2, "TYPE_INT64": 7, "TYPE_FP16": 10}
_SIZES = (-1, 3, 224, 1000)


class Tensor(NamedTuple):
    name: str
    type: str
    dims: tuple[int, ...]


class Model(NamedTuple):
    name: str
    config: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    batched: bool


def name_of(seed: int) -> str:
    return f"model_{seed:05}"


def model(seed: int) -> Model:
    """A model whose configuration has 20 to 60 lines."""
    r = random.Random(seed)
    size = r.choice((0, 8, 64))
    inputs = tuple(_tensor(r, f"INPUT__{i}") for i in range(r.randint(1, 4)))
    outputs = tuple(_tensor(r, f"OUTPUT__{i}") for i in range(r.randint(1, 3)))
    parts = [
        f'name: "{name_of(seed)}"\nbackend: "onnxruntime"\nmax_batch_size: {size}\n',
        f"input [\n{_blocks(inputs)}\n]\noutput [\n{_blocks(outputs)}\n]\n",
        "# where it runs\ninstance_group [\n  {\n    count: 2\n    kind: KIND_GPU\n  }\n]\n",
    ]
    if size and r.random() < 0.9:
        parts.append("dynamic_batching {\n  preferred_batch_size: [ 4, 8 ]\n  max_queue_delay_microseconds: 100\n}\n")
    count = r.randint(0, 3)
    parts += [f'parameters {{\n  key: "option_{i}"\n  value: {{ string_value: "{i}" }}\n}}\n' for i in range(count)]
    if r.random() < 0.4:
        parts.append("optimization { execution_accelerators {\n  gpu_execution_accelerator : [ {\n")
        parts.append('    name : "tensorrt"\n    parameters { key: "precision_mode" value: "FP16" }\n  } ]\n} }\n')
    return Model(name_of(seed), "".join(parts), inputs, outputs, size > 0)


def _tensor(r: random.Random, name: str) -> Tensor:
    return Tensor(name, r.choice(tuple(_TYPES)), tuple(r.choice(_SIZES) for _ in range(r.randint(1, 4))))


def _blocks(tensors: tuple[Tensor, ...]) -> str:
    """Blocks over several lines, as in NVIDIA's documentation."""
    return ",\n".join(
        f'  {{\n    name: "{t.name}"\n    data_type: {t.type}\n    dims: [ {", ".join(map(str, t.dims))} ]\n  }}'
        for t in tensors
    )


def ensemble(seed: int, step: Model) -> str:
    """The configuration of an ensemble of one step."""
    maps = [f'      input_map {{ key: "{t.name}" value: "{t.name}" }}\n' for t in step.inputs]
    maps += [f'      output_map {{ key: "{t.name}" value: "{t.name}" }}\n' for t in step.outputs]
    size = step.config.split("max_batch_size: ")[1].split()[0]
    return (
        f'name: "{name_of(seed)}"\nplatform: "ensemble"\nmax_batch_size: {size}\n'
        f"input [\n{_blocks(step.inputs)}\n]\noutput [\n{_blocks(step.outputs)}\n]\n"
        f'ensemble_scheduling {{\n  step [\n    {{\n      model_name: "{step.name}"\n      model_version: -1\n'
        f"{''.join(maps)}    }}\n  ]\n}}\n"
    )


def onnx_bytes(made: Model, kilobytes: int) -> bytes:
    """A valid ONNX file of that size and those inputs and outputs, with weights of one kilobyte each."""
    r = random.Random(made.name)
    weights = [_weight(f"w{i}", r.randbytes(1023) + b"\0") for i in range(max(1, kilobytes - 2))]
    chain = [_node("Relu", [f"t{i}"], f"t{i + 1}") for i in range(5)]
    # Of a rank that only running it tells, so that any declared shape agrees.
    nodes = [_node("Relu", ["w0"], "t0"), *chain, _node("NonZero", ["t5"], "places")]
    nodes.append(_node("Squeeze", ["places", "first"], "shape"))
    weights.append(
        _varint(1 << 3) + _varint(1) + _varint(2 << 3) + _varint(7) + _field(8, b"first") + _field(9, bytes(8))
    )
    for i, t in enumerate(made.outputs):
        nodes.append(_node("Cast", [made.inputs[i % len(made.inputs)].name], f"c{i}", to=_TYPES[t.type]))
        nodes.append(_node("Reshape", [f"c{i}", "shape"], t.name))
    graph = b"".join((*(_field(1, node) for node in nodes), _field(2, b"graph"), *(_field(5, w) for w in weights)))
    graph += b"".join(_field(11, _value_info(t, made.batched)) for t in made.inputs)
    graph += b"".join(_field(12, _value_info(t, made.batched)) for t in made.outputs)
    return (
        _varint(1 << 3) + _varint(8) + _field(2, b"pytorch") + _field(7, graph)
        + _field(8, _varint(2 << 3) + _varint(17))
    )  # fmt: skip


def _node(operator: str, inputs: list[str], output: str, *, to: int | None = None) -> bytes:
    node = b"".join(_field(1, name.encode()) for name in inputs)
    node += _field(2, output.encode()) + _field(3, f"{operator}_{output}".encode()) + _field(4, operator.encode())
    if to is not None:
        node += _field(5, _field(1, b"to") + _varint(3 << 3) + _varint(to) + _varint(20 << 3) + _varint(2))
    return node


def _weight(name: str, data: bytes) -> bytes:
    """256 floats."""
    return _varint(1 << 3) + _varint(256) + _varint(2 << 3) + _varint(1) + _field(8, name.encode()) + _field(9, data)


def _value_info(tensor: Tensor, batched: bool) -> bytes:
    sizes: list[int | str] = ["batch"] if batched else []
    sizes += [f"d{i}" if size < 0 else size for i, size in enumerate(tensor.dims)]
    dims = b"".join(
        _field(1, _field(2, s.encode()) if isinstance(s, str) else _varint(1 << 3) + _varint(s)) for s in sizes
    )
    kind = _varint(1 << 3) + _varint(_TYPES[tensor.type]) + _field(2, dims)
    return _field(1, tensor.name.encode()) + _field(2, _field(1, kind))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def write(root: Path, count: int, *, kilobytes: int = 4, ensemble_every: int = 50) -> Iterator[str]:
    """Write that many models, the last of every so many an ensemble of the one before it; yields the texts."""
    before = model(0)
    for seed in range(count):
        folder = root / name_of(seed)
        (folder / "1").mkdir(parents=True)
        if seed % ensemble_every == ensemble_every - 1:
            text = ensemble(seed, before)
        else:
            before = model(seed)
            text = before.config
            (folder / "1" / "model.onnx").write_bytes(onnx_bytes(before, kilobytes))
        (folder / "config.pbtxt").write_text(text)
        yield text
