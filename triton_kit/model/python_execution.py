"""How a Python model's ``execute`` answers, as far as its code tells unexecuted."""

from __future__ import annotations

import ast
from typing import Literal, NamedTuple

from triton_kit.signature.evaluation.attributes import attribute
from triton_kit.signature.evaluation.core import call
from triton_kit.signature.evaluation.externals import ErrorResponse
from triton_kit.signature.evaluation.program import paths
from triton_kit.signature.evaluation.run import Path, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Class, OpenDict, Place
from triton_kit.signature.python_source import CLASS

_MOST_REQUESTS = 64
_GIVEN = (
    "model_config", "model_instance_name", "model_instance_kind", "model_instance_device_id",
    "model_repository", "model_version", "model_name",
)  # fmt: skip
"""What initialize is given."""


class Failure(NamedTuple):
    """How ``execute`` fails, raising by a statement of its own or answering; and where."""

    kind: Literal["raises", "answers with an error"]
    node: ast.AST


class _Answered(NamedTuple):
    """Answers with an error among them, and the statement that returns them."""

    node: ast.AST | None


class _Reached:
    """The call of ``execute`` begins."""


_REACHED = _Reached()


def failure(tree: ast.Module, file: str, requests: int) -> Failure | None:
    """How the module's model fails with so many requests whatever happens; ``None`` where it may succeed.

    ``file`` is its path in the model. What is in the requests is not known.
    """
    if requests > _MOST_REQUESTS:
        return None

    def use(run: Run, cls: Class) -> object:
        given = OpenDict()
        given.maybe = frozenset(_GIVEN)
        made = call(run, cls, ([], {}), tree)
        if made is UNKNOWN:
            return UNKNOWN
        if cls.find("initialize") is not None:
            call(run, attribute(run, made, "initialize", tree), ([given], {}), tree)
        run.record(_REACHED)
        found = call(run, attribute(run, made, "execute", tree), ([[UNKNOWN] * requests], {}), tree)
        return _Answered(run.returned_at) if _fails(run, found) else UNKNOWN

    ways = paths(tree, CLASS, ("__init__", "initialize", "execute"), Place(f"/{file}"), use)
    found = [_failure(way) for way in ways]
    return None if None in found else found[0]


def _fails(run: Run, answers: object) -> bool:
    """Whether one of the answers is an error."""
    if not isinstance(answers, list | tuple) or run.is_marked(answers):
        return False
    return any(isinstance(answer, ErrorResponse) for answer in answers)


def _failure(way: Path) -> Failure | None:
    if _REACHED not in way.events:
        return None
    if way.raised is not None:
        node = way.raised.node
        return Failure("raises", node) if isinstance(node, ast.Raise) else None
    node = way.value.node if isinstance(way.value, _Answered) else None
    return Failure("answers with an error", node) if node is not None else None
