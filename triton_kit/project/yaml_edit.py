"""A model.yaml's text with more under ``config``, comments and layout kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError
from triton_kit.project import yaml_file

if TYPE_CHECKING:
    import yaml


def with_config(text: str, config: Mapping[str, object], file: Path) -> str:
    """The text with one field of ModelConfig under ``config``, in the place of what is there for it.

    The field is whole: nothing of what it was stays. Raises UsageError where the layout does not allow it.
    """
    (name,) = config
    before = yaml_file.load(text, file).value or {}
    cut = _without(text, name)
    wanted = {**before, "config": {**{k: v for k, v in (before.get("config") or {}).items() if k != name}, **config}}
    new = inserted(cut, yaml_file.load(cut, file), {"config": dict(config)}) if cut is not None else text
    require_value(new, wanted, file, what=f"{name} cannot be written")
    return new


def require_value(text: str, wanted: object, file: Path, *, what: str) -> None:
    """Raise UsageError where the edited text of a model.yaml does not say exactly this."""
    try:
        found = yaml_file.load(text, file).value
    except UsageError:
        found = None
    if found != wanted:
        raise UsageError(
            f"{file} is laid out so that {what} without touching the rest",
            hint="write it under config: yourself, then run tk render",
        )


def inserted(text: str, document: yaml_file.YamlFile, content: Mapping[str, object]) -> str:
    """The text with that content, a single key at each level, in the deepest mapping that is there, or at the end."""
    at: tuple[str, ...] = ()
    value: object = document.value or {}
    rest: object = content
    while isinstance(value, dict) and isinstance(rest, dict) and len(rest) == 1:
        (key,) = rest
        if not isinstance(value.get(key), dict) or not value[key]:
            break
        at, value, rest = (*at, key), value[key], rest[key]
    block = yaml_file.dump(rest)
    if not at:
        head = text if text.endswith("\n") or not text else f"{text}\n"
        return head + block
    assert isinstance(value, dict)
    route = (*at, next(iter(value)))
    line, column = document.places[route]
    lines = text.splitlines(keepends=True)
    indented = "".join(f"{' ' * (column - 1)}{one}\n" for one in block.rstrip("\n").splitlines())
    return "".join([*lines[: line - 1], indented, *lines[line - 1 :]])


def _without(text: str, name: str) -> str | None:
    """The text without a field under ``config``, which goes where that was all of it; ``None`` where it cannot."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    section = _entry(root, "config") if isinstance(root, yaml.MappingNode) else None
    if section is None or not isinstance(section[1], yaml.MappingNode):
        return text
    entry = _entry(section[1], name)
    if entry is None:
        return text
    if section[1].flow_style:
        return None
    key, value = section if len(section[1].value) == 1 else entry
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = text.find("\n", _end(value))
    return text[:start] + (text[end + 1 :] if end >= 0 else "")


def _entry(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next((pair for pair in mapping.value if pair[0].value == key), None)


def _end(node: yaml.Node) -> int:
    """Where a value ends, without the blank lines and comments that YAML counts to a block."""
    import yaml

    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        children = [n for pair in node.value for n in (pair if isinstance(pair, tuple) else (pair,))]
        return _end(children[-1]) if children else int(node.end_mark.index)
    return int(node.end_mark.index)
