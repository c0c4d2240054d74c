"""What a real server made of each model that it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class State(str, Enum):
    """How it went: CRASHED ended the server, HUNG was not done in time, UNJUDGED says nothing about the model."""

    READY = "ready"
    REFUSED = "refused"
    CRASHED = "crashed"
    HUNG = "hung"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a model.

    ``reason`` is what the server said, or why it is not known; ``log`` its lines meanwhile; ``member`` the model on
    account of which an ensemble was not loaded at all; ``config`` the configuration that it served, where asked for;
    ``on_cpu`` says that it was loaded with its GPU instances on the CPU.
    """

    model: str
    state: State
    reason: str = ""
    log: tuple[str, ...] = ()
    seconds: float = 0.0
    member: str = ""
    config: Mapping[str, object] | None = None
    on_cpu: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What judged: in words, its version, the container release of that version where it is known, and its GPUs.

    ``embedded`` is the server out of the wheel, which has few backends; ``secrets`` are what it was given
    that is nobody's business.
    """

    description: str
    version: str = ""
    release: str | None = None
    gpus: int | None = None
    embedded: bool = False
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdicts on the models of a repository, and who gave them. ``root`` is where the server had it."""

    repository: Path
    root: str
    server: ServerFacts
    verdicts: tuple[Verdict, ...]
    seconds: float
