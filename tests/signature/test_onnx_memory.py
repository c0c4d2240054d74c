"""Reading the signature of a big ONNX file takes no memory to speak of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GIGABYTE = 1 << 30
# VmHWM, since on Linux ru_maxrss of a child also counts what its parent had before the exec.
READ = """
import re, sys
from pathlib import Path
from triton_kit.signature.onnx.signature import read
assert [t.name for t in read(Path(sys.argv[1])).signature.inputs] == ["x"]
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
assert "onnx" not in sys.modules and "numpy" not in sys.modules and "google.protobuf" not in sys.modules
"""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_weight_of_a_gigabyte_stays_on_the_disk(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    path = tmp_path / "model.onnx"
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4]).SerializeToString()
    head = b"\x10\x01\x42\x01w\x4a" + varint(GIGABYTE)
    tail = b"\x5a" + varint(len(value)) + value
    tensor = len(head) + GIGABYTE
    graph = 1 + len(varint(tensor)) + tensor + len(tail)
    with path.open("wb") as file:
        file.write(b"\x08\x08\x3a" + varint(graph) + b"\x2a" + varint(tensor) + head)
        file.seek(GIGABYTE, 1)  # a hole: no bytes on the disk either
        file.write(tail)
    done = subprocess.run([sys.executable, "-c", READ, path], check=True, capture_output=True, text=True, timeout=60)
    assert int(done.stdout) < 64 * 1024
