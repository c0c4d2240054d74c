"""Where in a model's files the server's words lead: a line of its Python, a line of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import START, Route, Span

Place = tuple[Path, Span]

_FRAME = re.compile(r"(/[^\n]*?\.py)(?:\((\d+)\)|\"?, line (\d+))")
"""A frame as the stub writes it, ``/models/m/1/model.py(12): initialize``, or as Python does."""

_SYNTAX = re.compile(r"\((\w+\.py), line (\d+)\)")
_PARSED = re.compile(r"Error parsing text-format [\w.]+: (\d+):(\d+)")
_QUOTED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")
_TENSOR = re.compile(r"\b(?:input|output|tensor) '?([\w.:/-]+)'?")


def place_of(model: Model, root: str, text: str) -> Place:
    """The place that ``text``, what the server said of a model, leads to; else the head of its configuration.

    ``root`` is where the server had the repository. Of a traceback the innermost line in the model's own files counts.
    """
    for found in (_in_python(model, root, text), _in_config(model, text)):
        if found is not None:
            return found
    return Path(model.at_file), START


def raised_in_model(model: Model, root: str, text: str) -> bool:
    """Whether the model's own Python failed as it ran, which nothing but running it can show."""
    return _in_python(model, root, text) is not None


def _in_python(model: Model, root: str, text: str) -> Place | None:
    for path, line in _frames(text):
        inside = path.removeprefix(f"{root}/{model.name}/")
        if inside != path and (file := Path(model.directory, inside)).is_file():
            return file, _whole_line(file, line)
    if (syntax := _SYNTAX.search(text)) is not None:
        for version in sorted(model.versions, reverse=True):
            if (file := Path(model.directory, str(version), syntax[1])).is_file():
                return file, _whole_line(file, int(syntax[2]))
    return None


def _frames(text: str) -> Iterator[tuple[str, int]]:
    for found in _FRAME.finditer(text):
        yield found[1], int(found[2] or found[3])


def _whole_line(file: Path, number: int) -> Span:
    """The line without its indentation; the file may have changed since."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    text = lines[number - 1] if 0 < number <= len(lines) else ""
    start = len(text) - len(text.lstrip()) + 1
    return Span(line=number, column=start, end_line=number, end_column=max(len(text.rstrip()) + 1, start + 1))


def _in_config(model: Model, text: str) -> Place | None:
    try:
        source, message = model.document.source, model.document.message
        if (parsed := _PARSED.search(text)) is not None:
            line, column = int(parsed[1]), int(parsed[2])
            return Path(model.at_file), Span(line=line, column=column, end_line=line, end_column=column + 1)
        if (route := _route(message, text)) is not None:
            return Path(model.at_file), source.locate(route)
    except (Broken, AttributeError, TypeError, ValueError):
        return None
    return None


def _route(message: object, text: str) -> Route | None:
    """The tensor or step of the configuration whose name the text has, or the field that it names."""
    if "backend library" in text:
        return ("backend",)
    if "instance group" in text or "KIND_" in text:
        return "instance_group", 0, "kind"
    said = {a or b for a, b in _QUOTED.findall(text)} | set(_TENSOR.findall(text))
    for field in ("input", "output"):
        for i, tensor in enumerate(getattr(message, field)):
            if tensor.name in said:
                return field, i, "name"
    return None
