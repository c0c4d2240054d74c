"""What a check of this machine found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from triton_kit.doctor.machine import Machine

Result: TypeAlias = Literal["ok", "warning", "problem", "unknown", "skipped"]
"""``problem``: serving fails; ``warning``: it works, but not as intended; ``unknown``: the data do not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen, in a few words, and what to do where something is to be done."""

    result: Result
    evidence: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question about the machine. ``fix`` does what is safe, and says what it did; ``None`` where nothing is."""

    name: str
    look: Callable[[Machine], Finding]
    fix: Callable[[Machine], str] | None = None


def ok(evidence: str) -> Finding:
    return Finding(result="ok", evidence=evidence)


def warning(evidence: str, remedy: str | None = None) -> Finding:
    return Finding(result="warning", evidence=evidence, remedy=remedy)


def problem(evidence: str, remedy: str | None = None) -> Finding:
    return Finding(result="problem", evidence=evidence, remedy=remedy)


def unknown(evidence: str, remedy: str | None = None) -> Finding:
    return Finding(result="unknown", evidence=evidence, remedy=remedy)


def skipped(evidence: str) -> Finding:
    return Finding(result="skipped", evidence=evidence)
