"""Where a server has its models from, and how it is served, as far as that is known on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import TkError, UsageError
from triton_kit.repository.release_name import DEFAULT_RELEASE

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic
    from triton_kit.model.repository import Repository
    from triton_kit.runtime.state.registry import Running

ANSWER = 10.0
"""Seconds that the server gets for an answer that needs no loading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The repository that a server has its models from, as far as it is known here, and how it is served."""

    repository: Path | None = None
    release: str = DEFAULT_RELEASE
    server_args: tuple[str, ...] = ()
    cpu: bool = False

    def as_served(self, *, gpus: int | None = None) -> Repository:
        """The repository as the server sees it; nothing is read yet. ``gpus`` is how many it has, where known."""
        from triton_kit.model.repository import Repository
        from triton_kit.model.server_flags import server_options

        assert self.repository is not None
        return Repository(self.repository, server_options(self.server_args, release=self.release, gpus=gpus))

    def config(self, model: str) -> Mapping[str, object] | None:
        """What the model's file says, on the CPU where the server was started so; ``None`` where that is not known."""
        from triton_kit.runtime.config_override import on_cpu, written_config

        found = self.as_served().model(model) if self.repository is not None else None
        if found is None:
            return None
        config = written_config(found)
        return on_cpu(config) if config is not None and self.cpu else config

    def prepare(self, model: str) -> None:
        """Let nothing that an earlier load left hide a change."""
        from triton_kit.serve.bytecode import drop_stale

        if self.repository is not None and "/" not in model:
            drop_stale(self.repository / model)

    def findings(self, model: str) -> list[Diagnostic]:
        """What the linter finds in the model that a server would refuse."""
        from triton_kit.serve.findings import refused_as_served

        if self.repository is None or "/" in model or not (self.repository / model).is_dir():
            return []
        try:
            found = refused_as_served(self.repository / model, self.as_served().options, cpu=self.cpu)
        except TkError:
            return []
        return [d for d in found if self._is_at(d, model)]

    def _is_at(self, diagnostic: Diagnostic, model: str) -> bool:
        assert self.repository is not None
        return Path(diagnostic.file).absolute().is_relative_to((self.repository / model).absolute())


def find_source(url: str, *, grpc: bool, running: Running | None, repository: Path | None) -> Source:
    """Where the server's models are: as given, as tk knows, or the project's for a server on this machine.

    Raises UsageError for a ``repository`` that is not a directory.
    """
    from triton_kit.client.address import parse_address
    from triton_kit.project.settings import find

    if repository is not None and not repository.is_dir():
        raise UsageError(f"{repository} is not a directory", hint="give the model repository")
    if running is not None:
        request = running.again.get("wish", {})
        return Source(
            repository=repository or running.repository,
            release=running.release or DEFAULT_RELEASE,
            server_args=tuple(map(str, request.get("server_args", ()))),
            cpu=bool(request.get("cpu")),
        )
    if repository is not None:
        return Source(repository=repository)
    here = parse_address(url, grpc=grpc).host in ("127.0.0.1", "::1", "localhost")
    project = find() if here else None
    if project is None or not project.repository.is_dir():
        return Source()
    return Source(repository=project.repository, release=project.release or Source().release)
