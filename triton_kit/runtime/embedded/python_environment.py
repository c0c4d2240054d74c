"""What the stub of the python backend, an embedded interpreter, needs to find of the Python that runs tk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import site
import sys
import sysconfig
import tempfile
from pathlib import Path

from triton_kit.errors import TkError

MINORS = (8, 9, 10, 11, 12, 13)
"""The Python versions, 3.x, that nvidia-pytriton 0.7.0 carries a stub for."""

_OWN_LIBRARY = 13
"""The stub of this version is linked against a libpython inside the wheel, the older ones against the machine's."""


def library_directory() -> str:
    """The directory of the shared libpython that the stub loads; empty when the wheel brings it.

    Raises TkError when there is none: without it the stub cannot start, and the server waits for it for ever.
    """
    minor = sys.version_info.minor
    if minor not in MINORS:
        raise TkError(
            f"the embedded server has no stub for Python 3.{minor}",
            hint=f"use a Python from 3.{MINORS[0]} to 3.{MINORS[-1]}, or Docker (--runtime docker)",
        )
    if minor == _OWN_LIBRARY:
        return ""
    name = f"libpython3.{minor}.so.1.0"
    for directory in _library_places():
        if (Path(directory) / name).exists():
            return directory
    raise TkError(
        f"{sys.executable} has no shared library {name}, which the embedded server loads",
        hint=f"install it (Debian: apt-get install libpython3.{minor}), build Python with --enable-shared, "
        "or use Docker (--runtime docker)",
    )


def _library_places() -> list[str]:
    configured = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")]
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    usual = [f"{sys.base_prefix}/lib", f"/usr/lib/{multiarch}", f"/lib/{multiarch}", "/usr/lib64", "/usr/local/lib"]
    inherited = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return [place for place in [*configured, *usual, *inherited] if place]


def interpreter_bin(cache: Path, *, bytecode: bool = True) -> Path:
    """A directory whose ``python3`` is the Python that runs tk, for the head of PATH.

    Most often where ``sys.executable`` is. Where another version is called ``python3`` there, as in ``/usr/bin`` beside
    a second Python, a directory of ours in ``cache`` that looks like a virtual environment of the same packages.
    Without ``bytecode`` it is such a directory, too, with a line for Python not to write ``__pycache__``: the stub's
    interpreter is isolated, and PYTHONDONTWRITEBYTECODE is nothing to it.
    """
    here = Path(sys.executable).parent
    with contextlib.suppress(OSError):
        if bytecode and (here / "python3").resolve(strict=True) == Path(sys.executable).resolve():
            return here
    key = hashlib.sha256(f"{sys.executable} {sys.version} {bytecode}".encode()).hexdigest()[:12]
    target = cache / f"python-{key}"
    if not target.is_dir():
        _make(target, bytecode)
    return target / "bin"


def _make(target: Path, bytecode: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".python-", dir=target.parent))
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    try:
        (staging / "bin").mkdir()
        (staging / "bin" / "python3").symlink_to(base)
        configuration = Path(sys.prefix) / "pyvenv.cfg"
        inside = sys.prefix != sys.base_prefix and configuration.is_file()
        if inside:
            shutil.copyfile(configuration, staging / "pyvenv.cfg")
        elif not bytecode:
            (staging / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = true\n")
        if not bytecode:
            _write_site(staging, site.getsitepackages() if inside else [])
        elif inside:
            (staging / "lib").symlink_to(Path(sys.prefix) / "lib")
        staging.chmod(0o755)
        with contextlib.suppress(OSError):  # another tk was quicker
            staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_site(root: Path, packages: list[str]) -> None:
    """Packages of a virtual environment that are those in these directories, and write no bytecode."""
    place = root / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    place.mkdir(parents=True)
    # Each line is run by itself (site.py:addpackage).
    lines = ["import sys; sys.dont_write_bytecode = True"]
    lines += [f"import site; site.addsitedir({folder!r})" for folder in packages]
    (place / "tk-no-bytecode.pth").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
