"""A project's defaults: the file tk.yaml, found from the working directory upward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.project import yaml_file
from triton_kit.suggestion import suggest

FILE = "tk.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What tk.yaml says. Paths are absolute or relative to the working directory."""

    root: Path
    repository: Path
    templates: Path
    release: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    """What rules, or areas of them, count as: ``error``, ``warning``, ``note`` or ``off``."""


def find(start: Path | None = None) -> Project | None:
    """The project that ``start`` (the working directory by default) is in, or ``None``.

    Raises UsageError with the place of what is wrong in its tk.yaml.
    """
    start = (start or Path.cwd()).resolve()
    for directory in (start, *start.parents):
        file = directory / FILE
        if file.is_file():
            return read(file)
    return None


def read(file: Path) -> Project:
    """The project of that tk.yaml; absent keys have their defaults, unknown ones are refused."""
    document = yaml_file.read(file)
    top = mapping(document, document.value, (), ("repository", "templates", "release", "lint", "serve"))
    lint = mapping(document, top.get("lint"), ("lint",), ("select", "ignore", "severity"))
    root = file.parent
    release = top.get("release")
    if release is not None and not isinstance(release, str):
        raise UsageError(
            f"{document.where(('release',))}: release is {release!r}, not a text", hint=f'write release: "{release}"'
        )
    return Project(
        root=root,
        repository=root / _text(document, top, "repository", "model_repository"),
        templates=root / _text(document, top, "templates", "templates"),
        release=release,
        select=_names(document, lint, "select"),
        ignore=_names(document, lint, "ignore"),
        severities=_severities(document, lint),
    )


def mapping(
    document: yaml_file.YamlFile, value: object, at: tuple[str, ...], known: Sequence[str]
) -> Mapping[str, object]:
    """The mapping at that route with no other keys than the known ones; an absent one is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{document.where(at)}: {at[-1] if at else 'the file'} is not a mapping of names to values")
    for key in value:
        if key not in known:
            raise UsageError(f"{document.where((*at, key))}: {key} is not known here", hint=suggest(str(key), known))
    return value


def _text(document: yaml_file.YamlFile, values: Mapping[str, object], key: str, default: str) -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{document.where((key,))}: {key} is not a path")
    return value


_SEVERITIES = ("error", "warning", "note", "off")


def _severities(document: yaml_file.YamlFile, values: Mapping[str, object]) -> Mapping[str, str]:
    given = values.get("severity")
    if given is not None and not isinstance(given, dict):
        raise UsageError(f"{document.where(('lint', 'severity'))}: severity is not a mapping of rules to severities")
    severities = {}
    for name, severity in (given or {}).items():
        # YAML reads a bare off as false.
        word = "off" if severity is False else severity
        if word not in _SEVERITIES:
            where = document.where(("lint", "severity", name))
            raise UsageError(f"{where}: {severity} is not a severity", hint=suggest(str(severity), _SEVERITIES))
        severities[str(name)] = word
    return severities


def _names(document: yaml_file.YamlFile, values: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = values.get(key)
    items = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise UsageError(f"{document.where(('lint', key))}: {key} is not a list of rule names")
    return tuple(items)
