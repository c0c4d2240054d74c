"""What several checks ask of the machine, each found out once and with a limit of time."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from triton_kit.errors import TkError
from triton_kit.repository.release import Release, release
from triton_kit.runtime import process
from triton_kit.runtime.gpu.devices import Devices, look

PATIENCE = 6.0
"""Seconds that another program gets; a check as a whole gets a little more, see ``examine``."""


class EngineInfo(NamedTuple):
    """What an engine's ``info`` says, or in ``trouble`` why it says nothing."""

    info: Mapping[str, object]
    trouble: str | None


class Machine:
    """The machine, the repository that is to be served (``None``: none was named or found), and the release.

    ``flags`` are those of the server that is to serve it.
    """

    def __init__(
        self,
        *,
        repository: Path | None,
        container: str,
        environment: Mapping[str, str],
        image: str | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self.repository = repository
        self.release: Release = release(container)
        self.environment = environment
        self.flags = tuple(flags)
        self.image = image or self.release.image()
        self._lock = threading.RLock()
        self._devices: Devices | None = None
        self._info: EngineInfo | None = None

    @property
    def engine(self) -> str | None:
        """The container engine that tk would take: docker, else podman; ``None`` where neither is installed."""
        return next((name for name in ("docker", "podman") if shutil.which(name)), None)

    @property
    def info(self) -> EngineInfo:
        """What the engine says of itself."""
        with self._lock:
            if self._info is None:
                self._info = _ask(self.engine)
            return self._info

    @property
    def devices(self) -> Devices:
        """The GPUs of this machine."""
        with self._lock:
            if self._devices is None:
                self._devices = look(timeout=PATIENCE)
            return self._devices


def _ask(engine: str | None) -> EngineInfo:
    if engine is None:
        return EngineInfo({}, "neither docker nor podman is installed")
    try:
        done = process.run([engine, "info", "--format", "{{json .}}"], timeout=PATIENCE)
    except TkError as error:
        return EngineInfo({}, error.message.partition(":")[0])
    try:
        info = json.loads(done.stdout)
    except ValueError:
        info = None
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if not isinstance(info, dict):
        return EngineInfo({}, lines[-1].rstrip(".") if lines else f"{engine} info says nothing that can be read")
    errors = info.get("ServerErrors") or ([] if done.exit_code == 0 else lines[-1:])
    return EngineInfo(info, str(errors[0]).strip().rstrip(".") if errors else None)
