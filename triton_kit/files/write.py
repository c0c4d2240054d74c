"""Plans into files: made ready in a stage, checked there, and moved into place in one step."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from triton_kit.errors import TkError, UsageError, assert_never
from triton_kit.files.plan import Mode, Plan, PlannedFile
from triton_kit.files.stage import PREFIX, lock, remove_stale, stage

Check = Callable[[Path], None]
"""Looks at a staged directory and raises if it is not to be."""


def write(plan: Plan, check: Check | None = None) -> None:
    """Make the plan's directory, which must not exist or be empty: all of it, or nothing.

    Killed at any moment, the directory is either complete or not there. With mode ``move`` the sources go last.
    Raises UsageError when something is in the way, TkError when it cannot be written.
    """
    refuse_occupied(plan.root)
    with explain_os_errors(plan.root), stage(plan.root.parent) as place:
        staged = place / plan.root.name
        fill(staged, plan.files)
        if check:
            check(staged)
        try:
            staged.rename(plan.root)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                refuse_occupied(plan.root)
            raise
        sync(plan.root.parent)
    remove_moved(plan.files)


def rehearse(plan: Plan, check: Check) -> None:
    """Make the plan's directory in a stage, where it is checked, and let it go again: for a run that writes nothing.

    Raises what ``write`` and ``write_into`` would for the files and for the check. A source is a second name in the
    stage where that can be, and is never moved.
    """
    near = next(p for p in (plan.root.absolute().parent, *plan.root.absolute().parents) if p.is_dir())
    with explain_os_errors(plan.root), stage(near) as place:
        staged = place / plan.root.name
        fill(staged, tuple(replace(f, mode="move") if f.mode == "copy" else f for f in plan.files))
        check(staged)


def write_into(plan: Plan, check: Check | None = None) -> None:
    """Like ``write``, for a directory that may hold other things: none of the plan's own may be there.

    A directory that is not there, too, comes as a whole. In one that is, each entry at its top comes as a whole, and
    goes again when a later one fails.
    """
    if not plan.root.exists():
        plan.root.parent.mkdir(parents=True, exist_ok=True)
        write(plan, check)
        return
    tops = list(dict.fromkeys(file.path.split("/")[0] for file in plan.files))
    refuse_in_the_way(plan.root, tops)
    with explain_os_errors(plan.root), stage(plan.root) as place:
        staged = place / "new"
        fill(staged, plan.files)
        if check:
            check(staged)
        done: list[str] = []
        try:
            for top in tops:
                refuse_in_the_way(plan.root, [top])
                (staged / top).rename(plan.root / top)
                done.append(top)
        except BaseException:
            for top in done:
                (plan.root / top).rename(staged / top)
            raise
        sync(plan.root)
    remove_moved(plan.files)


def refuse_in_the_way(root: Path, names: Iterable[str]) -> None:
    """Raise UsageError, naming what is there, when one of the names is taken."""
    if not root.is_dir():
        raise UsageError(f"{root} exists and is not a directory", hint="choose another name, or move it away")
    taken = [name for name in names if os.path.lexists(root / name)]
    if taken:
        raise UsageError(
            f"{root} is occupied: {', '.join(taken)} {'is' if len(taken) == 1 else 'are'} in the way",
            hint="choose another directory, or move them away",
        )


def refuse_occupied(root: Path) -> None:
    """Raise UsageError, naming what is there, when the place is taken; an empty directory is not."""
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise UsageError(f"{root} exists and is not a directory", hint="choose another name, or move it away")
    if root.is_dir() and (names := sorted(os.listdir(root))):  # noqa: PTH208
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise UsageError(f"{root} exists already, with {shown}", hint="choose another name, or move it away")


def fill(root: Path, files: tuple[PlannedFile, ...]) -> None:
    """Write the files below ``root`` and flush them to the disk."""
    root.mkdir(parents=True, exist_ok=True)
    directories = {root}
    for file in files:
        target = root / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        directories.update(p for p in target.parents if p.is_relative_to(root))
        if file.source is not None:
            _bring(file.source, target, file.mode)
        else:
            _put(target, (file.text or "").encode())
    for directory in directories:
        sync(directory)


def replace_text(path: Path, text: str) -> None:
    """``replace_bytes`` with a text, whose surrogate escapes become the bytes they stand for."""
    replace_bytes(path, text.encode("utf-8", "surrogateescape"))


def replace_bytes(path: Path, data: bytes) -> None:
    """Give an existing or new file this content in one step; killed at any moment, it has the old one or the new.

    A pipe or a device is written to, never replaced.
    """
    # Through a symbolic link the file it names is replaced, not the link. A loose file beside it disturbs no server.
    real = path.resolve()
    with explain_os_errors(path):
        # /dev/stdout may lead to a file, but what it names is the open stream.
        if path.is_relative_to("/dev") or (path.exists() and not path.is_file() and not path.is_dir()):
            path.write_bytes(data)
            return
        remove_stale(real.parent)
        staged = real.parent / f"{PREFIX}{secrets.token_hex(6)}"
        try:
            with staged.open("xb") as file:
                lock(file.fileno())
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                if real.exists():
                    shutil.copymode(real, staged)
                staged.replace(real)
        finally:
            staged.unlink(missing_ok=True)
        sync(real.parent)


def remove_moved(files: tuple[PlannedFile, ...]) -> None:
    """Remove the sources of what was moved, now that it is in its new place."""
    for file in files:
        if file.mode != "move" or file.source is None:
            continue
        try:
            if file.source.is_dir() and not file.source.is_symlink():
                shutil.rmtree(file.source)
            else:
                file.source.unlink()
        except OSError as error:
            raise TkError(
                f"{file.source} was brought along, but cannot be removed: {_reason(error)}", hint="remove it yourself"
            ) from None


def sync(path: Path) -> None:
    """Flush a directory to the disk, so that its names outlive a power cut; where that cannot be, go on."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def explain_os_errors(target: Path) -> Iterator[None]:
    """Say plainly why something cannot be written."""
    try:
        yield
    except OSError as error:
        hint = None
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                hint = "make room; a model file may be brought along with --link or --move"
            case errno.EACCES | errno.EPERM | errno.EROFS:
                hint = "check the permissions of the directory"
            case errno.EXDEV:
                hint = "the directory is on another file system than its parent: write where both are the same"
        named = str(error.filename or "")
        about = f" ({named})" if named and str(target) not in named and PREFIX not in named else ""
        raise TkError(f"{target} cannot be written: {_reason(error)}{about}", hint=hint) from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _put(target: Path, data: bytes) -> None:
    with target.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _bring(source: Path, target: Path, mode: Mode) -> None:
    """Bring a file or a tree along; a source that is a symbolic link is followed."""
    try:
        real = source.resolve(strict=True)
    except RuntimeError:  # A loop of links: an OSError from Python 3.13 on.
        raise TkError(f"{source} is a link that leads in a cycle") from None
    if real.is_dir():
        if source.is_symlink() and source.parent.resolve().is_relative_to(real):
            raise TkError(f"{source} is a link to a directory that it is in", hint="remove the link")
        target.mkdir()
        for child in sorted(real.iterdir()):
            _bring(child, target / child.name, mode)
        sync(target)
    else:
        _bring_file(real, target, mode)


def _bring_file(real: Path, target: Path, mode: Mode) -> None:
    match mode:
        case "copy":
            _copy(real, target)
        case "link":
            _link(real, target)
        case "move":
            # A move is a second name for the file first: the first one is given up when all is in place.
            try:
                os.link(real, target)
            except OSError:
                _copy(real, target)
        case _:
            assert_never(mode)


def _copy(source: Path, target: Path) -> None:
    try:
        with source.open("rb"):
            pass
    except OSError as error:
        raise TkError(f"{source} cannot be read: {_reason(error)}") from None
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            reason = "it is on another file system"
        else:
            reason = _reason(error)
        raise TkError(
            f"{source} cannot be hard-linked into the repository: {reason}", hint="leave out --link to copy it"
        ) from None
