"""Rules about models of the Python backend."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Span
from triton_kit.signature.python_source import (
    CLASS,
    binds_class,
    method,
    model_class,
    place,
    required_parameters,
)


@rule(Severity.ERROR, backend="python")
def python_file_missing(model: Model) -> Iterator[Problem]:
    """A version of a Python model has no model.py.

    The stub dies before it reports. Before 25.08 nothing notices, and the whole server waits for ever, as 24.10 does;
    from then on the model is refused after 10 s (python stub_launcher.cc). What 25.08 does was read in the sources, not
    seen on a server.

    Server says:

        Python model file not found in
        ModuleNotFoundError: No module named 'model'

    Bad:

        backend: "python"
        -- 1/main.py
        class TritonPythonModel: pass

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel: pass
    """
    if model.is_ensemble:
        return
    for version in model.versions:
        if disk.kind_of(model.model_file(version)) == disk.FILE:
            continue
        folder = model.version_folder(version)
        if disk.kind_of(model.join(folder)) != disk.DIRECTORY:
            held, help_ = [], f"rename the directory that counts as version {version} to {folder}"
        else:
            held = sorted(n for n in model.listing(folder) if n.endswith(".py"))
            help_ = f"put {model.file_name} there"
        if len(held) == 1:
            help_ = f'rename {held[0]} to {model.file_name}, or write default_model_filename: "{held[0]}"'
        elif model.file_name in model.entries:
            help_ = f"move {model.file_name} into {folder}/"
        at = ("default_model_filename",) if model.config.default_model_filename else ()
        said = "" if model.options.release >= (25, 8) else "hangs the server: "
        yield Problem(
            at=at,
            message=f"{said}the model file {folder}/{model.file_name} does not exist",
            help=help_,
            file=None if at else Path(model.join(folder)),
        )


@rule(Severity.ERROR, backend="python")
def python_syntax(model: Model) -> Iterator[Problem]:
    """The code of a Python model does not compile.

    The stub cannot import it (python pb_stub.cc). The server's Python may be another than the one that tk runs on, so
    newer syntax is not a problem of an older server here.

    Server says:

        Failed to initialize Python stub
        SyntaxError:
        IndentationError:

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel
            pass

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            pass
    """
    for version in model.versions:
        tree = model.python(version)
        if isinstance(tree, SyntaxError):
            # Of an encoding that is unknown, Python says neither; or 0, or -1.
            line, column = max(tree.lineno or 0, 1), max(tree.offset or 0, 1)
            yield Problem(
                message=f"the code does not compile: {tree.msg}",
                file=Path(model.model_file(version)),
                span=Span(line=line, column=column, end_line=line, end_column=column + 1),
            )
        elif isinstance(tree, Exception) and not isinstance(tree, Broken):
            said = f"cannot be read: {disk.reason(tree)}" if isinstance(tree, OSError) else f"does not compile: {tree}"
            yield Problem(message=f"the code {said}", file=Path(model.model_file(version)))


@rule(Severity.ERROR, backend="python")
def python_class_missing(model: Model) -> Iterator[Problem]:
    """The code of a Python model has no class TritonPythonModel.

    The backend makes an object of the class of that name (python pb_stub.cc).

    Server says:

        has no attribute 'TritonPythonModel'
        object is not callable
        Failed to initialize Python stub

    Bad:

        backend: "python"
        -- 1/model.py
        class Model:
            pass

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            pass
    """
    for version in model.versions:
        tree = model.python(version)
        if isinstance(tree, ast.Module) and not binds_class(tree):
            classes = [n.name for n in tree.body if isinstance(n, ast.ClassDef)]
            near = f"; it defines {listed(classes)}" if classes else ""
            yield Problem(
                message=f"the code defines no class {CLASS}{near}",
                help=f"call the class {CLASS}",
                file=Path(model.model_file(version)),
            )


_HANGING = ";|$'(&<` "
_REFUSED = ";|&$`<>()[]{}\\\"'*?~#!"


@rule(Severity.ERROR, backend="python")
def python_class_not_callable(model: Model) -> Iterator[Problem]:
    """The class of a Python model cannot be made without arguments.

    The stub calls it with none (python pb_stub.cc).

    Server says:

        TritonPythonModel.__init__() missing
        Failed to initialize Python stub

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def __init__(self, path):
                self.path = path

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def __init__(self, path="."):
                self.path = path
    """
    for version in model.versions:
        found = model_class(model.python(version))
        init = method(found, "__init__") if found else None
        if init is not None and required_parameters(init) > 1:
            yield Problem(
                message=f"{CLASS} is made without arguments, and its __init__ needs {required_parameters(init) - 1}",
                help="give them defaults, or read what it needs in initialize(self, args)",
                file=Path(model.model_file(version)),
                span=place(init),
            )


@rule(Severity.ERROR, backend="python")
def python_model_name(model: Model) -> Iterator[Problem]:
    """The name of a Python model, or of an instance group, breaks the command line of its stub.

    Before 25.08 the name goes through a shell, and loading hangs for ever; from then on there is no shell, a blank does
    no harm, and what means something to a shell is refused (python stub_launcher.cc, pb_utils.cc:IsValidIdentifier).
    What 25.08 refuses was read in the sources, not seen on a server.

    Server says:

        Invalid stub name: contains invalid characters

    Bad:

        backend: "python"
        instance_group [ { name: "a;b" } ]

    Good:

        backend: "python"
        instance_group [ { name: "a-b" } ]
    """
    refused = model.options.release >= (25, 8)
    harm = "" if refused else "hangs the server: "
    bad = _REFUSED if refused else _HANGING
    found = sorted(set(model.name) & set(bad))
    if found:
        yield Problem(
            message=f"{harm}the name of a Python model holds {listed(found)}",
            help="use letters, digits, - and _",
            file=Path(model.directory),
        )
    bad = bad if refused else ";|' "
    for i, group in enumerate(model.config.instance_group):
        found = sorted(set(group.name) & set(bad))
        if found:
            yield Problem(
                at=("instance_group", i, "name"),
                message=f"{harm if found != [' '] else ''}the name of a Python model's instances holds {listed(found)}",
                help="use letters, digits, - and _",
            )
