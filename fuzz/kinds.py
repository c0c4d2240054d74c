"""What is fuzzed: for each kind of input a way to put bytes before the linter, and seeds to begin with."""

from __future__ import annotations

import ast
import os
import random
import shutil
import textwrap
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Protocol

from several import Several

ROOT = Path(__file__).resolve().parent.parent
_TENSORS = b"""
max_batch_size: 4
input { name: "x0" data_type: TYPE_FP32 dims: 2 }
output { name: "y" data_type: TYPE_FP32 dims: 2 }
"""


class Kind(Protocol):
    """Lays an input out below a directory as a repository, and gives inputs to begin with."""

    def lay(self, folder: Path, data: bytes) -> Path: ...

    def seeds(self) -> Iterator[bytes]: ...


class ModelFile(NamedTuple):
    """An input that is one file of a model whose other files stay as they are."""

    name: str
    config: bytes
    pattern: str
    others: tuple[tuple[str, bytes], ...] = ()
    made: tuple[bytes, ...] = ()

    def lay(self, folder: Path, data: bytes) -> Path:
        model = folder / "repository" / "m"
        if not model.is_dir():
            for name, content in (("config.pbtxt", self.config), *self.others):
                path = model / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        path = model / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return model.parent

    def seeds(self) -> Iterator[bytes]:
        yield from self.made
        for place in ("sample_repository", "tests", "templates"):
            for path in sorted((ROOT / place).rglob(self.pattern)):
                if path.is_file() and path.stat().st_size <= 64 * 1024:
                    yield path.read_bytes()
        if self.name == "config.pbtxt":
            yield from _examples()


class TorchArchive:
    """Bytes as they are, or, behind a zero, the members of an archive: mutations of a zip rarely pass its checksums."""

    members = ("data.pkl", "code/__torch__.py", "constants.pkl", "version", "byteorder", "data/0", "extra/x")
    file = ModelFile("1/model.pt", b'backend: "pytorch"\nplatform: "pytorch_libtorch"\n' + _TENSORS, "*.pt")

    def lay(self, folder: Path, data: bytes) -> Path:
        if data[:1] == b"\0":
            held = BytesIO()
            with zipfile.ZipFile(held, "w") as archive:
                for i, piece in enumerate(data[1:].split(b"\xff\xfe")[:20]):
                    archive.writestr(f"model/{self.members[i % len(self.members)]}", piece)
            data = held.getvalue()
        return self.file.lay(folder, data)

    def seeds(self) -> Iterator[bytes]:
        for seed in self.file.seeds():
            yield seed
            with zipfile.ZipFile(BytesIO(seed)) as archive:
                by_end = {name.partition("/")[2]: name for name in archive.namelist()}
                pieces = [archive.read(by_end[m])[:8192] if m in by_end else b"" for m in self.members]
            yield b"\0" + b"\xff\xfe".join(pieces)


class Tree:
    """A repository made of what the bytes say, an entry for each few of them: any kind, any name, any depth."""

    names = (
        b"m", b"n", b"1", b"2", b"01", b"-3", b"99999999999999999999", b"config.pbtxt", b"model.onnx", b"model.py",
        b"configs", b"warmup", b"initial_state", b"labels.txt", b"\xff\xfe", b"a b", b"model.savedmodel", b"model.pt",
        b"saved_model.pb", b".hidden", b"x" * 200, b"\n", b"libtriton_m.so", b"model.plan", b"1x", b"\xc3\xa9",
    )  # fmt: skip
    targets = (b".", b"..", b"../..", b"m", b"1", b"nothing", b"/dev/zero", b"/proc/self/mem", b"self", b"config.pbtxt")
    contents = (
        b"", b'backend: "python"\n', b'platform: "ensemble"\nensemble_scheduling { step { model_name: "m" } }\n',
        b"max_batch_size: -1", b"\x08\x08\x3a\x00", b'output { name: "y" label_filename: "labels.txt" }',
        b'model_warmup { name: "w" inputs { key: "x" value { input_data_file: "f" data_type: TYPE_FP32 dims: 1 } } }',
        b'platform: "tensorflow_savedmodel"', b'backend: "pytorch"',
    )  # fmt: skip

    def lay(self, folder: Path, data: bytes) -> Path:
        root = folder / "repository"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        here = [os.fsencode(root)]
        for i in range(0, min(len(data) - 2, 120), 3):
            what, name, more = data[i : i + 3]
            path = os.path.join(here[-1], self.names[name % len(self.names)])
            try:
                match what % 8:
                    case 0 | 1 | 2:
                        os.mkdir(path)
                        here.append(path)
                    case 3:
                        os.symlink(self.targets[more % len(self.targets)], path)
                    case 4:
                        os.mkfifo(path)
                    case 5 if len(here) > 1:
                        here.pop()
                    case 6:
                        os.mkdir(path, 0o700 if more % 2 else 0)
                    case _:
                        # Never through a link, nor into a pipe.
                        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                        os.write(fd, self.contents[more % len(self.contents)])
                        os.close(fd)
            except OSError:
                continue
        return root

    def seeds(self) -> Iterator[bytes]:
        pick = random.Random(1)
        for size in range(3, 120, 3):
            yield pick.randbytes(size)


