"""What changes between releases for everybody, or for repositories and servers of a kind: ``upgrades.csv``."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from triton_kit.doctor.step import GROUPS, Group, Step
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.repository.release import flag_value
from triton_kit.repository.table import RELEASE_NAME, TEXT, optional, read_table
from triton_kit.resources import resource
from triton_kit.signature.python_source import model_class

EVERYBODY = ("clients", "operators")
"""What concerns every server: of requests, and of what runs it, a repository says nothing."""

_KINDS = ("environment", "sequences", "batch-strategy", "inflight", "forwarded-headers", "is-ready")
_BACKENDS = ("python", "tensorflow", "fil")
_COLUMNS = {
    "release": RELEASE_NAME,
    "until": optional(RELEASE_NAME),
    "concerns": "|".join((*EVERYBODY, *_KINDS, *_BACKENDS)),
    "group": "|".join(GROUPS),
    "change": TEXT,
    "remedy": TEXT,
    "source": TEXT,
}


def rows() -> list[dict[str, str]]:
    """The table, held to its form."""
    return read_table(Path(resource("doctor/upgrades.csv")), _COLUMNS)


def table_steps(models: Sequence[Model], before: str, after: str, flags: Sequence[str]) -> Iterator[Step]:
    """The rows after one release, up to another and still true there, that concern the models or everybody.

    A row whose remedy is a flag of tritonserver that is given is done with.
    """
    concerned = {*EVERYBODY, *_of_flags(flags), *(kind for model in models for kind in _of_model(model))}
    given = " ".join(flags)
    for row in rows():
        named = [word.partition("=")[0] for word in row["remedy"].split() if word.startswith("--") and word != "--"]
        solved = any(flag in given for flag in named)
        applies = before < row["release"] <= after and not (row["until"] and after > row["until"])
        if applies and row["concerns"] in concerned and not solved:
            yield Step(
                group=cast("Group", row["group"]),
                what=f"from {row['release']} on {row['change']}",
                remedy=row["remedy"],
                source=row["source"],
                since=row["release"],
                until=row["until"] or None,
            )


def _of_flags(flags: Sequence[str]) -> Iterator[str]:
    if flag_value(flags, "http-header-forward-pattern") or flag_value(flags, "grpc-header-forward-pattern"):
        yield "forwarded-headers"


def _of_model(model: Model) -> Iterator[str]:
    with suppress(Broken):
        yield model.backend or model.platform
    with suppress(Broken):
        if model.config.has("sequence_batching"):
            yield "sequences"
        if model.config.has("ensemble_scheduling") and model.config.ensemble_scheduling.has("max_inflight_requests"):
            yield "inflight"
    if _has_is_ready(model):
        yield "is-ready"
    keys = parameters(model)
    if "TRITON_BATCH_STRATEGY_PATH" in keys:
        yield "batch-strategy"
    if "EXECUTION_ENV_PATH" in keys:
        yield "environment"


def _has_is_ready(model: Model) -> bool:
    """Whether some version of a Python model has a method of that name."""
    with suppress(Broken):
        if model.facts.is_code:
            classes = (model_class(model.python(version)) for version in model.versions)
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            return any(isinstance(n, functions) and n.name == "is_ready" for one in classes if one for n in one.body)
    return False


def parameters(model: Model) -> Container[str]:
    """The keys of a model's parameters; none where they cannot be read."""
    try:
        return model.config.parameters or ()
    except Broken:
        return ()
