"""Which models of a repository change, as their files are saved."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from triton_kit.errors import TkError

QUIET = 80
"""Milliseconds without a change after which a change is reported: an editor writes a file in several steps."""

LONGEST = 5000
"""Milliseconds after which it is reported although the changes go on."""

LOOK = 200
"""Milliseconds after which a watch without a change says so."""

NOT_THE_SERVERS = frozenset(("model.yaml",))
"""Files in a model's directory that the server never reads."""


def changes(repository: Path, stop: threading.Event) -> Iterator[set[str]]:
    """The names of the models that changed, came or went, some at a time, until ``stop`` is set.

    What editors, Python and version control leave beside a file is not a change (watchfiles' DefaultFilter). Raises
    TkError when the directory cannot be watched.
    """
    before: tuple[dict[Path, str], Iterator[Set[tuple[object, str]]]] | None = None
    try:
        while not stop.is_set():
            places = _places(repository)
            batches = _watch(places, stop)
            names = _models(next(batches, set()), places)
            # The new watch stands. What the one before still has to tell, all of it at once, was saved before that.
            if before is not None:
                names |= _models(next(before[1], set()), before[0])
            if names:
                yield names
            before = places, batches
            if _places(repository) != places:
                continue
            for batch in batches:
                if names := _models(batch, places):
                    yield names
                if batch and _places(repository) != places:
                    break
    except OSError as error:
        raise TkError(
            f"{repository} cannot be watched: {error.strerror or error}",
            hint="is it gone, or is sysctl fs.inotify.max_user_watches too low?",
        ) from None


def _watch(places: Iterable[Path], stop: threading.Event) -> Iterator[Set[tuple[object, str]]]:
    """What changes in these places, and now and then an empty set when nothing did, until ``stop`` is set."""
    from watchfiles import DefaultFilter, watch

    yield from watch(
        *places,
        watch_filter=DefaultFilter(),
        stop_event=stop,
        step=QUIET,
        debounce=LONGEST,
        rust_timeout=LOOK,
        yield_on_timeout=True,
        raise_interrupt=False,
    )


def _models(batch: Set[tuple[object, str]], places: dict[Path, str]) -> set[str]:
    """The models that the changes of a batch belong to."""
    return {name for _, path in batch if (name := _model(Path(path), places))}


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
