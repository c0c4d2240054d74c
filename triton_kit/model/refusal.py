"""What whoever judges a model says against it; the linter's findings have this form."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from triton_kit.repository.text_format.source import Route, Span


class Refusal(Protocol):
    """The reason for which a server would refuse a model, and its place in the configuration or another file."""

    @property
    def message(self) -> str: ...
    @property
    def at(self) -> Route: ...
    @property
    def key(self) -> bool: ...
    @property
    def file(self) -> Path | None: ...
    @property
    def span(self) -> Span | None: ...
