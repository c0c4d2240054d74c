"""A model file that is not what it should be: the message says which."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import zipfile
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.onnx.signature import read


def model_bytes() -> bytes:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    return bytes(helper.make_model(graph).SerializeToString())


def refuse(path: Path) -> ModelFileError:
    with pytest.raises(ModelFileError) as caught:
        read(path)
    assert caught.value.message.startswith(str(path))
    assert not caught.value.message.endswith(".")
    assert caught.value.exit_code == 3
    return caught.value


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (b"", "empty", "is empty"),
        (LFS, "git-lfs", "git-lfs pointer"),
        (b"<!DOCTYPE html>\n<html><body>404", "foreign", "an HTML page"),
        (b"\n  <HTML>", "foreign", "an HTML page"),
        (b'<?xml version="1.0"?><net/>', "foreign", "an XML file"),
        (zipped("a.txt"), "foreign", "a zip archive"),
        (zipped("archive/data.pkl", "archive/version"), "foreign", "a PyTorch file"),
        (gzip.compress(b"abc", mtime=0), "foreign", "a gzip archive"),
        (pickle.dumps({"a": 1}), "foreign", "a Python pickle"),
        (b"ptrt\0\0\0\0\x01", "foreign", "a TensorRT plan"),
        (b"ftrt\0\0\0\0\x01", "foreign", "a TensorRT plan"),
        (b"\x1c\0\0\0TFL3\0\0", "foreign", "a TensorFlow Lite model"),
        (b'{"error": "not found"}', "foreign", "a JSON file"),
        (b"Repository not found\n", "foreign", "a text file"),
        (b"\0" * 1000, "foreign", "nothing but zero bytes"),
        (b"\xff\xfe\xfd\xfc" * 20, "foreign", "is not an ONNX model"),
        (b"\x08\x08\x12\x03abc", "truncated", "has no graph"),
        (b"\x08" + b"\xff" * 11 + b"\x01", "foreign", "is not an ONNX model"),
    ],
    ids=[
        "empty", "git-lfs", "doctype", "html", "xml", "zip", "pytorch", "gzip", "pickle", "tensorrt", "tensorrt-safe",
        "tflite", "json", "text", "zeros", "noise", "no-graph", "endless-number",
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named(tmp_path: Path, data: bytes, reason: str, said: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    error = refuse(path)
    assert error.reason == reason
    assert said in error.message


def test_a_git_lfs_pointer_gets_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(LFS)
    assert refuse(path).hint == "run `git lfs pull`"


def test_a_cut_file_is_truncated_at_its_last_byte_wherever_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    data = model_bytes()
    graph = data.index(b"\x3a")
    for length in range(graph + 3, len(data) - 7):
        path.write_bytes(data[:length])
        error = refuse(path)
        assert error.reason == "truncated", length
        assert f"ends at byte {length}," in error.message or f"ends at byte {length}" in error.message


def test_bytes_behind_the_end_are_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    data = model_bytes()
    for tail in (b"\0", b"\0" * 100, b"garbage"):
        path.write_bytes(data + tail)
        error = refuse(path)
        assert error.reason == "trailing"
        assert f"from byte {len(data)} on" in error.message


def test_damage_inside_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    data = bytearray(model_bytes())
    at = data.index(b"Identity") - 9
    data[at] = 0x7F
    path.write_bytes(data)
    assert refuse(path).reason in {"malformed", "truncated", "trailing"}


def test_lengths_and_numbers_that_cannot_be_are_refused_without_being_believed(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    for data in (
        b"\x08\x08\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x08\x08\x3a\x06\x5a\xff\xff\xff\xff\x0f",
        b"\x08\x08\x3a\x02\x00\x00",
        b"\x08\x08" + b"\x0b" * 5000,
        b"\x08\x08\x3a" + b"\x80" * 11,
    ):
        path.write_bytes(data)
        assert refuse(path).reason in {"malformed", "truncated"}


def test_graphs_nested_without_end_are_refused(tmp_path: Path) -> None:
    def field(tag: int, payload: bytes) -> bytes:
        length = len(payload)
        out = b""
        while length > 0x7F:
            out += bytes([length & 0x7F | 0x80])
            length >>= 7
        return bytes([tag]) + out + bytes([length]) + payload

    graph = b"location"
    for _ in range(500):
        graph = field(0x0A, field(0x2A, field(0x32, graph)))
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08" + field(0x3A, graph))
    assert "nested" in refuse(path).message


def test_millions_of_fields_are_refused_soon(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08" * 4_100_000)
    assert "4,000,000 fields" in refuse(path).message


def test_a_directory_a_pipe_a_socket_and_a_device_are_named_without_waiting(tmp_path: Path) -> None:
    assert refuse(tmp_path).reason == "directory"
    os.mkfifo(tmp_path / "pipe")
    assert "a named pipe" in refuse(tmp_path / "pipe").message
    assert "a device" in refuse(Path("/dev/zero")).message
    server = socket.socket(socket.AF_UNIX)
    try:
        folder = os.open(tmp_path, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/s")
        os.close(folder)
        assert "a socket" in refuse(tmp_path / "s").message
    finally:
        server.close()


def test_a_missing_file_and_a_dangling_link_are_told_apart(tmp_path: Path) -> None:
    assert refuse(tmp_path / "none.onnx").message.endswith("does not exist")
    (tmp_path / "link.onnx").symlink_to("nowhere")
    assert "is a link to a file that does not exist" in refuse(tmp_path / "link.onnx").message
    (tmp_path / "loop").symlink_to("loop")
    assert refuse(tmp_path / "loop").reason == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(model_bytes())
    path.chmod(0)
    assert "permission denied" in refuse(path).message
