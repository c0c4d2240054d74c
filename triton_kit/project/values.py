"""Values laid over values: defaults, model.yaml, an environment's file, the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from triton_kit.errors import UsageError
from triton_kit.project import yaml_file


@overload
def merge(base: dict[str, object], over: dict[str, object], *, keep_null: bool = False) -> dict[str, object]: ...
@overload
def merge(base: object, over: object, *, keep_null: bool = False) -> object: ...
def merge(base: object, over: object, *, keep_null: bool = False) -> object:
    """``over`` laid over ``base``.

    Mappings merge key by key, and a key that ``over`` sets to null is removed, or kept as a null for a layer further
    down. A mapping of indices over a list (``{0: ...}``) changes those elements. Everything else replaces: a list as a
    whole, too.
    """
    if isinstance(base, list) and isinstance(over, dict) and over and all(_is_index(k, base) for k in over):
        items = list(base)
        for key, value in over.items():
            items[int(key)] = merge(items[int(key)], value, keep_null=keep_null)
        return items
    if not isinstance(over, dict):
        return over
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in over.items():
        if value is None and not keep_null:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value, keep_null=keep_null)
    return result


def _is_index(key: object, items: Sequence[object]) -> bool:
    return str(key).isascii() and str(key).isdecimal() and int(str(key)) < len(items)


def parse_settings(settings: Sequence[str]) -> dict[str, object]:
    """``KEY=VALUE`` of each ``--set`` as the content of a model.yaml.

    A key is dotted; its first part is a value of the template, or ``config`` for a field of ModelConfig
    (``config.optimization.graph.level=1``). A value is typed as in YAML; null removes.
    """
    values: dict[str, object] = {}
    config: dict[str, object] = {}
    for setting in settings:
        key, sign, text = setting.partition("=")
        parts = key.strip().split(".")
        if not sign or not all(parts):
            raise UsageError(f"--set {setting}: not of the form KEY=VALUE", hint="write --set max_batch_size=8")
        try:
            value = yaml_file.scalar(text)
        except UsageError as error:
            raise UsageError(f"--set {setting}: {error.message.partition(': ')[2]}") from None
        target = values
        if parts[0] == "config":
            target = config
            parts = parts[1:]
            if not parts:
                raise UsageError(f"--set {setting}: no field is named", hint="write --set config.FIELD=VALUE")
        for part in parts[:-1]:
            inner = target.setdefault(part, {})
            if not isinstance(inner, dict):
                raise UsageError(f"--set {setting}: {part} was set to a plain value before")
            target = inner
        target[parts[-1]] = value
    return {k: v for k, v in (("values", values), ("config", config)) if v}


def read_values(file: Path) -> dict[str, object]:
    """The values of a ``--values`` file: a mapping of the template's values, as under ``values:`` in model.yaml."""
    document = yaml_file.read(file)
    if document.value is None:
        return {}
    if not isinstance(document.value, dict):
        raise UsageError(f"{document.where(())}: not a mapping", hint="write one value a line, as NAME: VALUE")
    return document.value
