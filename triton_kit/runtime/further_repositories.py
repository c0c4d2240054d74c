"""Repositories beside the first one: directories of this machine, and addresses that the server itself reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from triton_kit.errors import UsageError

_REMOTE = re.compile(r"(s3|gs|as)://", re.ASCII)
"""How the address of object storage begins (core filesystem/api.cc:GetFileSystem)."""


def is_remote(repository: str) -> bool:
    """Whether a repository is in object storage, where only the server looks at it."""
    return _REMOTE.match(repository) is not None


def directories(repositories: Sequence[str]) -> tuple[Path, ...]:
    """Those that are on this machine."""
    return tuple(Path(one) for one in repositories if not is_remote(one))


def check_further(repositories: Sequence[str], *, embedded: bool, needs: str | None) -> None:
    """Raise UsageError where the server cannot read one of them, or where an option is about a single repository.

    The embedded server is built without object storage; ``needs`` is that option.
    """
    remote = [one for one in repositories if is_remote(one)]
    if remote and embedded:
        raise UsageError(
            f"{remote[0]} is in object storage, which the embedded server cannot read",
            hint="take --runtime docker, with --env for the credentials, or copy it to this machine",
        )
    if repositories and needs is not None:
        raise UsageError(f"{needs} goes with one repository, and there are several", hint="serve one, or leave it out")


def refuse_remote(repository: str) -> None:
    """Raise UsageError for object storage where a directory must come first."""
    if is_remote(repository):
        raise UsageError(
            f"{repository} is in object storage, and the first repository must be a directory",
            hint=f"tk serve DIR {repository} --runtime docker; the models of both are served",
        )
