"""The templates there are: the built-in ones, and a project's own, which come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.project import yaml_file
from triton_kit.project.settings import mapping
from triton_kit.resources import resource
from triton_kit.suggestion import suggest

CONFIG = "config.pbtxt.j2"
ABOUT = "template.yaml"
LARGEST = 1_000_000
"""The most bytes of one file of a template that are read."""

KINDS = ("field", "any", "integer", "number", "boolean", "text", "list", "mapping")
"""What a template can say of a value: ``field`` is the ModelConfig field of that name, the rest are YAML's types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value that a template takes: what it is, and what it is when nobody says."""

    kind: str
    about: str
    default: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template: the directories that hold its files, a project's first, and what its template.yaml says.

    ``values`` is ``None`` for a template that does not say what it takes: then it takes anything.
    """

    name: str
    directories: tuple[Path, ...]
    description: str
    values: Mapping[str, Value] | None
    own: bool

    def file(self, name: str) -> Path | None:
        """The file of that name, the project's before the built-in one."""
        return next((d / name for d in self.directories if (d / name).is_file()), None)

    def files(self) -> dict[str, Path]:
        """Its files by their path in the template, template.yaml left out."""
        found: dict[str, Path] = {}
        for directory in reversed(self.directories):
            for path in sorted(directory.rglob("*")):
                name = path.relative_to(directory).as_posix()
                if path.is_file() and name != ABOUT and "__pycache__" not in name:
                    refuse_outside(path, directory.parent)
                    found[name] = path
        return dict(sorted(found.items()))

    def completed(self, given: Mapping[str, object]) -> dict[str, object]:
        """The values with the defaults of those that are not given."""
        return {**{name: value.default for name, value in (self.values or {}).items()}, **given}


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The templates for config.pbtxt of one project, or the built-in ones where there is no project."""

    own: Path | None = None

    @property
    def roots(self) -> tuple[Path, ...]:
        """The directories that hold a folder for each template, the project's first."""
        built_in = resource("templates") / "config"
        return (built_in,) if self.own is None else (self.own / "config", built_in)

    def names(self) -> tuple[str, ...]:
        """The names of all templates, sorted."""
        return tuple(sorted({p.parent.name for root in self.roots for p in root.glob(f"*/{CONFIG}")}))

    def get(self, name: str) -> Template:
        """The template of that name. Raises UsageError naming the nearest one, or all."""
        if name not in self.names():
            raise UsageError(f"{name} is not a template", hint=suggest(name, self.names()))
        directories = tuple(root / name for root in self.roots if (root / name).is_dir())
        about = next((d / ABOUT for d in directories if (d / ABOUT).is_file()), None)
        description, values = ("", None) if about is None else _about(about)
        own = self.own is not None and (self.own / "config" / name).is_dir()
        return Template(name=name, directories=directories, description=description, values=values, own=own)


def refuse_outside(path: Path, root: Path) -> None:
    """Raise UsageError where a file of a template is a link that leads out of the directory of the templates."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{path} is a link that leads out of {root}", hint="put a copy of the file there")


def read_text(path: Path, *, errors: str = "strict") -> str:
    """The text of a template's file. Raises TkError where it cannot be read, or is larger than any real one."""
    try:
        return disk.read_bytes(str(path), LARGEST).decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise TkError(f"{path} cannot be read: {disk.reason(error)}", hint=disk.remedy(error)) from None


@lru_cache(maxsize=32)
def _about(file: Path) -> tuple[str, Mapping[str, Value] | None]:
    document = yaml_file.read(file)
    top = mapping(document, document.value, (), ("description", "values"))
    if "values" not in top:
        return str(top.get("description", "")), None
    values = {}
    entries = top["values"] or {}
    if not isinstance(entries, dict):
        raise UsageError(f"{document.where(('values',))}: values is not a mapping of names to what they are")
    for name, entry in entries.items():
        what = mapping(document, entry, ("values", name), ("kind", "about", "default"))
        kind = what.get("kind", "any")
        if kind not in KINDS:
            place = document.where(("values", name, "kind"))
            raise UsageError(f"{place}: {kind} is not a kind of value", hint=suggest(str(kind), KINDS))
        values[str(name)] = Value(kind=kind, about=str(what.get("about", "")), default=what.get("default"))
    return str(top.get("description", "")), values
