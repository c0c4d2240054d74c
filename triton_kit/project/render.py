"""config.pbtxt from model.yaml and its template, the same bytes each time."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.project import config_overlay, jinja, settings, yaml_file
from triton_kit.project.setting_paths import ORIGIN, refuse_unknown_settings
from triton_kit.project.templates import CONFIG, Template, Templates
from triton_kit.project.values import merge
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump
from triton_kit.repository.text_format.source import Route
from triton_kit.suggestion import suggest

FILE = "model.yaml"

_HEADER = re.compile(r"\A(# Rendered by tk [^\n]*\n)# Content sha256: ([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Content in the form of a model.yaml, and where it came from: a file, or an option by name."""

    origin: str
    content: Mapping[str, Any]
    document: yaml_file.YamlFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a model's config.pbtxt is to be, and what it is (``None``: there is none)."""

    directory: Path
    text: str
    current: str | None

    @property
    def path(self) -> Path:
        """Where the text goes."""
        return self.directory / CONFIG_NAME

    @property
    def changed(self) -> bool:
        """Whether writing would change the file."""
        return self.current != self.text

    @property
    def edited(self) -> bool:
        """Whether the file is there and is not, byte for byte, something that was rendered: a hand has been at it."""
        return self.current is not None and not is_rendered(self.current)


def render_command(config: Path) -> str:
    """What writes that config.pbtxt again from its model.yaml."""
    return shlex.join(["tk", "render", str(config.parent)])


def edited_by_hand(configs: Sequence[Path], command: str) -> UsageError:
    """The refusal to overwrite what somebody wrote into rendered files; ``command`` renders them."""
    names = ", ".join(map(str, configs))
    were, they = ("was", "it was") if len(configs) == 1 else ("were", "they were")
    return UsageError(
        f"{names} {were} edited by hand since {they} rendered",
        hint=f"see {command} --diff; move the edits to {FILE}, or overwrite them: {command} --force",
    )


def render_model(directory: Path, *, env: str | None = None) -> str:
    """The text of that model's config.pbtxt; see ``render``. The project's own templates are found from there."""
    found = settings.find(directory)
    return render(directory, Templates(own=found.templates if found else None), env=env).text


def render(directory: Path, templates: Templates, *, env: str | None = None, layers: Sequence[Layer] = ()) -> Rendered:
    """What model.yaml in that directory gives, with its environment's file and the further layers over it.

    Raises UsageError with file, line and column of what is wrong in model.yaml or in the template.
    """
    path = directory / CONFIG_NAME
    try:
        current = disk.read_given(path).decode("utf-8", "surrogateescape") if path.exists() else None
    except OSError as error:
        raise TkError(f"{path} cannot be read: {disk.reason(error)}") from None
    text = render_text([*read_layers(directory, env), *layers], templates)
    return Rendered(directory=directory, text=text, current=current)


def read_layers(directory: Path, env: str | None) -> list[Layer]:
    """model.yaml, and model.ENV.yaml over it."""
    names = [FILE]
    if env is not None:
        names.append(f"model.{env}.yaml")
        if not (directory / names[1]).is_file():
            there = sorted(p.name.split(".")[1] for p in directory.glob("model.*.yaml"))
            hint = f"choose from: {', '.join(there)}" if there else f"write {names[1]}, or leave out --env"
            raise UsageError(f"{directory} has no {names[1]}", hint=hint)
    if not (directory / FILE).is_file():
        raise UsageError(f"{directory} has no {FILE}", hint="models that tk added have one")
    result = []
    for name in names:
        document = yaml_file.read(directory / name)
        content = settings.mapping(document, document.value, (), ("template", "values", "config"))
        result.append(Layer(origin=name, content=content, document=document))
    return result


def render_text(layers: Sequence[Layer], templates: Templates) -> str:
    """The whole text, header included, from the layers, the last one on top."""
    content: dict[str, Any] = {}
    for layer in layers:
        for key in ("values", "config"):
            if not isinstance(layer.content.get(key), dict | None):
                raise UsageError(f"{where([layer], (key,))}: {key} is not a mapping of names to values")
        content = merge(content, dict(layer.content), keep_null=True)
    template = _template(content, layers, templates)
    for layer in layers:
        if layer.origin == ORIGIN:
            refuse_unknown_settings(layer.content, template)
    values = _values(template, merge({}, content.get("values") or {}), layers)
    source = template.file(CONFIG)
    if source is None:
        raise UsageError(f"the template {template.name} has no {CONFIG}")
    body = _tidy(jinja.render(templates, template, source, values))
    _refuse_unreadable(body, f"template {template.name}")
    if config := content.get("config"):
        body = _tidy(_overlaid(body, config, layers))
        _refuse_unreadable(body, "the fields under config")
    first = f"# Rendered by tk from {_origins(layers)} (template {template.name}); edit that and run: tk render\n"
    return f"{first}# Content sha256: {_digest(first, body)}\n{body}"


