"""A toolkit for the model repositories of NVIDIA Triton Inference Server.

The Python face of ``tk`` is three functions: ``load`` reads a repository into values, ``lint`` says what a server would
refuse, ``render`` gives the text of a ``config.pbtxt`` from its ``model.yaml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triton_kit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from triton_kit.linter.diagnostic import Report
    from triton_kit.model.repository import Repository

__all__ = ["__version__", "lint", "load", "render"]


def load(
    path: str | PathLike[str],
    *,
    release: str | None = None,
    auto_complete: bool = True,
    gpus: int | None = None,
    server_args: Sequence[str] = (),
) -> Repository:
    """The model repository at ``path``, as a Triton server of that container release sees it.

    Models, versions and configurations are read when they are asked for. ``models`` are the models by name; of a model
    ``versions`` are the versions that the server loads, ``all_versions`` those that it counts, each an integer with
    ``number`` and ``path``; ``config`` is the configuration as written, ``completed(version)`` that of a version after
    completion. Asking for what cannot be read raises ``triton_kit.model.broken.Broken``. The options are those of
    ``lint``. Raises UsageError for a release that is unknown.
    """
    from triton_kit.model.repository import Repository
    from triton_kit.model.server_flags import server_options

    return Repository(path, server_options(server_args, release=release, auto_complete=auto_complete, gpus=gpus))


def lint(
    path: str | PathLike[str],
    *,
    release: str | None = None,
    auto_complete: bool = True,
    gpus: int | None = None,
    server_args: Sequence[str] = (),
) -> Report:
    """What a Triton server of that container release would refuse in a repository, model, or config.pbtxt.

    ``auto_complete=False`` judges as ``--disable-auto-complete-config`` does; ``gpus`` is how many GPUs the server's
    machine has, ``None`` when unknown; ``server_args`` are its flags, such as ``--model-config-name=h100``. A
    ``release`` of ``None`` is the one that every command takes by default,
    ``triton_kit.repository.release_name.DEFAULT_RELEASE``. Raises UsageError for a path that does not exist or a
    release that is unknown.
    """
    from triton_kit.linter.engine import lint

    return lint(path, release=release, auto_complete=auto_complete, gpus=gpus, server_args=server_args)


def render(model: str | PathLike[str]) -> str:
    """The text of ``config.pbtxt`` as the ``model.yaml`` in that model directory and its template give it."""
    from pathlib import Path

    from triton_kit.project.render import render_model

    return render_model(Path(model))
