"""The files beside a Python model that its initialize opens for reading, as far as its code tells unexecuted."""

from __future__ import annotations

import ast

from triton_kit.signature.evaluation.attributes import attribute
from triton_kit.signature.evaluation.core import call
from triton_kit.signature.evaluation.places import Opened
from triton_kit.signature.evaluation.program import paths
from triton_kit.signature.evaluation.run import Path, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Class, OpenDict, Place
from triton_kit.signature.python_source import CLASS

_OTHERS = frozenset(("model_config", "model_instance_name", "model_instance_kind", "model_instance_device_id"))
"""What initialize is given as well."""


def opened_files(tree: ast.Module, name: str, version: int, file: str) -> list[Opened]:
    """What is opened on every path, whether or not it is there."""

    def use(run: Run, cls: Class) -> object:
        given = OpenDict({"model_repository": Place(""), "model_version": str(version), "model_name": name})
        given.maybe = _OTHERS
        made = call(run, cls, ([], {}), tree)
        if made is not UNKNOWN and cls.find("initialize") is not None:
            call(run, attribute(run, made, "initialize", tree), ([given], {}), tree)
        return None

    return _common(paths(tree, CLASS, ("__init__", "initialize"), Place(f"/{file}"), use))


def _common(ways: list[Path]) -> list[Opened]:
    """The files that are opened whichever way is taken."""
    found = [[event for event in way.events if isinstance(event, Opened)] for way in ways]
    shared = set.intersection(*({(event.path, event.node) for event in events} for events in found))
    return [event for event in found[0] if (event.path, event.node) in shared]
