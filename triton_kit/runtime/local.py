"""The embedded server: a tritonserver of this machine, without a container."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.files.cache import cache_dir
from triton_kit.model.server_flags import server_options
from triton_kit.runtime.embedded import ONNX_BACKEND
from triton_kit.runtime.embedded.backend_directory import backend_directory, make_backend_directory
from triton_kit.runtime.embedded.binaries import Progress, ServerHome, check_machine, find_home, server_home
from triton_kit.runtime.embedded.plain_path import link, plain
from triton_kit.runtime.embedded.python_environment import interpreter_bin, library_directory
from triton_kit.runtime.further_repositories import directories
from triton_kit.runtime.mirror import make_mirror
from triton_kit.runtime.process import Process, spawn
from triton_kit.runtime.restricted_endpoints import opening_headers
from triton_kit.runtime.shell_command import ShellCommand, differing
from triton_kit.runtime.types import Endpoints, ServerSpec

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
        needed = ["numpy", ONNX_BACKEND] if any(map(_has_onnx, _repositories(spec))) else ["numpy"]
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
            *(f"--model-repository={plain(place, _owner(spec))}" for place in _repositories(spec)),
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
            backends = plain(backend_directory(home), _owner(spec))
            argv += [f"--backend-directory={backends}", f"--cache-directory={home.caches}"]
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
            env["PATH"] = os.pathsep.join(
                [str(interpreter_bin(cache_dir(), bytecode=spec.bytecode)), env.get("PATH", os.defpath)]
            )
        if spec.gpus != "all":
            env["CUDA_VISIBLE_DEVICES"] = "" if spec.gpus == "none" else spec.gpus
        if home.origin != "path":
            # A Python-based backend is not told the server's options.
            batch = server_options(spec.server_args).default_max_batch_size
            env["TK_ONNX_DEFAULT_MAX_BATCH_SIZE"] = str(batch)
        return {**env, **spec.env}

    def command(self, spec: ServerSpec) -> ShellCommand:
        """The same for a shell. The backend directory is made; links that the paths need are made by the command.

        Raises TkError where the server is yet to be fetched.
        """
        home = find_home()
        if not home.binary.is_file():
            raise TkError(f"{home.binary} is not there yet", hint="fetch the embedded server first: tk demo")
        paths = _repositories(spec)
        if home.origin != "path":
            make_backend_directory(home, backend_directory(home))
            paths.append(backend_directory(home))
        links = [["ln", "-sfn", str(path), str(to)] for path in paths if (to := plain(path, _owner(spec))) != path]
        return ShellCommand(self.argv(spec), differing(self.environment(spec)), links)

    def start(self, spec: ServerSpec) -> LocalServer:
        """Start the server; it is not ready yet. Raises TkError when it is not available or started."""
        if not spec.repository.is_dir():
            raise TkError(f"{spec.repository} is not a directory")
        home = server_home(self.progress)
        if home.origin == "path" and not spec.bytecode:
            return self._start_on_mirror(spec)
        return self._start(spec, home, {})

    def _start_on_mirror(self, spec: ServerSpec) -> LocalServer:
        """Start a server on PATH, whose Python is not ours to keep from writing beside the models."""
        with contextlib.ExitStack() as ending:
            place = make_mirror(spec.repository, ending)
            shown = {str(place): str(spec.repository.absolute())}
            server = self._start(replace(spec, repository=place), server_home(self.progress), shown)
            ending.pop_all()  # from here on the server's end removes it
        return server

    def _start(self, spec: ServerSpec, home: ServerHome, mirrors: Mapping[str, str]) -> LocalServer:
        paths = _repositories(spec)
        if home.origin != "path":
            make_backend_directory(home, backend_directory(home))
            paths.append(backend_directory(home))
        links = {str(place): str(path) for path in paths if (place := link(path, _owner(spec))) is not None}
        links |= mirrors
        process = spawn(
            self.argv(spec),
            env=self.environment(spec),
            leftovers=[f"{_SHM}{_shm_prefix(spec)}*", *links, *spec.leftovers],
            output=spec.log,
        )
        return LocalServer(process=process, spec=spec, binary=home.binary, origin=home.origin, links=links)


class LocalServer:
    """An embedded server that was started."""

    def __init__(
        self, *, process: Process, spec: ServerSpec, binary: Path, origin: str, links: Mapping[str, str]
    ) -> None:
        self._process = process
        self._spec = spec
        self._binary = binary
        self._origin = origin
        self._links = links

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
    def leftovers(self) -> tuple[str, ...]:
        """What a killed server leaves, see ``reaper.sweep``."""
        return (f"{_SHM}{_shm_prefix(self._spec)}*", *self._links)

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def log(self) -> Iterator[str]:
        for line in self._process.lines():
            for place, path in self._links.items():
                line = line.replace(place, path)
            yield line

    def release(self) -> None:
        self._process.release()

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
        headers=opening_headers(spec.server_args)[0],
    )


def _repositories(spec: ServerSpec) -> list[Path]:
    return [place.absolute() for place in (spec.repository, *directories(spec.more))]


def _owner(spec: ServerSpec) -> str:
    return f"{spec.bind} {spec.http_port}"


def _shm_prefix(spec: ServerSpec) -> str:
    """Names the server's shared memory: only one server can have this address, so what remains is of a dead one."""
    return f"tk_{spec.bind.replace(':', '.')}_{spec.http_port}_"


def _has_onnx(repository: Path) -> bool:
    for model in repository.iterdir() if repository.is_dir() else ():
        if model.is_dir() and next(model.glob("*/*.onnx"), None) is not None:
            return True
        with contextlib.suppress(OSError):
            if ONNX_BACKEND.encode() in (model / "config.pbtxt").read_bytes():
                return True
    return False
