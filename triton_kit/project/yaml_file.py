"""YAML as people mean it: ``no`` is a word, a key stands once, and every value knows its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    import yaml

_LIMIT = 100_000
"""Values in one file, aliases written out: far above any model.yaml, far below an exponential one."""


_DIGITS = 1000
"""In one number, of any base: Python refuses to write down one of some thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A YAML file: its value (mappings, lists, scalars), and the line and column of each value by its route."""

    file: Path
    value: Any
    places: Mapping[Route, tuple[int, int]] = field(repr=False)

    def where(self, at: Route) -> str:
        """``file:line:column`` of the value at that route, or of its nearest parent."""
        while at and at not in self.places:
            at = at[:-1]
        line, column = self.places.get(at, (1, 1))
        return f"{self.file}:{line}:{column}"


def read(file: Path) -> YamlFile:
    """Read a file. Raises TkError where it cannot be read, UsageError with its place where it is not plain YAML."""
    try:
        text = disk.read_given(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise TkError(f"{file} cannot be read: {disk.reason(error)}") from None
    return load(text, file)


def load(text: str, file: Path) -> YamlFile:
    """Read text that came from ``file``; raises UsageError with the place of what is wrong."""
    import yaml

    try:
        node = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        raise UsageError(f"{place}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise UsageError(f"{file}: nested too deep") from None
    reader = _Reader(file)
    try:
        value = None if node is None else reader.value(node, (), ())
    except RecursionError:
        raise UsageError(f"{file}: nested too deep") from None
    return YamlFile(file=file, value=value, places=reader.places)


def scalar(text: str) -> object:
    """The value of ``text`` after ``--set KEY=``: typed as in a YAML file; lists and mappings in flow style work."""
    return load(text, Path("--set")).value


def dump(value: object) -> str:
    """YAML text that ``load`` reads back as the same value; keys in their order, innermost lists on one line."""
    import yaml

    text = yaml.dump(value, Dumper=_dumper(), sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)
    return str(text)


_PLAIN = (
    ("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$"), list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        re.compile(
            r"^[-+]?(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|(?:0|[1-9][0-9]*)(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+))$"
            r"|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
        ),
        list("-+0123456789."),
    ),
)
"""The core schema of YAML 1.2, but a number with a leading zero is a word: 010 is 8 to some and 10 to others."""


@lru_cache(maxsize=1)
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {}  # noqa: RUF012  (yaml's own mutable table)

    for tag, pattern, first in _PLAIN:
        Loader.add_implicit_resolver(tag, pattern, first)
    return Loader


@lru_cache(maxsize=1)
def _dumper() -> type[yaml.SafeDumper]:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        # The emitter writes some line breaks as they are outside of double quotes, and they come back as blanks.
        style = None if value.isprintable() else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    for tag, pattern, first in _PLAIN:
        Dumper.add_implicit_resolver(tag, pattern, first)
    Dumper.add_representer(str, text)
    return Dumper


class _Reader:
    """Turns YAML's nodes into values and remembers where each stood."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: dict[Route, tuple[int, int]] = {}

    def fail(self, node: yaml.Node, message: str, hint: str | None = None) -> UsageError:
        return UsageError(f"{self.file}:{_line(node)}:{_column(node)}: {message}", hint=hint)

    def value(self, node: yaml.Node, at: Route, parents: tuple[int, ...]) -> object:
        import yaml

        if id(node) in parents:
            raise self.fail(node, "an alias refers to what contains it")
        if len(self.places) > _LIMIT:
            raise self.fail(node, f"more than {_LIMIT} values, aliases written out")
        self.places.setdefault(at, (_line(node), _column(node)))
        parents = (*parents, id(node))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(item, (*at, i), parents) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self.mapping(node, at, parents)
        raise self.fail(node, f"the tag {node.tag} is not supported", "write a plain value")

    def mapping(self, node: yaml.MappingNode, at: Route, parents: tuple[int, ...]) -> dict[str | int, object]:
        import yaml

        result: dict[str | int, object] = {}
        first: dict[str | int, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.fail(key_node, "a key is not a plain word")
            key = self.scalar(key_node)
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise self.fail(key_node, f"the key {key_node.value!r} is not a word", "put it in quotes")
            if key in first:
                raise self.fail(key_node, f"{key} is given twice, the first time in line {first[key]}")
            first[key] = _line(key_node)
            place = (*at, key)
            self.places[place] = (_line(key_node), _column(key_node))
            result[key] = self.value(value_node, place, parents)
        return result

    def scalar(self, node: yaml.ScalarNode) -> str | bool | int | float | None:
        text = str(node.value)
        match node.tag.rpartition(":")[2]:
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if len(text) > _DIGITS:
                raise self.fail(node, f"{text[:40]}... is a number of more than {_DIGITS} digits", "put text in quotes")
            case "int":
                try:
                    return int(text, 16) if text.startswith("0x") else int(text)
                except ValueError:
                    raise self.fail(node, f"{text[:40]} is not a whole number") from None
            case "float":
                try:
                    return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
                except ValueError:
                    raise self.fail(node, f"{text[:40]} is not a number") from None
        raise self.fail(node, f"the tag {node.tag} is not supported", "write a plain value")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _column(node: yaml.Node) -> int:
    return int(node.start_mark.column) + 1
