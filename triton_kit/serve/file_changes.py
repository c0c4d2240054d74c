"""Which models of a repository change, as their files are saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from triton_kit.errors import TkError

QUIET = 80
"""Milliseconds without a change after which a change is told: an editor writes a file in several steps."""

LONGEST = 5000
"""Milliseconds after which it is told although the changes go on."""

NOT_THE_SERVERS = frozenset(("model.yaml",))
"""Files in a model's directory that the server never reads."""


def changes(repository: Path, stop: threading.Event) -> Iterator[set[str]]:
    """The names of the models that changed, came or went, some at a time, until ``stop`` is set.

    What editors, Python and version control leave beside a file is no change (watchfiles' DefaultFilter). Raises
    TkError when the directory cannot be watched.
    """
    from watchfiles import DefaultFilter, watch

    try:
        while not stop.is_set():
            places = _places(repository)
            batches = watch(
                *places,
                watch_filter=DefaultFilter(),
                stop_event=stop,
                step=QUIET,
                debounce=LONGEST,
                raise_interrupt=False,
            )
            for batch in batches:
                names = {name for _, path in batch if (name := _model(Path(path), places))}
                if names:
                    yield names
                if _places(repository) != places:
                    break
    except OSError as error:
        raise TkError(
            f"{repository} cannot be watched: {error.strerror or error}",
            hint="is it gone, or is sysctl fs.inotify.max_user_watches too low?",
        ) from None


def _places(repository: Path) -> dict[Path, str]:
    """What is watched: the repository, and the models in it that are links, which a watch does not follow."""
    links = {entry.resolve(): entry.name for entry in repository.iterdir() if entry.is_symlink() and entry.is_dir()}
    return {repository.resolve(): "", **links}


def _model(path: Path, places: dict[Path, str]) -> str:
    """The model that a path belongs to; empty for one that belongs to none, or that no server reads."""
    if path.name in NOT_THE_SERVERS:
        return ""
    for place, name in places.items():
        if name and path.is_relative_to(place):
            return name
    repository = next(iter(places))
    if not path.is_relative_to(repository) or path == repository:
        return ""
    name = path.relative_to(repository).parts[0]
    # A file beside the models is none, and one that is gone may have been a model.
    return "" if (repository / name).is_file() else name
