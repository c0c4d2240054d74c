"""How fast the signature of a big ONNX file is read, and in how much memory, against the onnx package.

Run: python benchmarks/onnx_signature.py [GIGABYTES]; it needs that much free disk, and twice as much memory for the
onnx package.
Prints both times from the same run, their ratio, and the peak resident memory of a process that only reads.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import verdict

TENSOR = 4 * 1024 * 1024
ROUNDS = 5

# VmHWM, since on Linux ru_maxrss of a child also counts what its parent had before the exec.
CHILD = """
import re, sys
from pathlib import Path
from triton_kit.signature.onnx.signature import read
model = read(Path(sys.argv[1]))
assert len(model.signature.inputs) == 1
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def write_model(path: Path, size: int) -> None:
    """A model with ``size`` bytes of inline weights, in tensors of 4 MiB each between its nodes and its inputs."""
    from onnx import TensorProto, helper

    count = size // TENSOR
    nodes = b"".join(
        field(1, helper.make_node("Add", ["x", f"w{i}"], [f"y{i}"]).SerializeToString()) for i in range(count)
    )
    io = field(11, helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", TENSOR // 4]).SerializeToString())
    io += field(12, helper.make_tensor_value_info("y0", TensorProto.FLOAT, ["n", TENSOR // 4]).SerializeToString())
    heads = []
    for i in range(count):
        inside = b"\x08" + varint(TENSOR // 4) + b"\x10\x01" + field(8, f"w{i}".encode()) + b"\x4a" + varint(TENSOR)
        heads.append(b"\x2a" + varint(len(inside) + TENSOR) + inside)
    graph = len(nodes) + sum(map(len, heads)) + count * TENSOR + len(io)
    weights = bytes(range(256)) * (TENSOR // 256)
    with path.open("wb") as file:
        file.write(b"\x08\x08" + b"\x3a" + varint(graph) + nodes)
        for head in heads:
            file.write(head)
            file.write(weights)
        file.write(io + field(8, b"\x10\x11"))


def main() -> int:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "1.6") * 1e9)
    import onnx

    from triton_kit.signature.onnx.signature import read

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        write_model(path, size)
        ours = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            model = read(path)
            ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        loaded = onnx.load(path, load_external_data=False)
        theirs = time.perf_counter() - start
        assert [t.name for t in model.signature.inputs] == [v.name for v in loaded.graph.input]
        del loaded
        peak = int(
            subprocess.run([sys.executable, "-c", CHILD, path], check=True, capture_output=True, text=True).stdout
        )
        slowest = max(ours)
        print(f"file                {path.stat().st_size / 1e9:.2f} GB")
        print(f"onnx.load           {theirs * 1000:.1f} ms")
        print(f"tk, slowest of {ROUNDS}    {slowest * 1000:.2f} ms")
        kept = [
            verdict("onnx.load over the slowest reading", theirs / slowest, 100, most=False),
            verdict("memory of a process that only reads", peak / 1024, 64, unit=" MB"),
        ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
