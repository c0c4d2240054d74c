"""The embedded server's binaries: found, unpacked once, or refused with what to do."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from triton_kit.errors import TkError
from triton_kit.files.cache import cache_dir
from triton_kit.runtime.embedded import binaries
from triton_kit.runtime.embedded.binaries import find_home, server_home

SERVER = "pytriton/tritonserver/bin/tritonserver"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no server on PATH, and the network's ways shut."""
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("TK_SERVER_WHEEL", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def wheel(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel of the true one's layout, known by its hash."""
    path = tmp_path / "nvidia_pytriton-0.7.0-py3-none-manylinux_2_35_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, mode in ((SERVER, 0o777), ("nvidia_pytriton.libs/liba.so", 0o644), ("pytriton/client.py", 0o644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, "x")
    monkeypatch.setitem(binaries.HASHES, platform.machine(), hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setenv("TK_SERVER_WHEEL", str(path))
    return path


def test_a_given_wheel_is_unpacked_once_and_only_its_binaries(wheel: Path, cache: Path) -> None:
    said: list[str] = []
    home = server_home(said.append)
    assert said == ["unpacking the embedded Triton server"]
    assert home.binary.stat().st_mode & 0o777 == 0o755
    root = home.binary.parents[3]
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) == [
        "nvidia_pytriton.libs/liba.so",
        SERVER,
    ]
    assert server_home(said.append) == home
    assert len(said) == 1
    assert sorted(p.name for p in cache.iterdir()) == [".lock", root.name]


def test_what_a_killed_tk_left_half_unpacked_is_removed(wheel: Path, cache: Path) -> None:
    (cache / ".staging-dead").mkdir(parents=True)
    server_home(print)
    assert not (cache / ".staging-dead").exists()


def test_many_tk_at_once_unpack_one_server(wheel: Path, cache: Path) -> None:
    script = (
        "import platform, sys\nfrom triton_kit.runtime.embedded import binaries\n"
        "binaries.HASHES[platform.machine()] = sys.argv[1]\n"
        "print(binaries.server_home(lambda text: None).binary.read_text())"
    )
    argv = [sys.executable, "-c", script, binaries.HASHES[platform.machine()]]
    tks = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [tk.communicate(timeout=120)[0] for tk in tks] == ["x\n"] * 4
    assert len(list(cache.glob("server-*"))) == 1
    assert not list(cache.glob(".staging-*"))


def test_another_wheel_is_refused(wheel: Path) -> None:
    wheel.write_bytes(b"PK something else")
    with pytest.raises(TkError, match=r"TK_SERVER_WHEEL: .* is not nvidia-pytriton 0\.7\.0 for") as caught:
        server_home(print)
    assert caught.value.hint is not None
    assert "pip download" in caught.value.hint


def test_a_wheel_that_is_not_there_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TK_SERVER_WHEEL", "/no/such.whl")
    with pytest.raises(TkError, match=r"TK_SERVER_WHEEL: /no/such\.whl is not a file"):
        server_home(print)


def test_without_a_network_the_remedy_names_the_ways_out(cache: Path) -> None:
    said: list[str] = []
    with pytest.raises(TkError, match="the embedded server cannot be fetched") as caught:
        server_home(said.append)
    assert said == ["fetching the embedded Triton server (nvidia-pytriton 0.7.0, 55 MB, only once)"]
    assert caught.value.exit_code == 3
    assert caught.value.hint is not None
    assert all(word in caught.value.hint for word in ("network", "TK_SERVER_WHEEL", "--runtime docker"))
    assert [p.name for p in cache.iterdir()] == [".lock"]


def test_without_pip_and_uv_the_failure_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true_find_spec = binaries.importlib.util.find_spec
    monkeypatch.setattr(
        binaries.importlib.util, "find_spec", lambda name: None if name == "pip" else true_find_spec(name)
    )
    with pytest.raises(TkError, match="needs pip, and this Python has none"):
        server_home(print)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(TkError, match="the embedded server cannot be unpacked: Not a directory") as caught:
        server_home(print)
    assert caught.value.hint is not None
    assert "TK_CACHE_DIR" in caught.value.hint


@pytest.mark.parametrize(
    ("system", "machine", "glibc", "told"),
    [
        ("Darwin", "arm64", None, "runs on Linux only, and this is Darwin"),
        ("Linux", "riscv64", (2, 40), "is built for x86_64 and aarch64, and this is riscv64"),
        ("Linux", "x86_64", None, "needs the GNU C library"),
        ("Linux", "aarch64", (2, 31), "needs glibc 2.35, and this system has 2.31"),
    ],
)
def test_a_machine_that_cannot_run_it_is_told_why_before_anything_is_fetched(
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    machine: str,
    glibc: tuple[int, int] | None,
    told: str,
) -> None:
    monkeypatch.setattr(binaries.platform, "system", lambda: system)
    monkeypatch.setattr(binaries.platform, "machine", lambda: machine)
    monkeypatch.setattr(binaries, "_glibc", lambda: glibc)
    with pytest.raises(TkError, match=told) as caught:
        server_home(print)
    assert caught.value.hint == "use Docker (--runtime docker)"
    assert not cache.exists()


def test_a_server_on_path_comes_first(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "tritonserver"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    home = server_home(print)
    assert (home.origin, home.binary, home.libs) == ("path", program, None)


def test_an_installed_pytriton_comes_before_the_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "site" / SERVER
    binary.parent.mkdir(parents=True)
    binary.touch()
    (tmp_path / "site" / "pytriton" / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert find_home().origin == "pytriton"
    assert find_home().binary == binary


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"
    monkeypatch.delenv("TK_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "triton-kit"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_dir() == tmp_path / "home" / ".cache" / "triton-kit"
