"""Something to do, or to know, for another release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Group: TypeAlias = Literal["must", "should", "know"]
"""``must``: it fails there; ``should``: it may, or goes on otherwise; ``know``: nothing is to be done for certain."""

GROUPS: tuple[Group, ...] = ("must", "should", "know")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change between two releases that concerns a repository, its server or its clients, with its source.

    ``since`` is the release with which it begins, and ``until`` the last one that behaves so; ``None`` where that is
    not one release, or not known, and for what goes on.
    """

    group: Group
    what: str
    remedy: str | None
    source: str
    since: str | None = None
    until: str | None = None

    @property
    def weight(self) -> Literal["breaks", "look"]:
        """What the first version of the output called the group."""
        return "breaks" if self.group == "must" else "look"
