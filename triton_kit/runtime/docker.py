"""Triton in a container: Docker, or Podman, which differs in the program's name and in how GPUs are passed."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.repository.release import release
from triton_kit.runtime.container import Engine
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.container.env_file import engines_own, env_file, the_engines_own, write_env_file
from triton_kit.runtime.further_repositories import directories, is_remote
from triton_kit.runtime.local import endpoints
from triton_kit.runtime.process import Process, spawn
from triton_kit.runtime.shell_command import ShellCommand, differing
from triton_kit.runtime.state.files import place
from triton_kit.runtime.state.registry import LABEL, PLACE
from triton_kit.runtime.types import Endpoints, ServerSpec

_MODELS = "/models"


_LOGGING = {
    "docker": ["--log-driver", "json-file", "--log-opt", "max-size=16m", "--log-opt", "max-file=2"],
    "podman": ["--log-driver", "k8s-file", "--log-opt", "max-size=32m"],
}
"""How much of its log an engine keeps of a container that nobody watches."""


def _silent(_line: str) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerRuntime:
    """Runs the official image, or another one with tritonserver on its PATH; ``progress`` gets a pull's lines."""

    engine: Engine = "docker"
    progress: Callable[[str], None] = _silent

    @property
    def name(self) -> str:
        return self.engine

    def check(self, spec: ServerSpec) -> None:
        """Raise TkError, with the remedy, when there is no engine, or no image and ``spec.pull`` is ``never``."""
        engines.check(self.engine)
        if spec.pull == "never" and not engines.has_image(self.engine, image(spec)):
            raise TkError(
                f"image {image(spec)} is not on this machine, and --pull never forbids fetching it",
                hint="take --pull missing, or --image with one that is here",
            )

    def argv(self, spec: ServerSpec) -> list[str]:
        """The command line that ``start`` runs. Values of ``spec.env`` stay out of it: see ``environment``."""
        argv = [self.engine, "run", *([] if spec.detach else ["--rm"])]
        if spec.name:
            argv += ["--name", spec.name]
        for key, value in _labels(spec).items():
            argv += ["--label", f"{key}={value}"]
        argv += ["--security-opt", "no-new-privileges", "--cap-drop", "ALL", *_identity(spec)]
        for outside, inside in ((spec.http_port, 8000), (spec.grpc_port, 8001), (spec.metrics_port, 8002)):
            argv += ["-p", f"{f'[{spec.bind}]' if ':' in spec.bind else spec.bind}:{outside}:{inside}"]
        for i, repository in enumerate((spec.repository, *directories(spec.more))):
            argv += ["--mount", mount(repository, _inside(i))]
        argv += ["--shm-size", str(spec.shm_size), *_limits(spec)]
        argv += self._gpus(spec)
        if engines_own(spec):
            argv += ["--env-file", str(env_file(spec))]
        for key in spec.env:
            argv += [] if the_engines_own(key) else ["--env", key]
        if spec.detach:
            argv += _LOGGING[self.engine]
        argv += ["--pull", spec.pull, image(spec)]
        argv += ["tritonserver", *(f"--model-repository={place}" for place in _seen(spec))]
        argv.append(f"--exit-on-error={'true' if spec.exit_on_error else 'false'}")
        if spec.verbose:
            argv.append("--log-verbose=1")
        return [*argv, *spec.server_args]

    def environment(self, spec: ServerSpec) -> dict[str, str]:
        """The environment of the engine's command line, out of which ``--env NAME`` takes its value unseen by ps."""
        return {**os.environ, **{k: v for k, v in spec.env.items() if not the_engines_own(k)}}

    def command(self, spec: ServerSpec) -> ShellCommand:
        """The same for a shell, with the values of ``spec.env`` that are not in our environment."""
        argv = self.argv(spec)
        if own := engines_own(spec):
            at = argv.index("--env-file")
            argv[at : at + 2] = [word for key, value in own.items() for word in ("--env", f"{key}={value}")]
        return ShellCommand(argv, differing(self.environment(spec)))

    def start(self, spec: ServerSpec) -> DockerServer:
        """Fetch the image if need be, and start a container; its server is not ready yet."""
        if not spec.repository.is_dir():
            raise TkError(f"{spec.repository} is not a directory")
        if spec.pull == "always" or (spec.pull == "missing" and not engines.has_image(self.engine, image(spec))):
            engines.pull(self.engine, image(spec), self.progress)
        if spec.name is None:
            spec = replace(spec, name=new_name(spec.repository))
        assert spec.name is not None
        engines.check_name(self.engine, spec.name)
        # The pull is done: `run` must not begin another one without its progress being seen.
        argv = self.argv(replace(spec, pull="missing" if spec.pull == "always" else spec.pull))
        started = time.time()
        write_env_file(spec)
        leftovers = [f"container:{self.engine}:{spec.name}", str(env_file(spec)), *spec.leftovers]
        process = spawn(argv, env=self.environment(spec), leftovers=leftovers)
        return DockerServer(process=process, spec=spec, engine=self.engine, container=spec.name, started=started)

    def _gpus(self, spec: ServerSpec) -> list[str]:
        gpus = spec.gpus
        if gpus == "none":
            return []
        if self.engine == "podman" or spec.gpu_way == "cdi":
            return [part for gpu in gpus.split(",") for part in ("--device", f"nvidia.com/gpu={gpu}")]
        # The value is read as CSV: a list of devices is one field, and so is in quotes of its own.
        return ["--gpus", "all" if gpus == "all" else f'"device={gpus}"']


