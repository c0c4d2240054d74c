"""Repositories of several models that refer to each other, any part of which may be missing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

NAMES = ("a", "b", "c", "d", "gone")
"""The models' names, the last of which no model has."""
TENSORS = ("x", "y", "z", "")
TYPES = ("TYPE_FP32", "TYPE_INT32", "TYPE_STRING", "TYPE_BF16", "TYPE_INVALID", "")
DIMS = ("4", "-1, 4", "-1", "", "0", "1, 2, 3", "-1, -1", "9223372036854775807, 2")
BACKENDS = (
    ("onnxruntime", "model.onnx"), ("python", "model.py"), ("pytorch", "model.pt"), ("openvino", "model.xml"),
    ("tensorrt", "model.plan"), ("fil", "xgboost.json"), ("vllm", "model.json"), ("dali", "model.dali"),
    ("tensorflow", "model.savedmodel"), ("identity", "file"), ("tensorrtllm", "file"), ("", "model.onnx"),
)  # fmt: skip
PARTS = (
    "directory", "config", "backend", "platform", "name", "input", "output", "batches", "version", "file", "policy",
    "dynamic", "sequences", "instances", "warmup", "reshape", "ragged", "batch input", "labels", "parameters", "rate",
    "cache", "decoupled", "ensemble",
)  # fmt: skip
PARAMETERS = ("model_type", "KIND", "FORCE_CPU_ONLY_INPUT_TENSORS", "")
POLICIES = ("latest { num_versions: 1 }", "specific { versions: 7 }", "specific { }", "all { }", "")
_LITTLE = ("directory", "config", "backend", "input", "output")
_ENSEMBLE = ("directory", "config", "platform", "input", "output", "ensemble")
_CODE = b"""import numpy
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(c):
        c.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})
        return c
    def execute(self, requests):
        return [None for r in requests]
"""


class Reader:
    """The bytes of an input as a row of choices; behind its end each is the first."""

    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def byte(self) -> int:
        return next(self.data, 0)

    def of(self, choices: tuple[str, ...]) -> str:
        return choices[self.byte() % len(choices)]

    def flags(self) -> frozenset[str]:
        """The parts that are there."""
        bits = int.from_bytes(bytes(self.byte() for _ in range(3)), "big")
        return frozenset(part for i, part in enumerate(PARTS) if bits >> i & 1)


class Several:
    """Up to four models, each of parts that are there or not, and ensembles of steps that name any of them."""

    def lay(self, folder: Path, data: bytes) -> Path:
        root = folder / "repository"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        read = Reader(data)
        for name in NAMES[: 1 + read.byte() % 4]:
            parts = read.flags()
            text, file = config(name, parts, read)
            if "directory" in parts:
                _write(root / name, parts, text, file, read)
        return root

    def seeds(self) -> Iterator[bytes]:
        """Everything there and each part left out; a part with little else, with and without a version and a file."""
        pick = random.Random(1)
        for choices in (bytes(64), *(pick.randbytes(64) for _ in range(4))):
            for part in PARTS:
                rest = _flags(part for part in PARTS if part != "ensemble") & ~_flags([part])
                yield b"\x01" + _model(_flags([*_ENSEMBLE, part]), choices) + _model(rest, choices)
                yield (
                    b"\x01" + _model(_flags([*_ENSEMBLE, "version"]) & ~_flags([part]), choices) + _model(rest, choices)
                )
            for i, part in enumerate(PARTS):
                for more in ((), ("version",), ("version", "file")):
                    backend = bytes([i + len(more)]) if any(choices) else b"\0"
                    alone = _model(_flags({*_LITTLE, part, *more} - {"ensemble"}), backend + choices)
                    yield b"\0" + alone
                    yield b"\x01" + _model(_flags([*_ENSEMBLE, *more]), choices) + alone


def _flags(parts: Iterable[str]) -> int:
    return sum(1 << PARTS.index(part) for part in set(parts))


def _model(flags: int, choices: bytes) -> bytes:
    return flags.to_bytes(3, "big") + choices[:64]


def config(name: str, parts: frozenset[str], read: Reader) -> tuple[str, str]:
    """The configuration of a model, and the name of its file."""
    backend, file = BACKENDS[read.byte() % len(BACKENDS)]
    lines = []
    if "ensemble" in parts:
        lines += ['platform: "ensemble"' if "platform" in parts else "", _steps(read)]
    elif "backend" in parts:
        lines.append(f'backend: "{backend}"')
    if "name" in parts:
        lines.append(f'name: "{read.of(NAMES) if read.byte() % 4 == 3 else name}"')
    if "batches" in parts:
        lines.append(f"max_batch_size: {(8, 0, 1, -1)[read.byte() % 4]}")
    for kind in ("input", "output"):
        if kind in parts:
            lines += [_tensor(kind, parts, read) for _ in range(1 + read.byte() % 2)]
    made = {
        "policy": lambda: f"version_policy {{ {read.of(POLICIES)} }}",
        "dynamic": lambda: f"dynamic_batching {{ preferred_batch_size: {(4, 0, 9, 1)[read.byte() % 4]} }}",
        "sequences": lambda: _sequences(read),
        "instances": lambda: _instances(read),
        "warmup": lambda: _warmup(read),
        "batch input": lambda: f'batch_input {{ kind: BATCH_ELEMENT_COUNT target_name: "{read.of(TENSORS)}" '
                               f'data_type: TYPE_FP32 source_input: "{read.of(TENSORS)}" }}',
        "parameters": lambda: f'parameters {{ key: "{read.of(PARAMETERS)}" '
                              f'value {{ string_value: "{read.of(("xgboost_json", "yes", "", "1"))}" }} }}',
        "rate": lambda: 'optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }',
        "cache": lambda: "response_cache { enable: true }",
        "decoupled": lambda: "model_transaction_policy { decoupled: true }",
    }  # fmt: skip
    return "\n".join((*lines, *(one() for part, one in made.items() if part in parts))), file


