"""Which models are loaded, and when: each after the models that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from triton_kit.model.repository import Repository
from triton_kit.runtime.config_override import written_config
from triton_kit.runtime.gpu.cpu_only import members_first, members_of
from triton_kit.serve.trial.verdict import State, Verdict


def with_members(repository: Repository, names: Iterable[str]) -> dict[str, set[str]]:
    """The models and all that they are made of, members first, each with its members in the repository."""
    found: dict[str, set[str]] = {}
    left = list(names)
    while left:
        name = left.pop()
        model = repository.model(name)
        if name in found or model is None:
            continue
        members = members_of(written_config(model) or {}) - {name}
        found[name] = {member for member in members if repository.model(member) is not None}
        left += found[name]
    ordered = {name: found[name] for name in sorted(found)}
    return {name: found[name] for name in members_first(ordered)}


class Queue:
    """The models that have no verdict yet."""

    def __init__(self, members: Mapping[str, set[str]]) -> None:
        self._members = members
        self.verdicts: dict[str, Verdict] = {}
        self.suspects: list[str] = []
        """Were loading when a server ended, so that any of them may be the cause: each is tried alone."""

    @property
    def names(self) -> list[str]:
        return list(self._members)

    @property
    def left(self) -> list[str]:
        return [name for name in self._members if name not in self.verdicts]

    def loadable(self, clean: Callable[[str], bool]) -> list[str]:
        """The models that should load, and so should all that they are made of."""
        found: set[str] = set()
        for name in self.left:  # members come first
            if clean(name) and self._members[name] <= found:
                found.add(name)
        return [name for name in self.left if name in found]

    def settle(self, verdict: Verdict) -> None:
        self.verdicts[verdict.model] = verdict
        if verdict.model in self.suspects:
            self.suspects.remove(verdict.model)

    def forget(self, names: Iterable[str]) -> None:
        """Try these again."""
        for name in names:
            self.verdicts.pop(name, None)

    def doubt(self, names: Iterable[str]) -> None:
        """Try these alone: one of them has ended a server."""
        for name in names:
            self.verdicts.pop(name, None)
            if name not in self.suspects:
                self.suspects.append(name)

    def next(self, loading: Iterable[str], *, alone: bool) -> str | None:
        """A model to load now: all that it is made of is loaded. ``None`` where that has to be waited for.

        An ensemble of a model that is not loaded gets its verdict from that. Ensembles that are made of each other
        are left to the server.
        """
        loading = set(loading)
        left = [name for name in (self.suspects if alone else self.left) if name not in loading]
        for name in left:
            members = self._members[name]
            if bad := next((m for m in sorted(members) if self._failed(m)), None):
                self.settle(_with_member(name, self.verdicts[bad]))
            elif all(member in self.verdicts for member in members):
                return name
        left = [name for name in left if name not in self.verdicts]
        return left[0] if left and not loading else None

    def needed(self, name: str) -> bool:
        """Whether a model is a part of another one, for which it has to stay loaded."""
        return any(name in members for members in self._members.values())

    def _failed(self, member: str) -> bool:
        return member in self.verdicts and self.verdicts[member].state is not State.READY


def _with_member(name: str, member: Verdict) -> Verdict:
    state = State.UNJUDGED if member.state is State.UNJUDGED else State.REFUSED
    # The member to blame is the one that was itself tried.
    return Verdict(model=name, state=state, member=member.member or member.model)
