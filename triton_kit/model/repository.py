"""A repository as the server sees it: its models, each read when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.overlay import Disk
from triton_kit.model.server_options import USUAL, ServerOptions
from triton_kit.value import cached_property

if TYPE_CHECKING:
    from triton_kit.model.ensemble import EnsembleGraph
    from triton_kit.model.refusal import Refusal


def _unjudged(_: Model) -> None:
    """The judge of a repository that nobody judges: nothing is refused."""


class Repository:
    """A model repository as the server sees it; a model is read when it is asked for.

    ``directory`` is where it is, as it was given. ``judge`` says what the server would refuse a model for.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        options: ServerOptions = USUAL,
        judge: Callable[[Model], Refusal | None] = _unjudged,
    ) -> None:
        self.directory = os.fspath(directory)
        self.options = options
        self._judge = judge
        self._models: dict[str, Model] = {}
        self.others: tuple[Repository, ...] = ()
        """The server's other repositories, where several were given."""
        self.second = False
        """Whether another one was given before it."""
        self.disk: Disk = disk

    def __repr__(self) -> str:
        return f"Repository({self.directory!r})"

    @cached_property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.directory)

    @cached_property
    def models(self) -> dict[str, Model]:
        """All models by name, hidden ones included, as the server sees them.

        Raises UsageError where the path is not a directory that can be read.
        """
        from triton_kit.errors import UsageError

        hint = "give the path of a model repository"
        kind = disk.kind_of(self.directory)
        if kind in (None, disk.DANGLING):
            raise UsageError(f"{self.directory} does not exist", hint=hint)
        if kind != disk.DIRECTORY:
            raise UsageError(f"{self.directory} is not a directory", hint=hint)
        try:
            names = self.names
        except Broken:
            raise UsageError(f"{self.directory} cannot be read", hint="check its permissions") from None
        return {name: model for name in names if (model := self.model(name)) is not None}

    @cached_property
    def entries(self) -> dict[str, str]:
        """What is in the repository; Broken where it cannot be listed."""
        try:
            return disk.listing(self.directory)
        except OSError:
            raise Broken(self.directory) from None

    @cached_property
    def names(self) -> list[str]:
        """The names of all models: every sub-directory is one."""
        return disk.by_bytes(self.entries, disk.DIRECTORY)

    def model(self, name: str) -> Model | None:
        """The model of that name, or ``None``."""
        if name not in self._models:
            if not name or "/" in name or "\0" in name or name in (".", ".."):
                return None
            path = os.path.join(self.directory, name)
            if not os.path.isdir(path):
                return None
            self._models[name] = Model(path, self)
        return self._models[name]

    @cached_property
    def ensembles(self) -> EnsembleGraph:
        """Which of its models lead to which."""
        from triton_kit.model.ensemble import EnsembleGraph

        return EnsembleGraph()

    def forget(self, name: str) -> None:
        """Let go of what was read of a model; who asks for it again gets it read again."""
        self._models.pop(name, None)

    def holders(self, name: str) -> list[Repository]:
        """The server's repositories that have a model of that name, this one first."""
        return [one for one in (self, *self.others) if one.model(name) is not None]

    def find(self, name: str, namespace: str = "") -> Model | None:
        """The model that an ensemble of this repository gets by that name; ``None`` where there is none, or several.

        With namespacing the own repository comes first, or the one that ``namespace`` names (core
        model_repository_manager.cc:DependencyGraph::FindNode).
        """
        if not self.others and not namespace:
            return self.model(name)
        holders = self.holders(name)
        if self.options.namespacing and namespace:
            holders = [one for one in holders if one.directory == namespace]
        if len(holders) == 1 or (holders and holders[0] is self):
            return holders[0].model(name)
        return None

    def refusal(self, model: Model) -> Refusal | None:
        """What the server would refuse a model for, as the judge says; ``None`` where it would take it."""
        return self._judge(model)
