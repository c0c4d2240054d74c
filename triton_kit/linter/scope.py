"""Which models a run is about: those that the server would load, and those that a changed one drags along."""

from __future__ import annotations

import os
from collections.abc import Iterable

from triton_kit.model import disk
from triton_kit.model.ensemble import reached_from
from triton_kit.model.model import Broken, Repository
from triton_kit.model.target import Target
from triton_kit.model.version import version_numbers
from triton_kit.repository.model import CONFIG_NAME


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


def with_dependents(targets: Iterable[Target]) -> list[Target]:
    """The targets with the ensembles that use a model among them, directly or through other ensembles.

    Of the other models only those configurations are parsed that speak of an ensemble.
    """
    targets = list(targets)
    by_repository: dict[str, set[str]] = {}
    whole = {target.repository for target in targets if target.whole}
    for target in targets:
        if target.repository not in whole:
            by_repository.setdefault(target.repository, set()).update(target.models)
    for repository, names in by_repository.items():
        if more := _dependents(repository, names):
            targets.append(Target(repository, tuple(more)))
    return targets


def _dependents(path: str, names: set[str]) -> list[str]:
    """The names of the ensembles that use one of the models."""
    texts: dict[str, bytes] = {}
    try:
        with os.scandir(path) as entries:
            found = sorted(entry.name for entry in entries if entry.name not in names)
    except OSError:
        return []
    for name in found:
        try:
            text = disk.read_bytes(os.path.join(path, name, CONFIG_NAME))
        except OSError:
            continue
        if b"ensemble_scheduling" in text:
            texts[name] = text
    if not texts or not any(os.fsencode(n) in text for text in texts.values() for n in names):
        return []
    repository = Repository(path)
    dependents = []
    for name in texts:
        model = repository.model(name)
        if model is not None and not names.isdisjoint(found.name for found in reached_from(model).values()):
            dependents.append(name)
    return dependents
