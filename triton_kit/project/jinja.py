"""Templates to text: sandboxed, strict about what is undefined, errors with the template's file and line."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import TkError, UsageError
from triton_kit.project.templates import Template, Templates, read_text, refuse_outside
from triton_kit.repository.text_format.dump import dump, escape

if TYPE_CHECKING:
    from triton_kit.project.template_limits import LimitedEnvironment


def render(templates: Templates, template: Template, path: Path, values: Mapping[str, object]) -> str:
    """The text that the template file ``path`` gives for the values.

    In a template, ``{{ text | pbtxt }}`` escapes for a quoted string of config.pbtxt, ``{{ value | python }}`` writes
    a Python literal, and ``{{ fields(input=input) }}`` writes fields of ModelConfig, nothing for an empty one.
    Raises UsageError with the file and line of what is wrong in the template.
    """
    import jinja2

    environment = _environment(templates, template)
    name = next(p for p in _names(path, template))
    try:
        return _joined(environment.get_template(name).generate(values))
    except jinja2.TemplateSyntaxError as error:
        file = error.filename or str(path)
        raise UsageError(f"{show(file)}:{error.lineno}: {error.message}") from None
    except jinja2.TemplateNotFound as error:
        raise UsageError(f"{_place(error, path)}: the template {error.name} does not exist") from None
    except jinja2.TemplateError as error:
        raise UsageError(f"{_place(error, path)}: {error.message}") from None
    except TkError as error:
        raise UsageError(f"{_place(error, path)}: {error.message}", hint=error.hint) from None
    except RecursionError:
        raise UsageError(f"{show(str(path))}: the template includes or calls itself without end") from None
    except Exception as error:
        # What a template's own expression raises: a division, a wrong type, an unknown attribute of a built-in.
        raise UsageError(f"{_place(error, path)}: {type(error).__name__}: {error}") from None


def _joined(pieces: Iterable[str]) -> str:
    """The whole text. Raises UsageError where it is longer than any real one."""
    from triton_kit.project.template_limits import LENGTH

    found, length = [], 0
    for piece in pieces:
        length += len(piece)
        if length > LENGTH:
            raise UsageError(f"the template gives more than {LENGTH:,} characters", hint="repeat less in it")
        found.append(piece)
    return "".join(found)


def show(file: str) -> str:
    """The path as a user would type it: relative where it lies below the working directory."""
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else relative


def _names(path: Path, template: Template) -> list[str]:
    return [path.relative_to(d).as_posix() for d in template.directories if path.is_relative_to(d)]


def _place(error: BaseException, path: Path) -> str:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith((".j2", ".jinja")):
            return f"{show(frame.filename)}:{frame.lineno}"
    return show(str(path))


def _environment(templates: Templates, template: Template) -> LimitedEnvironment:
    import jinja2
    from jinja2.loaders import split_template_path

    from triton_kit.project.template_limits import LimitedEnvironment

    folders = [*template.directories, *templates.roots]

    def load(name: str) -> tuple[str, str, None]:
        parts = split_template_path(name)
        for folder in folders:
            path = folder.joinpath(*parts)
            if path.is_file():
                refuse_outside(path, next((root for root in templates.roots if path.is_relative_to(root)), folder))
                text = read_text(path)
                environment.charge(len(text))
                return text, str(path), None
        raise jinja2.TemplateNotFound(name)

    environment = LimitedEnvironment(
        loader=jinja2.FunctionLoader(load),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pbtxt"] = _pbtxt
    environment.filters["python"] = _python
    environment.globals["fields"] = _fields
    environment.globals["fail"] = _fail
    return environment


def _pbtxt(value: object) -> str:
    """The text escaped for a double-quoted string of config.pbtxt; numbers and the like as their text."""
    return escape(value if isinstance(value, str) else str(_defined(value)))


def _python(value: object) -> str:
    text = repr(_defined(value))
    # As formatters have it: double quotes, unless one is inside.
    return f'"{text[1:-1]}"' if isinstance(value, str) and '"' not in value and "'" not in value else text


def _fields(**fields: object) -> str:
    """ModelConfig fields as text; one that is null, false, 0 or empty is left out, but a block that is there stays."""
    kept = {k: _defined(v) for k, v in fields.items() if v is not None and v != []}
    return dump(kept)


def _fail(message: str) -> str:
    raise UsageError(message)


def _defined(value: object) -> object:
    import jinja2

    if isinstance(value, jinja2.Undefined):
        # Any use of a strict undefined value raises with its name.
        str(value)
    return value
