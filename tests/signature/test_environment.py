"""Packed environments: their Python is read from names alone, and no archive can hurt."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from triton_kit.signature import environment
from triton_kit.signature.errors import ModelFileError

LAYOUT = ("bin/activate", "bin/python3.10", "lib/python3.10/os.py", "conda-meta/python-3.10.12-h0.json")


def pack(path: Path, *names: str, mode: str = "w:gz", size: int = 0, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, mode, format=form) as packed:  # type: ignore[call-overload]
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = size
            packed.addfile(info, io.BytesIO(bytes(size)))
    return path


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_the_python_of_an_environment_is_told(tmp_path: Path, mode: str, form: int) -> None:
    # Long names are in entries of their own, which are passed over.
    long = "share/" + "x" * 240
    ustar = [] if form == tarfile.USTAR_FORMAT else [long]
    found = environment.read(pack(tmp_path / "env", *ustar, *LAYOUT, mode=mode, size=700, form=form))
    assert (found.python, found.activates) == ("3.10", True)
    dotted = environment.read(pack(tmp_path / "dotted", *(f"./{name}" for name in LAYOUT)))
    assert (dotted.python, dotted.activates) == ("3.10", True)


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    found = environment.read(pack(tmp_path / "a", "readme", "sub/lib/python3.9/os.py", "lib/python3.1234/x"))
    assert (found.python, found.activates, found.whole) == (None, False, True)
    found = environment.read(pack(tmp_path / "b", "lib/python3.12/os.py"))
    assert (found.python, found.activates, found.whole) == ("3.12", False, True)


def test_a_glance_ends_after_its_share(tmp_path: Path) -> None:
    path = pack(tmp_path / "a", "big", "lib/python3.12/os.py", size=3 << 20)
    assert environment.read(path, most=1 << 20).python is None
    assert environment.read(path).python == "3.12"


def refused(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        environment.read(path)
    return caught.value.detail


def test_what_is_no_environment_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "env", *LAYOUT[2:], size=5000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(path).startswith("is a broken archive, perhaps cut short")
    path.write_bytes(gzip.compress(b"no archive, but long enough to be one" * 40))
    assert refused(path) == "is not a tar archive"
    path.write_bytes(b"PK\x03\x04" + bytes(600))
    assert "is a zip archive, not a tar archive" in refused(path)
    path.write_bytes(b"")
    assert refused(path) == "is empty"
    os.mkfifo(tmp_path / "pipe")
    assert "named pipe" in refused(tmp_path / "pipe")


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """One entry that expands to 64 MiB, and one that says that it has an exabyte."""
    path = pack(tmp_path / "bomb.tar.gz", "zeros", size=64 << 20)
    assert path.stat().st_size < 1 << 20
    info = tarfile.TarInfo("liar")
    info.size = 1 << 60
    liar = tmp_path / "liar"
    liar.write_bytes(gzip.compress(info.tobuf(format=tarfile.GNU_FORMAT) + bytes(1024)))
    tracemalloc.start()
    try:
        assert environment.read(path).python is None
        assert environment.read(liar).python is None
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
