"""What ``tk serve`` was asked for, written down so that it can be asked for again; without any secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from triton_kit.errors import TkError
from triton_kit.runtime.further_repositories import is_remote
from triton_kit.runtime.serve_plan import ServeRequest
from triton_kit.runtime.types import ServerSpec


def to_json(request: ServeRequest, spec: ServerSpec) -> dict[str, Any]:
    """The request as JSON, with the name and the ports that were found for it, and only the names of variables."""
    settled = replace(
        request,
        repository=request.repository.absolute(),
        more=tuple(one if is_remote(one) else str(Path(one).absolute()) for one in request.more),
        name=spec.name,
        http_port=spec.http_port,
        grpc_port=spec.grpc_port,
        metrics_port=spec.metrics_port,
        env=tuple(spec.env),
    )
    found = {entry.name: getattr(settled, entry.name) for entry in fields(ServeRequest)}
    return {
        name: str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
        for name, value in found.items()
        if not callable(value)
    }


def from_json(value: Mapping[str, Any], *, progress: Callable[[str], None]) -> ServeRequest:
    """The request that was written. Raises TkError for what another release of tk wrote, and this one does not know."""
    known = {entry.name for entry in fields(ServeRequest)}
    try:
        plain: dict[str, Any] = {
            name: tuple(inner) if isinstance(inner, list) else inner for name, inner in value.items()
        }
        return ServeRequest(**{**plain, "repository": Path(plain["repository"]), "progress": progress})
    except (KeyError, TypeError):
        strange = ", ".join(sorted(set(value) - known)) or "nothing"
        raise TkError(
            f"what the server was asked for cannot be read: it says {strange}",
            hint="end it with tk stop, and start it with tk serve --detach",
        ) from None