def _tensor(kind: str, parts: frozenset[str], read: Reader) -> str:
    inside = [f'name: "{read.of(TENSORS)}"', f"dims: [ {read.of(DIMS)} ]"]
    data_type = read.of(TYPES)
    inside += [f"data_type: {data_type}"] if data_type else []
    if "reshape" in parts and read.byte() % 2:
        inside.append(f"reshape {{ shape: [ {read.of(DIMS)} ] }}")
    if "ragged" in parts and kind == "input":
        inside.append(("allow_ragged_batch: true", "optional: true", "is_shape_tensor: true")[read.byte() % 3])
    if "labels" in parts and kind == "output":
        inside.append('label_filename: "labels.txt"')
    return f"{kind} {{ {' '.join(inside)} }}"


def _steps(read: Reader) -> str:
    steps = []
    for _ in range((1, 2, 3, 0)[read.byte() % 4]):
        maps = [
            f'{side}_map {{ key: "{read.of(TENSORS)}" value: "{read.of(TENSORS)}" }}'
            for side in ("input", "output") for _ in range((1, 2, 0)[read.byte() % 3])
        ]  # fmt: skip
        version = ("model_version: -1", "model_version: 1", "", "model_version: 9")[read.byte() % 4]
        steps.append(f'step {{ model_name: "{read.of(NAMES)}" {version} {" ".join(maps)} }}')
    return f"ensemble_scheduling {{ {' '.join(steps)} }}"


def _sequences(read: Reader) -> str:
    kind = ("CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_CORRID", "CONTROL_SEQUENCE_READY")[read.byte() % 3]
    values = ("int32_false_true: [ 0, 1 ]", "data_type: TYPE_UINT64", "", "fp32_false_true: 1")[read.byte() % 4]
    control = f'control_input {{ name: "{read.of(TENSORS)}" control {{ kind: {kind} {values} }} }}'
    state = f'state {{ input_name: "{read.of(TENSORS)}" output_name: "{read.of(TENSORS)}" dims: [ {read.of(DIMS)} ] }}'
    strategy = ("direct { }", "oldest { }", "", "oldest { max_candidate_sequences: 2 }")[read.byte() % 4]
    held = (strategy, control if read.byte() % 2 else "", state if read.byte() % 2 else "")
    return f"sequence_batching {{ {' '.join(held)} }}"


def _instances(read: Reader) -> str:
    kind = ("KIND_CPU", "KIND_GPU", "KIND_MODEL", "KIND_AUTO")[read.byte() % 4]
    more = ("", "gpus: 0", "count: 0", "passive: true", 'profile: "0"')[read.byte() % 5]
    return f"instance_group {{ kind: {kind} {more} }}"


def _warmup(read: Reader) -> str:
    given = ("zero_data: true", "random_data: true", 'input_data_file: "f"', "")[read.byte() % 4]
    data_type = read.of(TYPES)
    value = f"{f'data_type: {data_type}' if data_type else ''} dims: [ {read.of(DIMS)} ] {given}"
    size = (1, 2, 0, 9)[read.byte() % 4]
    inputs = f'inputs {{ key: "{read.of(TENSORS)}" value {{ {value} }} }}' if read.byte() % 4 != 3 else ""
    return f'model_warmup {{ name: "w" {f"batch_size: {size}" if size else ""} {inputs} }}'


def _write(folder: Path, parts: frozenset[str], text: str, file: str, read: Reader) -> None:
    folder.mkdir()
    if "config" in parts:
        (folder / "config.pbtxt").write_text(text)
    if "labels" in parts and read.byte() % 2:
        (folder / "labels.txt").write_text("cat\n")
    if "version" not in parts:
        return
    for version in ("1", "3", "x", "0")[: 1 + read.byte() % 4]:
        (folder / version).mkdir()
        if "file" in parts:
            contents = (_CODE, b"", b"{}", onnx()) if file != "model.onnx" else (onnx(), b"", b"\x08\x08", _CODE)
            (folder / version / file).write_bytes(contents[0 if file == "model.py" else read.byte() % 4])


def onnx() -> bytes:
    """A graph with x and y, made once."""
    global _made
    if not _made:
        from kinds import _onnx

        _made = _onnx(1)
    return _made


_made = b""
