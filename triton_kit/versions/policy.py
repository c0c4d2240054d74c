"""Which versions of a model are served, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from triton_kit.errors import UsageError, assert_never
from triton_kit.model.version import selected
from triton_kit.repository.text_format.document import parse

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig

FIELD: Final = "version_policy"

Kind = Literal["none", "latest", "all", "specific"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A ``version_policy``: ``numbers`` is how many the latest are, or the specific versions.

    ``none`` is a configuration without the field, which serves the latest version.
    """

    kind: Kind = "none"
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case "none":
                return "latest (the default)"
            case "latest":
                return f"latest {self.numbers[0]}"
            case "all":
                return "all"
            case "specific":
                return f"specific {', '.join(map(str, self.numbers))}"
            case _:
                assert_never(self.kind)

    @property
    def value(self) -> dict[str, object] | None:
        """As ``model.yaml`` has it; ``None`` where the field is not to be there."""
        match self.kind:
            case "none":
                return None
            case "latest":
                return {"latest": {"num_versions": self.numbers[0]}}
            case "all":
                return {"all": {}}
            case "specific":
                return {"specific": {"versions": list(self.numbers)}}
            case _:
                assert_never(self.kind)

    @property
    def member(self) -> str:
        """As it is inside of ``version_policy { }``."""
        match self.kind:
            case "none":
                return ""
            case "latest":
                return f"latest {{ num_versions: {self.numbers[0]} }}"
            case "all":
                return "all { }"
            case "specific":
                return f"specific {{ versions: [ {', '.join(map(str, self.numbers))} ] }}"
            case _:
                assert_never(self.kind)

    @property
    def field(self) -> str:
        """The whole field as text; empty where it is not to be there."""
        return f"{FIELD} {{ {self.member} }}" if self.member else ""

    def serves(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Which of these versions a server loads, lowest first."""
        config = parse(self.field.encode()).config
        return tuple(selected(numbers, config.version_policy if self.member else None))


def specific(versions: Iterable[int]) -> Policy:
    """The policy that serves just these."""
    return Policy(kind="specific", numbers=tuple(dict.fromkeys(versions)))


def read_policy(config: ModelConfig) -> Policy:
    """The policy of a configuration; ``version_policy { }`` means all (core model_config_utils.cc)."""
    if not config.has(FIELD):
        return Policy()
    message = config.version_policy
    if message.has("latest"):
        return Policy(kind="latest", numbers=(message.latest.num_versions,))
    if message.has("specific"):
        return Policy(kind="specific", numbers=tuple(message.specific.versions))
    return Policy(kind="all")


def from_value(value: Mapping[str, object] | None) -> Policy:
    """The policy that ``Policy.value`` gave. Raises UsageError for what is none."""
    match value:
        case None:
            return Policy()
        case {"latest": {"num_versions": int(number)}}:
            return Policy(kind="latest", numbers=(number,))
        case {"specific": {"versions": [*numbers]}} if all(isinstance(n, int) for n in numbers):
            return Policy(kind="specific", numbers=tuple(numbers))
        case {"all": _}:
            return Policy(kind="all")
    raise UsageError(f"{value!r} is not a version policy")
