"""Which models a run is about: those that the server would load, and those that a changed one drags along."""

from __future__ import annotations

import os
from collections.abc import Iterable

from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.ensemble import reached_from
from triton_kit.model.repository import Repository
from triton_kit.model.server_options import USUAL, ServerOptions
from triton_kit.model.target import Target
from triton_kit.model.version import version_numbers
from triton_kit.repository.names import CONFIG_NAME


def served(repository: Repository) -> list[str]:
    """The models of a repository that the server loads, sorted.

    Without explicit model control that is every directory. With it, it is what ``--load-model`` names and what the
    ensembles among them use; where nothing is named, whatever has a configuration or a version may be asked for later.
    """
    try:
        names = repository.names
    except Broken:
        return []
    options = repository.options
    if not options.explicit or "*" in options.load_models:
        return names
    if not options.load_models:
        return [name for name in names if _is_candidate(repository, name)]
    wanted = set(options.load_models)
    for name in options.load_models:
        model = repository.find(name)
        if model is not None:
            wanted |= {found.name for found in reached_from(model).values() if found.repository is repository}
    return [name for name in names if name in wanted]


def _is_candidate(repository: Repository, name: str) -> bool:
    model = repository.model(name)
    if model is None:
        return False
    try:
        return CONFIG_NAME in model.entries or bool(version_numbers(model.directories))
    except Broken:
        return True


def with_dependents(targets: Iterable[Target], options: ServerOptions = USUAL) -> list[Target]:
    """The targets with the ensembles that use a model among them, directly or through other ensembles.

    ``options`` say which configuration a server of theirs takes. Of the other models only those configurations are
    parsed that speak of an ensemble.
    """
    targets = list(targets)
    by_repository: dict[str, set[str]] = {}
    whole = {target.repository for target in targets if target.whole}
    for target in targets:
        if target.repository not in whole:
            by_repository.setdefault(target.repository, set()).update(target.models)
    for repository, names in by_repository.items():
        if more := _dependents(repository, names, options):
            targets.append(Target(repository, tuple(more)))
    return targets


def _dependents(path: str, names: set[str], options: ServerOptions) -> list[str]:
    """The names of the ensembles that use one of the models."""
    try:
        others = [name for name in sorted(os.listdir(path)) if name not in names]
        texts = _configurations(path, others, CONFIG_NAME)
        if options.config_name is not None:
            texts |= _configurations(path, others, f"configs/{options.config_name}.pbtxt")
    except OSError:
        return []
    texts = _related({name: text for name, text in texts.items() if b"ensemble_scheduling" in text}, names)
    if not texts:
        return []
    repository = Repository(path, options)
    dependents = []
    for name in texts:
        model = repository.model(name)
        if model is not None and not names.isdisjoint(found.name for found in reached_from(model).values()):
            dependents.append(name)
    return dependents


def _configurations(path: str, names: Iterable[str], place: str) -> dict[str, bytes]:
    """The text of each model's file at that place below it, where there is one."""
    found = disk.read_each(path, (f"{name}/{place}" for name in names))
    return {file.partition("/")[0]: text for file, text in found}


def _related(texts: dict[str, bytes], names: set[str]) -> dict[str, bytes]:
    """The ensembles whose texts name one of the models, or an ensemble that does; an escape may hide any name."""
    found = {name: text for name, text in texts.items() if b"\\" in text}
    words = [os.fsencode(name) for name in (*names, *found)]
    while words:
        more = {n: t for n, t in texts.items() if n not in found and any(word in t for word in words)}
        found |= more
        words = [os.fsencode(name) for name in more]
    return {name: text for name, text in texts.items() if name in found}
