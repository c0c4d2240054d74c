"""The embedded server: a tritonserver of this machine, without a container."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.runtime.fetch import (
    Progress,
    ServerHome,
    cache_dir,
    check_machine,
    find_home,
    server_home,
)
from triton_kit.runtime.process import Process, spawn
from triton_kit.runtime.python import interpreter_bin, library_directory
from triton_kit.runtime.types import Endpoints, ServerSpec

_NUMPY_2 = Path(__file__).parent / "python_backend" / "numpy2.py"
_SHM = "/dev/shm/"


def _silent(_message: str) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRuntime:
    """Runs a tritonserver on PATH, else the one of the nvidia-pytriton wheel with an ONNX backend of ours.

    ``progress`` gets a sentence before anything that takes time (the first use fetches 55 MB).
    """

    progress: Progress = _silent
    name: str = "local"

    def check(self, spec: ServerSpec) -> None:
        """Raise TkError, with the remedy, when the server could not run here; fetches nothing."""
        home = find_home()
        if home.origin == "path":
            return
        check_machine()
        library_directory()
        needed = ["numpy", "onnxruntime"] if _has_onnx(spec.repository) else ["numpy"]
        for package in needed:
            if importlib.util.find_spec(package) is None:
                raise TkError(
                    f"{package} is not installed in {sys.prefix}, and the embedded server needs it",
                    hint="pip install 'triton-kit[local]'",
                )

    def argv(self, spec: ServerSpec) -> list[str]:
        """The command line that ``start`` runs."""
        home = find_home()
        argv = [
            str(home.binary),
            f"--model-repository={spec.repository.absolute()}",
            f"--http-address={spec.bind}",
            f"--http-port={spec.http_port}",
            f"--grpc-address={spec.bind}",
            f"--grpc-port={spec.grpc_port}",
            f"--metrics-address={spec.bind}",
            f"--metrics-port={spec.metrics_port}",
            f"--exit-on-error={'true' if spec.exit_on_error else 'false'}",
        ]
        if not any("shm-region-prefix-name" in argument for argument in spec.server_args):
            argv.append(f"--backend-config=python,shm-region-prefix-name={_shm_prefix(spec)}")
        if home.origin != "path":
            argv += [f"--backend-directory={_backends(home)}", f"--cache-directory={home.caches}"]
        if spec.verbose:
            argv.append("--log-verbose=1")
        return [*argv, *spec.server_args]

    def environment(self, spec: ServerSpec) -> dict[str, str]:
        """The environment of the server and its stubs, on top of ours."""
        home = find_home()
        env = dict(os.environ)
        if home.origin != "path":
            # The stub is an embedded Python: the first python3 on PATH tells it where its packages are.
            env.pop("PYTHONHOME", None)
            env.pop("PYTHONPATH", None)
            libraries = [str(home.libs), library_directory(), env.get("LD_LIBRARY_PATH", "")]
            env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, libraries))
            env["PATH"] = os.pathsep.join([str(interpreter_bin(cache_dir())), env.get("PATH", os.defpath)])
        if spec.gpus != "all":
            env["CUDA_VISIBLE_DEVICES"] = "" if spec.gpus == "none" else spec.gpus
        if home.origin != "path" and (batch := _default_max_batch_size(spec.server_args)):
            env["TK_ONNX_DEFAULT_MAX_BATCH_SIZE"] = batch  # a Python-based backend is not told the server's options
        return {**env, **spec.env}

    def start(self, spec: ServerSpec) -> LocalServer:
        """Start the server; it is not ready yet. Raises TkError when it cannot be had or started."""
        if not spec.repository.is_dir():
            raise TkError(f"{spec.repository} is not a directory")
        home = server_home(self.progress)
        if home.origin != "path":
            _make_backends(home, _backends(home))
        process = spawn(
            self.argv(spec),
            env=self.environment(spec),
            leftovers=[f"{_SHM}{_shm_prefix(spec)}*"],
            keep=spec.detach is None,
            output=spec.detach,
        )
        return LocalServer(process=process, spec=spec, binary=home.binary, origin=home.origin)


class LocalServer:
    """An embedded server that was started."""

    def __init__(self, *, process: Process, spec: ServerSpec, binary: Path, origin: str) -> None:
        self._process = process
        self._spec = spec
        self._binary = binary
        self._origin = origin

    @property
    def endpoints(self) -> Endpoints:
        return endpoints(self._spec)

    @property
    def description(self) -> str:
        return f"{self._binary}" if self._origin == "path" else "embedded tritonserver"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def log(self) -> Iterator[str]:
        return self._process.lines()

    def stop(self, *, grace: float = 10.0) -> None:
        self._process.stop(grace=grace)


def endpoints(spec: ServerSpec) -> Endpoints:
    """Where a server with these ports answers, seen from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(spec.bind, spec.bind)
    host = f"[{host}]" if ":" in host else host
    return Endpoints(
        http=f"http://{host}:{spec.http_port}",
        grpc=f"{host}:{spec.grpc_port}",
        metrics=f"http://{host}:{spec.metrics_port}/metrics",
    )


def _shm_prefix(spec: ServerSpec) -> str:
    """Names the server's shared memory: only one server can have this address, so what remains is of a dead one."""
    return f"tk_{spec.bind.replace(':', '.')}_{spec.http_port}_"


def _default_max_batch_size(server_args: tuple[str, ...]) -> str | None:
    """What ``--backend-config=onnxruntime,default-max-batch-size=N`` says, or the global setting of that name."""
    found: dict[str, str] = {}
    for argument in " ".join(server_args).replace("--backend-config ", "--backend-config=").split():
        option, _, setting = argument.partition("=")
        backend, _, assignment = setting.rpartition(",")
        key, _, value = assignment.partition("=")
        if option == "--backend-config" and key == "default-max-batch-size" and value.lstrip("-").isdigit():
            found[backend] = value
    return found.get("onnxruntime", found.get(""))


def _has_onnx(repository: Path) -> bool:
    for model in repository.iterdir() if repository.is_dir() else ():
        if model.is_dir() and next(model.glob("*/*.onnx"), None) is not None:
            return True
        with contextlib.suppress(OSError):
            if b"onnxruntime" in (model / "config.pbtxt").read_bytes():
                return True
    return False


def _onnx_backend() -> list[Path]:
    return sorted((Path(__file__).parent / "onnxruntime_backend").glob("*.py"))


def _backends(home: ServerHome) -> Path:
    """The backend directory of our own, named after all that it is made of."""
    minor = f"3.{sys.version_info.minor}"
    made_of = f"{home.python_backend} {minor} ".encode() + b"".join(
        part.read_bytes() for part in [*_onnx_backend(), _NUMPY_2]
    )
    return cache_dir() / f"backends-{minor}-{hashlib.sha256(made_of).hexdigest()[:12]}"


def _make_backends(home: ServerHome, target: Path) -> None:
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
            (staging / "python").mkdir()
            for part in parts:  # not as links: core refuses a library that "escapes" the backend directory
                shutil.copy(part, staging / "python" / part.name)
            with (staging / "python" / "triton_python_backend_utils.py").open("ab") as utils:
                utils.write(_NUMPY_2.read_bytes())  # the stub was compiled for NumPy 1 alone
            (staging / "onnxruntime").mkdir()
            for part in _onnx_backend():
                shutil.copyfile(part, staging / "onnxruntime" / part.name)
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
