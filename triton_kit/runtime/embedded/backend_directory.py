"""The embedded server's backend directory: the python backend for this Python, and our ONNX backend beside it."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.files.cache import cache_dir
from triton_kit.runtime.embedded import ONNX_BACKEND, PYTHON_BACKEND
from triton_kit.runtime.embedded.binaries import ServerHome

_NUMPY_2 = Path(__file__).parent / "python_backend" / "numpy2.py"


def _onnx_backend() -> list[Path]:
    return sorted((Path(__file__).parent / "onnxruntime_backend").glob("*.py"))


def backend_directory(home: ServerHome) -> Path:
    """The backend directory of our own, named after all that it is made of."""
    minor = f"3.{sys.version_info.minor}"
    made_of = f"{home.python_backend} {minor} ".encode() + b"".join(
        part.read_bytes() for part in [*_onnx_backend(), _NUMPY_2]
    )
    return cache_dir() / f"backends-{minor}-{hashlib.sha256(made_of).hexdigest()[:12]}"


def make_backend_directory(home: ServerHome, target: Path) -> None:
    """Make it unless it is there: staged, so that two tk at once, or one that is killed, do no harm."""
    if target.is_dir():
        return
    assert home.python_backend is not None
    assert home.stubs is not None
    stub = home.stubs / f"3.{sys.version_info.minor}" / "triton_python_backend_stub"
    parts = [*sorted(home.python_backend.iterdir()), stub]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".backends-", dir=target.parent))
        try:
            (staging / PYTHON_BACKEND).mkdir()
            for part in parts:  # not as links: core refuses a library that "escapes" the backend directory
                shutil.copy(part, staging / PYTHON_BACKEND / part.name)
            with (staging / PYTHON_BACKEND / "triton_python_backend_utils.py").open("ab") as utils:
                utils.write(_NUMPY_2.read_bytes())  # the stub was compiled for NumPy 1 alone
            (staging / ONNX_BACKEND).mkdir()
            for part in _onnx_backend():
                shutil.copyfile(part, staging / ONNX_BACKEND / part.name)
            staging.chmod(0o755)
            with contextlib.suppress(FileExistsError):
                staging.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise TkError(
            f"{target.parent} cannot be written: {error.strerror or error}",
            hint="set TK_CACHE_DIR to another directory",
        ) from None
