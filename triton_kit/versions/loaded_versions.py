"""Which versions of a model running servers have loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from triton_kit.client import NoAnswer, ServerError, connect
from triton_kit.runtime.state import files, registry
from triton_kit.versions.model_folder import ModelFolder

PATIENCE = 5.0
"""Seconds for a server to say what it has loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedServer:
    """A server to ask: how it is called in messages, its address over HTTP, and what opens it."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def find_named_server(url: str | None, server: str | None) -> NamedServer | None:
    """The server that the user names, by its address or as tk started it; ``None`` where none is named."""
    if server is not None:
        found = registry.find(server)
        return NamedServer(name=found.name, url=found.endpoints.http, headers=found.headers)
    if url:
        return NamedServer(name=url, url=url, headers=registry.headers_for(url, grpc=False))
    return None


def loaded_versions(folder: ModelFolder, asked: NamedServer | None) -> dict[int, list[str]]:
    """The servers that have each version loaded: the one that is asked, or those that tk started on this repository.

    Of the latter, those that do not answer are passed over.
    """
    if asked is not None:
        return {version: [asked.name] for version in ready_versions(asked, folder.name)}
    loaded: dict[int, list[str]] = {}
    for one in registry.servers() if files.read_all() else ():
        if one.repository.resolve() != folder.repository.resolve():
            continue
        try:
            found = ready_versions(NamedServer(name=one.name, url=one.endpoints.http, headers=one.headers), folder.name)
        except (NoAnswer, ServerError):
            continue
        for version in found:
            loaded.setdefault(version, []).append(one.name)
    return loaded


def ready_versions(asked: NamedServer, model: str) -> tuple[int, ...]:
    """The versions of a model that a server has ready. Raises NoAnswer and ServerError."""
    with connect(asked.url, headers=asked.headers, timeout=PATIENCE) as client:
        entries = [e for e in client.index() if e.name == model and e.state == "READY"]
    return tuple(sorted(int(e.version) for e in entries if e.version.isdecimal()))
