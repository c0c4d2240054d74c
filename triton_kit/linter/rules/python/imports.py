"""Rules about the modules that a Python model imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit import suggestion
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.python_code import environment_path, span
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.repository.release import python_of

if TYPE_CHECKING:
    from triton_kit.signature.python_imports import Import

_SUFFIXES = (".py", ".pyc", ".so")


def _imports(model: Model) -> Iterator[tuple[int, ast.Module, list[Import]]]:
    from triton_kit.signature.python_imports import imports

    for version in model.versions:
        tree = model.python(version)
        if isinstance(tree, ast.Module):
            yield version, tree, list(imports(tree))


def _modules(names: list[str]) -> set[str]:
    """What can be imported out of a directory with these entries."""
    found = {name for name in names if "." not in name}
    return found | {name.partition(".")[0] for name in names if name.endswith(_SUFFIXES)}


@rule(Severity.ERROR, backend="python")
def python_relative_import(model: Model) -> Iterator[Problem]:
    """A relative import leads to a module that is not in the version's directory, or to a name that it does not have.

    The server imports the code as the module `model` of a package that is the version's directory (python
    pb_stub.cc:ModelContext::StubSetup), and there is nothing above that package. That a module lacks a name is said
    where its source shows all that it has.

    Server says:

        ModuleNotFoundError: No module named '1.…
        attempted relative import beyond top-level package
        ImportError: cannot import name '…' from

    Bad:

        backend: "python"
        -- 1/model.py
        from .helper import answer
        class TritonPythonModel:
            def execute(self, requests):
                return [answer(request) for request in requests]

    Good:

        backend: "python"
        -- 1/model.py
        from .helper import answer
        class TritonPythonModel:
            def execute(self, requests):
                return [answer(request) for request in requests]
        -- 1/helper.py
        def answer(request):
            return None
    """
    for version, tree, imports in _imports(model):
        folder = model.version_folder(version)
        modules = _modules(list(model.listing(folder)))
        for one in imports:
            file, where = Path(model.model_file(version)), span(one.node)
            if one.level > 1:
                message = "a relative import goes beyond the version's directory, which is the package at the top"
                yield Problem(message=message, help="import it without the dots", file=file, span=where)
                continue
            # What a package's own __init__.py defines can be imported as well.
            wanted = [one.root] if one.root else [] if "__init__" in modules else [n for n in one.names if n != "*"]
            for root in wanted if one.level == 1 else ():
                if root not in modules:
                    message = f"the module '{root}' is not in {folder}/"
                    yield Problem(message=message, help=_remedy(model, root, folder), file=file, span=where)
            if one.level == 1:
                yield from _lacking(model, version, tree, one, folder)


def _lacking(model: Model, version: int, tree: ast.Module, one: Import, folder: str) -> Iterator[Problem]:
    """What is imported from a module beside the code, whose source shows that it does not have it."""
    given = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    names = [name for name in one.names if name != "*" and not name.startswith("__") and name not in given]
    listed_there = model.listing(folder) if folder else model.entries
    beside = [name for name in listed_there if name.partition(".")[0] == one.module]
    if not names or beside != [f"{one.module}.py"]:
        return  # a package, or a compiled module, goes before it
    from triton_kit.signature.python_names import names_of

    place = f"{folder}/{one.module}.py" if folder else f"{one.module}.py"
    try:
        known = names_of(ast.parse(disk.read_bytes(model.join(place))))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if known is None:
        return
    for name in names:
        if name not in known:
            near = suggestion.nearest(name, sorted(known))
            help_ = f"did you mean '{near}'?" if near else f"define it in {place}"
            where = Path(model.model_file(version))
            yield Problem(message=f"{place} has no '{name}'", help=help_, file=where, span=span(one.node))


def _remedy(model: Model, root: str, folder: str) -> str:
    """Where a module is instead, if anywhere near."""
    if f"{root}.py" in model.entries or root in model.entries:
        return f"it is in the model's directory: import it as {root}, without the dot"
    beside = _modules(list(model.listing(folder))) - _modules([model.file_name])
    near = suggestion.nearest(root, sorted(beside))
    return f"did you mean '{near}'?" if near else f"put {root}.py into {folder}/"


@rule(Severity.WARNING, backend="python")
def python_module_unknown(model: Model) -> Iterator[Problem]:
    """The code imports a module that neither Python, the server's image nor the model's directories have.

    So it is with a name that a module in these directories does not have, where its source shows all that it has.
    Looked into are the version's directory and the model's, the standard library of the release's Python, and what the
    official image has installed (python pb_stub.cc:ModelContext::StubSetup, server build.py). What an image of one's
    own has is not known. Imports under a condition or in a try with handlers are left alone, and so is all where the
    code changes sys.path. Where the model has a packed execution environment, its packages are looked into as well, if
    the archive is in the model's directory and can be read in a few seconds; otherwise nothing is said.

    Server says:

        ModuleNotFoundError: No module named '…'

    Bad:

        backend: "python"
        -- 1/model.py
        from model_utils import answer
        class TritonPythonModel:
            def execute(self, requests):
                return [answer(request) for request in requests]

    Good:

        backend: "python"
        -- 1/model.py
        from model_utils import answer
        class TritonPythonModel:
            def execute(self, requests):
                return [answer(request) for request in requests]
        -- model_utils.py
        def answer(request):
            return None
    """
    from triton_kit.signature.python_imports import PACKAGES, was_in_standard_library

    yield from _lacking_beside(model)
    packed = _has_another_path(model)
    for version, one in _absent(model):
        if one.root in PACKAGES and not packed:
            continue
        release = "{:02d}.{:02d}".format(*model.options.release)
        changed = was_in_standard_library(one.root)
        folder = model.version_folder(version)
        beside = _modules([*model.listing(folder), *model.entries]) - _modules([model.file_name])
        near = suggestion.nearest(one.root, sorted(beside))
        if changed:
            message = f"the module '{one.root}' is {changed}, and the server of {release} has {python_of(release)}"
            help_ = "import it in a try, with another module in its place"
        else:
            there = "the execution environment" if packed else "the image"
            message = f"the module '{one.root}' is neither in Python, {there}, {folder}/ nor the model's directory"
            help_ = f"put {one.root}.py beside {model.file_name}, or pack an environment for EXECUTION_ENV_PATH"
            if packed:
                help_ = f"install {PACKAGES.get(one.root, one.root)} in the environment, and pack it again"
            help_ = f"did you mean '{near}'?" if near else help_
        yield Problem(message=message, help=help_, file=Path(model.model_file(version)), span=span(one.node))


def _lacking_beside(model: Model) -> Iterator[Problem]:
    """Names that modules in the version's or the model's directory do not have; not where both have the module."""
    from triton_kit.signature.python_imports import IMAGE, PACKAGES, finds_its_own, in_standard_library

    if _has_another_path(model):
        return
    for version, tree, imports in _imports(model):
        if finds_its_own(tree):
            continue
        folder = model.version_folder(version)
        within, around = _modules(list(model.listing(folder))), _modules(list(model.entries))
        for one in imports:
            elsewhere = one.root in IMAGE or one.root in PACKAGES or in_standard_library(one.root, None)
            if one.level == 0 and not elsewhere and (one.root in within) != (one.root in around):
                yield from _lacking(model, version, tree, one, folder if one.root in within else "")


@rule(Severity.NOTE, backend="python")
def python_packages_needed(model: Model) -> Iterator[Problem]:
    """The code imports packages that the official image does not have.

    The `-py3` image has NumPy, and no other package that models compute with (server build.py). An image of one's own,
    or a packed environment (`EXECUTION_ENV_PATH`), can have them.

    Server says:

        ModuleNotFoundError: No module named '…'

    Bad:

        backend: "python"
        -- 1/model.py
        import torch
        class TritonPythonModel:
            def execute(self, requests):
                return [torch.ones(1) for request in requests]

    Good:

        backend: "python"
        -- 1/model.py
        import numpy
        class TritonPythonModel:
            def execute(self, requests):
                return [numpy.ones(1) for request in requests]
    """
    from triton_kit.signature.python_imports import PACKAGES

    if _has_another_path(model):
        return
    if model.options.image_backends and model.options.image_backends & {"vllm", "tensorrtllm"}:
        # The images of these have what language models need.
        return
    for version in model.versions:
        absent = [one for of, one in _absent(model) if of == version and one.root in PACKAGES]
        roots = list(dict.fromkeys(one.root for one in absent))
        if roots:
            verb = "is" if len(roots) == 1 else "are"
            pip = " ".join(dict.fromkeys(PACKAGES[root] for root in roots))
            yield Problem(
                message=f"{listed(roots)} {verb} not in the official image",
                help=f"pack an environment for EXECUTION_ENV_PATH, or make an image with pip install {pip}",
                file=Path(model.model_file(version)),
                span=span(absent[0].node),
            )


def _has_another_path(model: Model) -> bool:
    return "EXECUTION_ENV_PATH" in model.config.parameters or "triton_python_backend_stub" in model.entries


def _absent(model: Model) -> Iterator[tuple[int, Import]]:
    """The first import of each module that nothing is known to provide."""
    from triton_kit.signature.python_imports import IMAGE, finds_its_own, in_standard_library

    path = environment_path(model)
    if _has_another_path(model) and (path is None or "triton_python_backend_stub" in model.entries):
        return
    python = python_of("{:02d}.{:02d}".format(*model.options.release))
    release = (int(python.partition(".")[0]), int(python.partition(".")[2])) if python else None
    for version, tree, imports in _imports(model):
        if finds_its_own(tree):
            continue
        modules = _modules([*model.listing(model.version_folder(version)), *model.entries])
        seen = set()
        for one in imports:
            known = one.root in modules or one.root in IMAGE or in_standard_library(one.root, release)
            if not (one.level or known or one.root in seen):
                seen.add(one.root)
                if path is None or _lacks(path, one.root):
                    yield version, one


def _lacks(path: str, root: str) -> bool:
    """Whether a packed environment is known not to have a module. It is read only where something is looked for."""
    from triton_kit.signature.environment import packages

    found = packages(Path(path))
    return found is not None and root not in found
