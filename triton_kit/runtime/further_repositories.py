"""Repositories beside the first one: directories of this machine, and addresses that the server itself reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.runtime.state.files import explain_os_errors, state_dir

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


def stand_in(address: str) -> Path:
    """An empty directory of tk's own that is the first repository where object storage alone is served.

    Named after the address, since a server that tk runs is named after its first repository. Raises TkError where it
    cannot be made.
    """
    words = re.sub(r"[^A-Za-z0-9]+", "-", address).strip("-")
    place = state_dir() / "remote" / words
    with explain_os_errors():
        place.mkdir(parents=True, exist_ok=True)
    return place
