"""The keys that ``--set`` takes, and which of them a wrong one is near to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NoReturn

from triton_kit.errors import UsageError
from triton_kit.repository.schema import MessageType, message_type

if TYPE_CHECKING:
    from triton_kit.project.templates import Template

Path = tuple[str, ...]
"""The parts of a dotted key; an item of a list is a number."""

CONFIG = "config"
ORIGIN = "--set"
_LEAST_LEAF, _LEAST_WHOLE = 0.6, 0.75
"""How much the last part, or else the whole key, has to resemble one that there is."""


def refuse_unknown_settings(content: Mapping[str, object], template: Template) -> None:
    """Raise UsageError, with the nearest key, for a key of ``--set`` that neither the template nor ModelConfig has.

    ``content`` is what ``parse_settings`` gives. Values are not looked at, nor is a template that takes any.
    """
    if template.values is None:
        return
    root = message_type("ModelConfig")
    for name, value in _mapping(content.get("values")).items():
        if name not in template.values:
            _refuse((name, *_deepest(value)), f"{name} is not a value of template {template.name}", template)
        if template.values[name].kind == "field":
            _check({name: value}, root, (), template)
    _check(_mapping(content.get(CONFIG)), root, (CONFIG,), template)


def _check(content: Mapping[str, object], owner: MessageType, at: Path, template: Template) -> None:
    """Look at the keys of a mapping below ``at``, which are to be fields of that message."""
    for name, value in content.items():
        field = owner.fields.get(name)
        here = (*at, name)
        if field is None:
            what = next((part for part in reversed(at) if part != CONFIG and not part.isdecimal()), None)
            where = what or "a model configuration"
            _refuse((*here, *_deepest(value)), f"{name} is not a field of {where}", template)
        elif field.kind == "message" and not field.map:
            for index, item in _mapping(value).items() if field.repeated else (("", value),):
                _check(_mapping(item), field.message, (*here, index) if index else here, template)


def _refuse(typed: Path, message: str, template: Template) -> NoReturn:
    near = nearest_setting(typed, template)
    names = ", ".join(template.values or ())
    hint = f"did you mean {near}?" if near else f"set one of {names}, or {CONFIG}.FIELD"
    raise UsageError(f"{ORIGIN} {'.'.join(typed)}: {message}", hint=hint)


def nearest_setting(typed: Path, template: Template) -> str | None:
    """The key that resembles the typed one most: by its last part, in whichever message it is, then as a whole."""
    ranked = sorted(((_likeness(typed, path), -len(path), path) for path in _paths(template)), reverse=True)
    if not ranked or not ranked[0][0]:
        return None
    path = ranked[0][2]
    own = [part for part in typed if not part.isdecimal()]
    if [part for part in path[:-1] if not part.isdecimal()] == own[:-1]:
        return ".".join((*typed[:-1], path[-1]))
    return ".".join(path)


def _likeness(typed: Path, path: Path) -> float:
    """How much two keys resemble each other; 0 where they do not. Numbers of items are not compared."""
    one, other = ([part for part in key if not part.isdecimal()] for key in (typed, path))
    leaf = max(_ratio(one[-1], other[-1]), _shared(one[-1], other[-1]))
    whole = _ratio(".".join(one), ".".join(other))
    return 2 * leaf + whole if leaf >= _LEAST_LEAF or whole >= _LEAST_WHOLE else 0.0


def _ratio(one: str, other: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, one.lower()[:80], other.lower()).ratio()


def _shared(word: str, name: str) -> float:
    """The share of the word's parts that the name has, a little less than the same name: ``max_delay``."""
    parts = set(word.lower().split("_"))
    return 0.9 * len(parts & set(name.split("_"))) / len(parts)


def _paths(template: Template) -> Iterator[Path]:
    """All keys: the template's values with what is in them, then the fields of ModelConfig that are not among them."""
    root = message_type("ModelConfig")
    values = template.values or {}
    for name, value in values.items():
        yield (name,)
        if value.kind == "field":
            yield from _below(root, name, ())
    for name in root.fields:
        if name not in values:
            yield (CONFIG, name)
            yield from _below(root, name, (CONFIG,))


def _below(owner: MessageType, name: str, at: Path) -> Iterator[Path]:
    field = owner.fields.get(name)
    if field is None or field.kind != "message" or field.map:
        return
    here = (*at, name, "0") if field.repeated else (*at, name)
    for inner in field.message.fields:
        yield (*here, inner)
        yield from _below(field.message, inner, here)


def _deepest(value: object) -> Path:
    """The keys of a nested mapping, the first one at each level."""
    inner = next(iter(_mapping(value).items()), None)
    return () if inner is None else (inner[0], *_deepest(inner[1]))


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}