class DockerServer:
    """A container that was started: the engine's command line is our child and carries its log."""

    def __init__(self, *, process: Process, spec: ServerSpec, engine: Engine, container: str, started: float) -> None:
        self.container = container
        self._process = process
        self._spec = spec
        self._engine = engine
        self._started = started
        self._last: deque[str] = deque(maxlen=40)
        self._stopped = False

    @property
    def endpoints(self) -> Endpoints:
        return endpoints(self._spec)

    @property
    def description(self) -> str:
        return f"{self._engine} {image(self._spec)}"

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def log(self) -> Iterator[str]:
        for line in self._process.lines():
            self._last.append(line)
            yield line

    def release(self) -> None:
        """Leave the container alone; the command line that showed its log ends, without passing that on to it."""
        self._process.release()
        self._process.abandon()
        env_file(self._spec).unlink(missing_ok=True)

    def stop(self, *, grace: float = 10.0) -> None:
        """End the container, then the command line that waits for it; whatever is left of it is removed."""
        if self._stopped:
            return
        known = self._process.poll() is not None or engines.stop(self._engine, self.container, grace)
        if known:
            self._process.wait(5.0)
        self._process.stop(grace=1.0)
        engines.remove(self._engine, self.container)
        if not known:
            # It was ended while the engine was still making the container, which may come after its maker's end.
            time.sleep(0.5)
            engines.remove(self._engine, self.container)
        self._stopped = True

    def explain_end(self) -> TkError | None:
        """Why it ended by itself, where that lies with the engine and not with Triton; ``None`` otherwise."""
        code = self.exit_code
        for line in self._process.lines():
            self._last.append(line)
        if code == 125:
            return engines.refusal(self._engine, self._last)
        if code in (126, 127) and not any("tritonserver" in line and "_stub" in line for line in self._last):
            return TkError(
                f"{image(self._spec)} cannot run tritonserver: {self._last[-1] if self._last else f'exit code {code}'}",
                hint="take an image that has Triton in it",
            )
        if code is None or code not in (137, 143):
            return None
        out_of_memory, signal = engines.exit_cause(self._engine, self.container, self._started)
        if signal is None or out_of_memory:
            return TkError(
                f"container {self.container} ran out of memory and was killed by the kernel",
                hint="give the engine more memory, or serve fewer models and instances",
            )
        return TkError(f"container {self.container} was ended from outside, by signal {signal}")


def image(spec: ServerSpec) -> str:
    """The image to run: the one asked for, else the official one of the release."""
    return spec.image or release(spec.release).image()


def _inside(number: int) -> str:
    """Where the directory of that number is in the container."""
    return f"{_MODELS}-{number + 1}" if number else _MODELS


def _seen(spec: ServerSpec) -> list[str]:
    """The repositories as the server in the container sees them."""
    places, found = iter(range(1, len(spec.more) + 1)), [_MODELS]
    return found + [one if is_remote(one) else _inside(next(places)) for one in spec.more]


def mount(repository: Path, target: str = _MODELS) -> str:
    """The value of ``--mount`` for the repository: CSV, so fields with commas or quotes are quoted."""
    fields = ["type=bind", f"source={repository.resolve()}", f"target={target}", "readonly"]
    return ",".join(_csv(field) for field in fields)


def new_name(repository: Path) -> str:
    """A name for a container that shows its repository and is not taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", repository.resolve().name.lower()).strip("-")[:40].strip("-")
    return "-".join(filter(None, ("tk", slug, secrets.token_hex(3))))


def outside_links(repository: Path) -> list[Path]:
    """The symbolic links in the repository that lead out of it: in a container they lead nowhere. Sorted."""
    root = repository.resolve()
    entries = (Path(where, name) for where, folders, files in os.walk(root) for name in (*folders, *files))
    return sorted(entry for entry in entries if entry.is_symlink() and _leads_out(entry, root))


def _leads_out(link: Path, root: Path) -> bool:
    """An absolute link leads out even to its own repository, which has another place in the container."""
    return link.readlink().is_absolute() or not link.resolve().is_relative_to(root)


def _csv(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if re.search(r'[",\r\n]', field) else field


def _identity(spec: ServerSpec) -> list[str]:
    """Whom the server runs as. It opens its ports and reads files, and needs none of root's powers for that.

    But that over others' files, where it is the image's own user, root most often: a repository may be readable by its
    owner alone. The mount stays read-only all the same. A user whom the image does not know has no home and no name,
    and libraries ask for both (PyTorch's compiler, the caches of Hugging Face).
    """
    if spec.user is None:
        return ["--cap-add", "DAC_OVERRIDE"]
    argv = ["--user", spec.user]
    for group in spec.groups:
        argv += ["--group-add", str(group)]
    for name, value in (("HOME", "/tmp"), ("USER", "triton")):
        if name not in spec.env:
            argv += ["--env", f"{name}={value}"]
    return argv


def _limits(spec: ServerSpec) -> list[str]:
    memory = [] if spec.memory is None else ["--memory", str(spec.memory)]
    return memory + ([] if spec.cpus is None else ["--cpus", f"{spec.cpus:g}"])


def _labels(spec: ServerSpec) -> dict[str, str]:
    from triton_kit.version import __version__

    return {
        LABEL: "1",
        f"{LABEL}.version": __version__,
        f"{LABEL}.repository": str(spec.repository.resolve()),
        **({f"{LABEL}.release": spec.release} if spec.release_known else {}),
        f"{LABEL}.ports": f"{spec.http_port},{spec.grpc_port},{spec.metrics_port}",
        PLACE: place(),
        **spec.labels,
    }
