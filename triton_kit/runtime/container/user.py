"""Whom a container's server runs as: not root, where the repository can be read by someone else."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import UsageError

NOBODY = 65534
"""The user and the group that own nothing, on Linux."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user, ``UID:GID``, with further groups; a user of ``None`` is the image's own."""

    user: str | None = None
    groups: tuple[int, ...] = ()


def check(wanted: str) -> None:
    """Raise UsageError for what ``choose`` does not know."""
    if wanted not in ("auto", "image") and not re.fullmatch(r"\d{1,10}(?::\d{1,10})?", wanted, re.ASCII):
        raise UsageError(f"--user {wanted!r} is not a user of a container", hint="write auto, image, or UID[:GID]")


def choose(wanted: str, repository: Path, *, maps_users: bool) -> Identity:
    """The user out of ``auto``, ``image`` or ``UID[:GID]``.

    ``auto`` is the caller. Where that is root: the repository's owner, else nobody at all, whoever may read all of it,
    and if neither may the image's own user. An engine that maps users onto others (rootless, user namespaces) takes
    root's place itself: there it is the image's own user too, since no other could read what the caller owns.
    """
    check(wanted)
    if wanted not in ("auto", "image"):
        user, _, group = wanted.partition(":")
        return Identity(user=f"{int(user)}:{int(group or user)}")
    if wanted == "image" or maps_users:
        return Identity()
    if uid := os.getuid():
        gid = os.getgid()
        return Identity(user=f"{uid}:{gid}", groups=tuple(sorted({*os.getgroups()} - {gid, 0})))
    owner = repository.stat()
    for uid, gid in ((owner.st_uid, owner.st_gid), (NOBODY, NOBODY)):
        if uid and all(_readable(entry, uid, gid) for entry in _entries(repository)):
            return Identity(user=f"{uid}:{gid}")
    return Identity()


def one_identity(wanted: str, repositories: Sequence[Path], *, maps_users: bool) -> Identity:
    """The user that may read all of the repositories; the image's own where that is another one for each."""
    found = [choose(wanted, repository, maps_users=maps_users) for repository in repositories]
    return found[0] if all(one == found[0] for one in found) else Identity()


def _entries(repository: Path) -> Iterator[os.stat_result]:
    """The directories and files, without what links lead to: it is another entry, or not in the container."""
    yield repository.stat()
    for where, folders, files in os.walk(repository):
        for name in (*folders, *files):
            entry = (Path(where) / name).lstat()
            if not stat.S_ISLNK(entry.st_mode):
                yield entry


def _readable(entry: os.stat_result, uid: int, gid: int) -> bool:
    """Whether the mode lets that user read it, and enter it where it is a directory."""
    shift = 6 if entry.st_uid == uid else 3 if entry.st_gid == gid else 0
    wanted = 0o5 if stat.S_ISDIR(entry.st_mode) else 0o4
    return (entry.st_mode >> shift) & wanted == wanted
