"""What the stub, an embedded interpreter, is given of the Python that runs tk; and paths that it can take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from triton_kit.errors import TkError
from triton_kit.runtime.embedded import python_environment
from triton_kit.runtime.embedded.plain_path import link, plain

ASK = "import sys, onnx; print(sys.prefix, onnx.__file__)"


def test_the_directory_of_this_python_is_taken_as_it_is(tmp_path: Path) -> None:
    assert python_environment.interpreter_bin(tmp_path) == Path(sys.executable).parent
    assert list(tmp_path.iterdir()) == []


def test_where_python3_is_another_python_a_look_alike_with_the_same_packages_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "bin"
    other.mkdir()
    (other / "python3").write_text("#!/bin/sh\n")
    (other / "python3.x").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(other / "python3.x"))
    made = python_environment.interpreter_bin(tmp_path / "cache")
    assert made == python_environment.interpreter_bin(tmp_path / "cache")
    answer = subprocess.run([made / "python3", "-c", ASK], capture_output=True, text=True, check=True, cwd=tmp_path)
    prefix, package = answer.stdout.split()
    import onnx

    assert Path(package).resolve() == Path(onnx.__file__).resolve()
    assert Path(prefix, "bin", "python3").resolve() == Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_where_no_bytecode_is_to_be_written_a_look_alike_writes_none(tmp_path: Path) -> None:
    made = python_environment.interpreter_bin(tmp_path / "cache", bytecode=False)
    assert made == python_environment.interpreter_bin(tmp_path / "cache", bytecode=False)
    ask = f"{ASK}; print(sys.dont_write_bytecode)"
    # Isolated, as in the stub, to which PYTHONDONTWRITEBYTECODE is nothing.
    argv = [made / "python3", "-I", "-c", ask]
    answer = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path, env={})
    (prefix, package), (silent,) = (line.split() for line in answer.stdout.splitlines())
    import onnx

    assert Path(package).resolve() == Path(onnx.__file__).resolve()
    assert Path(prefix) == made.parent
    assert silent == "True"


@pytest.fixture
def old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose stub wants the machine's libpython, wherever this test runs."""
    version = type("Version", (tuple,), {"minor": 11})((3, 11, 0))
    monkeypatch.setattr(python_environment.sys, "version_info", version)


def test_the_directory_of_a_shared_libpython_is_found(
    old_python: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libpython3.11.so.1.0").touch()
    monkeypatch.setattr(python_environment, "_library_places", lambda: ["/nowhere", str(tmp_path)])
    assert python_environment.library_directory() == str(tmp_path)


def test_a_python_without_a_shared_libpython_is_told_before_the_server_hangs(
    old_python: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_environment, "_library_places", lambda: [str(tmp_path)])
    with pytest.raises(TkError, match=r"has no shared library libpython3\.11\.so\.1\.0") as caught:
        python_environment.library_directory()
    assert caught.value.hint is not None
    assert "apt-get install libpython3.11" in caught.value.hint


def test_a_python_newer_than_the_stubs_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_environment.sys, "version_info", type("Version", (tuple,), {"minor": 14})((3, 14, 0)))
    with pytest.raises(TkError, match=r"no stub for Python 3\.14") as caught:
        python_environment.library_directory()
    assert caught.value.hint == "use a Python from 3.8 to 3.13, or Docker (--runtime docker)"


@pytest.mark.parametrize("path", ["/srv/models", "/srv/my-models_2/a.b+c@d"])
def test_a_plain_path_needs_no_link(path: str) -> None:
    assert plain(Path(path), "127.0.0.1 8000") == Path(path)
    assert link(Path(path), "127.0.0.1 8000") is None


@pytest.mark.parametrize("name", ["my models", "a;b", "$HOME", "it's", "a&b", "a(b)", "é"])
def test_any_other_path_gets_a_plain_link_of_its_own(name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    target.mkdir()
    first, second = link(target, "127.0.0.1 8000"), link(target, "127.0.0.1 8010")
    try:
        assert first is not None
        assert second is not None
        assert first != second
        assert plain(first, "") == first == plain(target, "127.0.0.1 8000")
        assert first.resolve() == target.resolve()
        assert link(target, "127.0.0.1 8000") == first
    finally:
        for place in (first, second):
            if place is not None:
                place.unlink()


def test_a_link_stands_in_the_sessions_own_directory_where_it_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "run"
    own.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(own))
    assert plain(Path("/a b"), "x").parent == own
    own.chmod(0o755)
    assert plain(Path("/a b"), "x").parent != own
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert plain(Path("/a b"), "x").parent != tmp_path / "none"
