"""What a path on the command line means: a repository, a model, or one file of a model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from triton_kit.backends.detect import MODEL_FILES
from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.repository.names import CONFIG_NAME, RESERVED_DIRECTORIES, TESTS


class Target(NamedTuple):
    """A repository, and the names of the models in it that were asked for; ``whole`` asks for all and for itself."""

    repository: str
    models: tuple[str, ...] = ()
    whole: bool = False


def find_targets(paths: Iterable[str | os.PathLike[str]]) -> list[Target]:
    """What each path stands for, once. Raises UsageError for a path that does not exist or means nothing."""
    return list(dict.fromkeys(find_target(os.fspath(path)) for path in paths))


def belongs_to_model(path: str) -> bool:
    """Whether a path is a model or a file of one. A number for a name makes no version: it may be a year."""
    try:
        target = find_target(path)
    except UsageError:
        return False
    if os.path.basename(path) == CONFIG_NAME:
        return True
    return not target.whole and all(is_model(os.path.join(target.repository, name)) for name in target.models)


def find_target(path: str) -> Target:
    """What a path stands for, by what it is and what is in it."""
    kind = disk.kind_of(path)
    if kind is None or kind == disk.DANGLING:
        fault = "is a broken link" if kind else "does not exist"
        raise UsageError(f"{path} {fault}", hint="give a model repository, a model, or a file of one")
    if kind == disk.DIRECTORY and os.path.basename(path.rstrip("/")) != CONFIG_NAME:
        if path in ("", "."):
            return _model(os.getcwd()) if is_model(path) else Target(path or ".", whole=True)
        return _model(path) if is_model(path) else Target(path, whole=True)
    return _model_of_file(path)


def _model_of_file(path: str) -> Target:
    """The model that a file belongs to, by where it is."""
    folder, name = os.path.split(path.rstrip("/"))
    folder = folder or "."
    if name == CONFIG_NAME:
        return _model(folder)
    if os.path.basename(folder) == "configs" and name.endswith(".pbtxt"):
        return _model(os.path.dirname(folder) or ".")
    parent = os.path.dirname(os.path.abspath(folder))
    if os.path.basename(os.path.abspath(folder)).isdecimal():
        return _model(os.path.dirname(folder) or (os.pardir if folder == "." else os.curdir))
    if os.path.basename(folder) in RESERVED_DIRECTORIES and is_model(parent):
        return _model(os.path.dirname(folder) or ".")
    if is_model(folder):
        return _model(folder)
    while folder:
        folder, name = os.path.split(folder.rstrip("/"))
        if (name.isdecimal() or name in RESERVED_DIRECTORIES) and is_model(folder):
            return _model(folder or ".")
        if not name:
            break
    raise UsageError(
        f"{path} belongs to no model", hint="give a model repository, a model, a config.pbtxt or a model file"
    )


def _model(path: str) -> Target:
    path = path.rstrip("/") or "/"
    if os.path.basename(path) in ("", ".", ".."):
        path = os.path.abspath(path)
    repository, name = os.path.split(path)
    return Target(repository or ".", (name,))


def is_model(path: str) -> bool:
    """Whether a directory is a model rather than a repository of them.

    A model has a ``config.pbtxt`` and no model in its sub-directories, or only version directories of which one
    holds a model file.
    """
    try:
        entries = disk.listing(path or ".")
    except OSError as error:
        raise TkError(f"{path} cannot be read: {disk.reason(error)}", hint="check its permissions") from None
    folders = [name for name, kind in entries.items() if kind == disk.DIRECTORY]
    numeric = [name for name in folders if name.isdecimal()]
    if CONFIG_NAME in entries and len(folders) == len(numeric):
        return True
    if CONFIG_NAME in entries:
        return not any(os.path.lexists(os.path.join(path, f, CONFIG_NAME)) for f in folders if f != CONFIG_NAME)
    others = [name for name in folders if name not in (*RESERVED_DIRECTORIES, TESTS) and name not in numeric]
    return bool(numeric) and not others and any(_holds_model(os.path.join(path, n)) for n in numeric)


def _holds_model(path: str) -> bool:
    try:
        return not MODEL_FILES.isdisjoint(disk.listing(path))
    except OSError:
        return False
