"""A model.yaml's text with another version policy, comments and layout kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError, assert_never
from triton_kit.project import yaml_file
from triton_kit.versions.policy import FIELD, Policy

if TYPE_CHECKING:
    import yaml


def with_policy(text: str, policy: Policy, *, file: Path) -> str:
    """The text with that policy under ``values``, or under ``config`` where it is there, all else as it was.

    Raises UsageError where its layout does not allow that.
    """
    before = yaml_file.load(text, file).value or {}
    section = "config" if FIELD in (before.get("config") or {}) else "values"
    new = _edited(text, section, policy)
    wanted = _expected(before, section, policy)
    try:
        found = yaml_file.load(new, file).value or {} if new is not None else None
    except UsageError:
        found = None
    if new is None or found != wanted:
        raise UsageError(
            f"{file} is laid out so that {FIELD} cannot be changed without touching the rest",
            hint=f"write under {section}: {FIELD}: {_flow(policy) or 'null'}, then run tk render",
        )
    return new


def _expected(before: Mapping[str, object], section: str, policy: Policy) -> dict[str, object]:
    written = before.get(section)
    inner = {key: value for key, value in written.items() if key != FIELD} if isinstance(written, dict) else {}
    if policy.value is not None:
        inner[FIELD] = policy.value
    return {**before, section: inner or None} if section in before or inner else dict(before)


def _edited(text: str, section: str, policy: Policy) -> str | None:
    """The text with the change; ``None`` where there is no mapping to change."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    flow = _flow(policy)
    if not isinstance(root, yaml.MappingNode):
        if root is not None:
            return None
        return f"{_ended(text)}{section}:\n  {FIELD}: {flow}\n" if flow else text
    owner = _entry(root, section)
    if owner is None:
        return f"{_ended(text)}{section}:\n  {FIELD}: {flow}\n" if flow and not root.flow_style else text
    mapping = owner[1]
    if not isinstance(mapping, yaml.MappingNode):
        return None
    entry = _entry(mapping, FIELD)
    if entry is not None and flow:
        start, end = entry[1].start_mark.index, _end(text, entry[1])
        line = text.rfind("\n", 0, entry[0].start_mark.index) + 1
        lead = text[entry[0].end_mark.index : start]
        gap = lead if lead.strip() == ":" and "\n" not in lead else ": "
        hoisted = _hoisted(entry[0], lead + text[start:end])
        return f"{text[:line]}{hoisted}{text[line : entry[0].end_mark.index]}{gap}{flow}{text[end:]}"
    if entry is not None:
        return None if mapping.flow_style else _without(text, entry)
    if not flow:
        return text
    last = mapping.value[-1][1] if mapping.value else None
    if last is None or mapping.flow_style:
        inside = mapping.end_mark.index - 1
        comma = ", " if last is not None else ""
        return f"{text[: _end_of_flow(text, inside)]}{comma}{FIELD}: {flow}{text[inside:]}"
    place = _line_end(text, _end(text, last))
    indent = " " * mapping.value[0][0].start_mark.column
    return f"{_ended(text[:place])}{indent}{FIELD}: {flow}\n{text[place:]}"


def _flow(policy: Policy) -> str:
    """The policy on one line."""
    match policy.kind:
        case "none":
            return ""
        case "latest":
            return f"{{latest: {{num_versions: {policy.numbers[0]}}}}}"
        case "all":
            return "{all: {}}"
        case "specific":
            return f"{{specific: {{versions: [{', '.join(map(str, policy.numbers))}]}}}}"
        case _:
            assert_never(policy.kind)


def _entry(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next((pair for pair in mapping.value if pair[0].value == key), None)


def _end(text: str, node: yaml.Node) -> int:
    """Where a value ends, without the blank lines and comments that YAML counts to a block."""
    import yaml

    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        children = [n for pair in node.value for n in (pair if isinstance(pair, tuple) else (pair,))]
        return _end(text, children[-1]) if children else node.end_mark.index
    return node.end_mark.index if node.end_mark.index > node.start_mark.index else node.start_mark.index


def _end_of_flow(text: str, place: int) -> int:
    """Where to write before a closing brace."""
    while place and text[place - 1] in " \t":
        place -= 1
    return place


def _without(text: str, entry: tuple[yaml.Node, yaml.Node]) -> str:
    """Without the lines of an entry in block style."""
    start = text.rfind("\n", 0, entry[0].start_mark.index) + 1
    end = _line_end(text, _end(text, entry[1]))
    return text[:start] + _hoisted(entry[0], text[start:end]) + text[end:]


def _hoisted(key: yaml.Node, text: str) -> str:
    """The comments of a policy, which has no other ``#``, each on a line of its own."""
    indent = " " * key.start_mark.column
    return "".join(f"{indent}{comment}\n" for comment in re.findall(r"#[^\n]*", text))


def _line_end(text: str, place: int) -> int:
    """The start of the next line."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end + 1


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
