"""Which directories of a model are which versions, and which of those the server loads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from triton_kit.repository.names import RESERVED_DIRECTORIES

if TYPE_CHECKING:
    from pathlib import Path

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelVersionPolicy

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


class Version(int):
    """The number of a version, and the model's directory that it belongs to."""

    model: str

    def __new__(cls, number: int, model: str) -> Version:
        """The version of that number of the model at that path."""
        version = super().__new__(cls, number)
        version.model = model
        return version

    @property
    def number(self) -> int:
        """The bare number."""
        return int(self)

    @property
    def path(self) -> Path:
        """The directory that the server opens for it, whether or not it exists: that of the plain number."""
        from pathlib import Path

        return Path(self.model, version_folder(self))


def version_folder(number: int) -> str:
    """The name of the directory that is opened for a version; the server makes a negative number an unsigned one."""
    return str(number % 2**64 if number < 0 else int(number))


def leading_integer(text: str) -> int | None:
    """The integer that a text begins with, as C's strtoll reads it: after white space and a sign; else ``None``."""
    text = text.lstrip(" \t\n\v\f\r")
    digits = text[1:] if text[:1] in ("+", "-") else text
    end = 0
    while end < len(digits) and "0" <= digits[end] <= "9":
        end += 1
    if not end:
        return None
    # More digits than any 64-bit number has; Python refuses to convert thousands of them.
    number = int(digits[:end].lstrip("0")[:40] or "0")
    return -number if text[0] == "-" else number


def version_numbers(directories: Iterable[str]) -> dict[str, int]:
    """The sub-directories that count as versions, with their numbers.

    Names that begin with a number count, whatever follows; those of more than one character that begin with ``0`` do
    not (core model_lifecycle.cc:VersionsToLoad).
    """
    numbers = {}
    for name in directories:
        if name in RESERVED_DIRECTORIES or (len(name) > 1 and name[0] == "0"):
            continue
        number = leading_integer(name)
        if number is not None:
            numbers[name] = number
    return numbers


def overflows(number: int) -> bool:
    """Whether a version number is beyond int64, which ends the server process."""
    return not INT64_MIN <= number <= INT64_MAX


def selected(numbers: Iterable[int], policy: ModelVersionPolicy | None) -> Sequence[int]:
    """The versions that a policy selects, lowest first; no policy is the latest one.

    Source: core model_lifecycle.cc:VersionsToLoad, which takes a missing specific version as present when it is
    listed for the second time.
    """
    present = sorted(set(numbers))
    if policy is None:
        return present[-1:]
    if policy.has("latest"):
        count = policy.latest.num_versions
        return present[-count:] if count else []
    if policy.has("specific"):
        wanted = list(policy.specific.versions)
        return sorted({v for v in wanted if v in present or wanted.count(v) > 1})
    return present
