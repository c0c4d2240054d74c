"""trtexec in a container of the release's image, run to its end."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from triton_kit.backends import tensorrt
from triton_kit.convert import trtexec
from triton_kit.convert.trtexec import Build
from triton_kit.errors import TkError
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.gpu import selection
from triton_kit.runtime.process import Process, spawn


def build_engine(
    build: Build, *, progress: Callable[[str], None], log: Callable[[str], None], pause: float = 0.1
) -> Path:
    """Run trtexec in a container to its end; the engine's file. Raises TkError. The container is gone afterwards."""
    engines.check(build.engine)
    build = _with_gpus(build)
    if not engines.has_image(build.engine, build.image):
        if build.pull == "never":
            raise TkError(f"image {build.image} is not on this machine", hint="take --pull missing")
        engines.pull(build.engine, build.image, progress)
    progress(f"building an engine in {build.image}: this may take minutes")
    with _container(build) as process:
        output: deque[str] = deque(maxlen=2000)
        ended = False
        while not ended:
            ended = process.poll() is not None and process.output_ended
            for line in process.lines():
                output.append(line)
                log(line)
            time.sleep(0 if ended else pause)
        code = process.poll()
    plan = build.out / trtexec.ENGINE_FILE
    if code != 0:
        raise trtexec.explain(build, code or 0, output)
    if not _is_engine(plan):
        raise TkError("trtexec ended well, and wrote no engine", hint="see the whole log with --verbose")
    return plan


def _is_engine(plan: Path) -> bool:
    """Whether there is a file that is not plainly something else."""
    if not plan.is_file() or plan.stat().st_size == 0:
        return False
    try:
        tensorrt.read(plan)
    except TkError:
        return False
    return True


def _with_gpus(build: Build) -> Build:
    """The build with the GPUs of this machine, as the engine hands them on. Raises TkError where there is none."""
    choice = selection.choose(build.gpus, engine=build.engine)
    if choice.gpus == "none" or choice.way is None:
        why = choice.reason if choice.gpus == "none" else f"{build.engine} cannot hand GPUs on: no toolkit, no CDI"
        raise TkError(
            f"an engine is built on a GPU, and there is none for it ({why})",
            hint="run it where the model is to be served; see tk doctor, or let --dry-run print the command",
        )
    user = None if engines.maps_users(build.engine) else build.user
    return replace(build, gpus=choice.gpus, gpu_way=choice.way, user=user)


@contextlib.contextmanager
def _container(build: Build) -> Iterator[Process]:
    process = spawn(trtexec.argv(build), leftovers=[f"container:{build.engine}:{build.name}"])
    try:
        yield process
    finally:
        process.stop(grace=0.0 if process.poll() is None else 1.0)
        engines.remove(build.engine, build.name)
