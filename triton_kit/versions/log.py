"""What was done to a model's versions: a line of JSON for each step, in a file of the model's folder.

A step is written down before it is taken and marked as done after it, so that one that was cut short is known as such.
The server ignores loose files in a model's folder, and hidden ones disturb nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

from triton_kit.errors import TkError, UsageError
from triton_kit.files.write import replace_text
from triton_kit.versions.policy import Policy, from_value

FILE = ".tk-versions.jsonl"

Action: TypeAlias = Literal["add", "promote", "pin", "rollback", "prune"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the policy is and which versions it serves."""

    policy: Policy
    served: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A step; ``time`` is UTC, ISO 8601.

    ``note`` says what more there is to say, such as that a promotion was taken back.
    """

    time: str
    action: Action
    versions: tuple[int, ...]
    before: State
    after: State
    done: bool = True
    note: str = ""


def entry(action: Action, versions: Sequence[int], before: State, after: State, note: str = "") -> Entry:
    """A step that is about to be taken now."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Entry(time=now, action=action, versions=tuple(versions), before=before, after=after, done=False, note=note)


def read_log(model: Path) -> tuple[Entry, ...]:
    """The steps, oldest first; a line that is none, or cut off, is passed over. Raises TkError where it cannot be."""
    path = model / FILE
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TkError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    found = (_read(line) for line in text.splitlines())
    return tuple(one for one in found if one is not None)


def write_log(model: Path, entries: Sequence[Entry]) -> None:
    """All steps, in one step: killed at any moment, the file has the old ones or the new."""
    lines = "".join(json.dumps(as_json(one), separators=(", ", ": ")) + "\n" for one in entries)
    replace_text(model / FILE, lines)


def finished(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The steps with the last one done."""
    return (*entries[:-1], replace(entries[-1], done=True))


def as_json(one: Entry) -> dict[str, object]:
    """A step as a line has it."""
    return {
        "time": one.time,
        "action": one.action,
        "versions": list(one.versions),
        "before": state_json(one.before),
        "after": state_json(one.after),
        "done": one.done,
        "note": one.note,
    }


def state_json(state: State) -> dict[str, object]:
    """A state as JSON has it."""
    return {"policy": state.policy.value, "served": list(state.served)}


def _read(line: str) -> Entry | None:
    try:
        value = json.loads(line)
        return Entry(
            time=str(value["time"]),
            action=_action(value["action"]),
            versions=tuple(map(int, value["versions"])),
            before=_state(value["before"]),
            after=_state(value["after"]),
            done=value["done"] is True,
            note=str(value.get("note", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError, UsageError):
        return None


def _action(value: object) -> Action:
    for action in get_args(Action):
        if value == action:
            return cast("Action", action)
    raise ValueError(value)


def _state(value: object) -> State:
    if not isinstance(value, dict):
        raise TypeError(value)
    return State(policy=from_value(value["policy"]), served=tuple(map(int, value["served"])))


def history(entries: Sequence[Entry], now: State) -> list[State]:
    """What was served one after the other, the present state last; a rollback takes back, a hand edit counts too."""
    states: list[State] = []

    def arrive(state: State) -> None:
        if not states or states[-1] != state:
            states.append(state)

    for one in entries:
        arrive(one.before)
        if one.action == "rollback":
            while len(states) > 1 and states[-1].served != one.after.served:
                states.pop()
            states.pop()
        arrive(one.after)
    arrive(now)
    return states