def _examples() -> Iterator[bytes]:
    """The configurations in the pages of the rules."""
    for path in sorted((ROOT / "triton_kit" / "linter" / "rules").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (doc := ast.get_docstring(node)):
                for block in doc.split("\n\n"):
                    if block.startswith("    "):
                        yield textwrap.dedent(block).encode()


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2, len(payload) & 0x7F | 0x80, len(payload) >> 7)) + payload


def _onnx(inputs: int) -> bytes:
    """A graph that adds its inputs up, one of them of unknown shape, with a weight beside it in a file."""
    from onnx import TensorProto, helper

    names = [f"x{i}" for i in range(inputs)]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    outside = TensorProto(name="v", data_type=1, dims=[2], data_location=1)
    outside.external_data.add(key="location", value="weights.bin")
    graph = helper.make_graph(
        [helper.make_node("Sum", [*names, "w", "v"], ["y"]), helper.make_node("Relu", ["y"], ["z"])],
        "g",
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 2] if i else [1, 2])
            for i, n in enumerate(names)
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2]), helper.make_empty_tensor_value_info("z")],
        [weight, outside],
    )
    made: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    return made


def _saved_model() -> bytes:
    """A SavedModel of one graph with one input and one output (tensorflow saved_model.proto, meta_graph.proto)."""
    shape = _field(2, b"\x08" + b"\xff" * 9 + b"\x01") + _field(2, b"\x08\x04")
    tensors = [_field(1, name) + b"\x10\x01" + _field(3, shape) for name in (b"x:0", b"y:0")]
    entries = [_field(1, b"key") + _field(2, tensor) for tensor in tensors]
    signature = _field(1, entries[0]) + _field(2, entries[1]) + _field(3, b"tensorflow/serving/predict")
    nodes = b"".join(_field(1, _field(1, n) + _field(2, b"Placeholder")) for n in (b"x", b"y"))
    served = _field(5, _field(1, b"serving_default") + _field(2, signature))
    return b"\x08\x01" + _field(2, _field(1, _field(4, b"serve")) + _field(2, nodes) + served)


KINDS: dict[str, Kind] = {
    "config": ModelFile("config.pbtxt", b"", "*.pbtxt", (("1/model.py", b"class TritonPythonModel: ..."),)),
    "onnx": ModelFile(
        "1/model.onnx", b'backend: "onnxruntime"\n' + _TENSORS, "*.onnx", (), (_onnx(1), _onnx(2), _onnx(8))
    ),
    "savedmodel": ModelFile(
        "1/model.savedmodel/saved_model.pb",
        b'platform: "tensorflow_savedmodel"\n' + _TENSORS,
        "*.pb",
        (),
        (_saved_model(),),
    ),
    "torchscript": TorchArchive(),
    "python": ModelFile("1/model.py", b'backend: "python"\n' + _TENSORS, "model.py"),
    "tree": Tree(),
    "several": Several(),
}