def is_rendered(text: str) -> bool:
    """Whether nobody changed the text since it was rendered; other line ends, as git makes them, are not a change."""
    text = text.replace("\r\n", "\n")
    header = _HEADER.match(text)
    return bool(header) and header is not None and _digest(header[1], text[header.end() :]) == header[2]


def _digest(first: str, body: str) -> str:
    return hashlib.sha256((first + body).encode("utf-8", "surrogateescape")).hexdigest()


def _origins(layers: Sequence[Layer]) -> str:
    return " and ".join(dict.fromkeys(layer.origin for layer in layers))


def _tidy(text: str) -> str:
    """No blanks at line ends, no more than one empty line in a row, none at either end."""
    lines = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _template(content: Mapping[str, object], layers: Sequence[Layer], templates: Templates) -> Template:
    name = content.get("template")
    if not isinstance(name, str):
        hint = f"write template: NAME, one of {', '.join(templates.names())}"
        raise UsageError(f"{where(layers, ('template',))}: no template is named", hint=hint)
    try:
        return templates.get(name)
    except UsageError as error:
        if name not in templates.names():
            raise UsageError(f"{where(layers, ('template',))}: {error.message}", hint=error.hint) from None
        raise


_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "text": (str,),
    "list": (list,),
    "mapping": (dict,),
}


def _values(template: Template, given: Mapping[str, object], layers: Sequence[Layer]) -> dict[str, object]:
    """The values for the template: the given ones, checked, over its defaults."""
    if template.values is None:
        return dict(given)
    for name, value in given.items():
        at = ("values", name)
        if name not in template.values:
            hint = suggest(str(name), tuple(template.values))
            message = f"{name} is not a value of template {template.name}"
            raise UsageError(f"{where(layers, at)}: {message}", hint=hint)
        kind = template.values[name].kind
        if kind == "field":
            _checked_field(layers, at, name, value)
        elif kind in _TYPES and (
            not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
        ):
            raise UsageError(f"{where(layers, at)}: {name} is {value!r}, not {_article(kind)}")
    return template.completed(given)


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "integer" else kind if kind == "text" else f"a {kind}"


def _checked_field(layers: Sequence[Layer], at: Route, name: str, value: object) -> None:
    """Raise UsageError with the place of what the schema refuses in a field's value."""
    try:
        dump({name: value}, route=str(at[0]))
    except UsageError as error:
        raise _placed(error, layers, str(at[0])) from None


def _overlaid(body: str, config: Mapping[str, object], layers: Sequence[Layer]) -> str:
    try:
        return config_overlay.overlay(body, config)
    except UsageError as error:
        raise _placed(error, layers, "config") from None


def _placed(error: UsageError, layers: Sequence[Layer], root: str) -> UsageError:
    """The error of ``dump`` with the place of the value that its message begins with: ``values.input[0].dims ...``."""
    match = re.match(rf"{root}((?:\.[^.\[\s:]+|\[\d+\])*)", error.message)
    steps = re.findall(r"\.([^.\[\s:]+)|\[(\d+)\]", match[1]) if match else []
    route: Route = (root, *(name or int(index) for name, index in steps))
    return UsageError(f"{where(layers, route)}: {error.message}", hint=error.hint)


def _refuse_unreadable(body: str, origin: str) -> None:
    problems = parse(body).problems
    if problems:
        first = problems[0]
        lines = body.split("\n")
        shown = lines[first.span.line - 1].strip() if first.span.line <= len(lines) else ""
        raise UsageError(
            f"{origin} gives a config.pbtxt that cannot be read: {first.message}: {shown}", hint=first.help
        )


def where(layers: Sequence[Layer], at: Route) -> str:
    """The place of a value: in the topmost layer that has it, or the name of the option that it came from."""
    while True:
        for layer in reversed(layers):
            if _has(layer.content, at):
                return layer.document.where(at) if layer.document else layer.origin
        if not at:
            return layers[0].document.where(at) if layers[0].document else layers[0].origin
        at = at[:-1]


def _has(content: Any, at: Route) -> bool:
    for key in at:
        in_list = isinstance(content, list) and isinstance(key, int) and key < len(content)
        if not in_list and not (isinstance(content, Mapping) and key in content):
            return False
        content = content[key]
    return bool(at)
