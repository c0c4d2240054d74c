"""Rules about the files that a Python model reads when it is loaded."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from triton_kit import suggestion
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.python_code import span
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.signature.python_opening import may_open


@rule(Severity.ERROR, backend="python")
def python_opened_file_missing(model: Model) -> Iterator[Problem]:
    """The model opens a file of its directory that does not exist.

    What is opened in the module or by initialize is missing on the server as well, and the exception refuses the model
    (python pb_stub.cc:Initialize). Left alone is what a handler or a condition guards, and code that may make the file.

    Server says:

        FileNotFoundError: [Errno 2] No such file or directory:

    Bad:

        backend: "python"
        -- 1/model.py
        import json
        import os
        class TritonPythonModel:
            def initialize(self, args):
                with open(os.path.join(os.path.dirname(__file__), "labels.json")) as file:
                    self.labels = json.load(file)

    Good:

        backend: "python"
        -- 1/model.py
        import json
        import os
        class TritonPythonModel:
            def initialize(self, args):
                with open(os.path.join(os.path.dirname(__file__), "labels.json")) as file:
                    self.labels = json.load(file)
        -- 1/labels.json
        {"0": "cat"}
    """
    for version in model.versions:
        tree = model.python(version)
        if not isinstance(tree, ast.Module) or not may_open(tree):
            continue
        path = model.model_file(version)
        if os.path.realpath(path) != os.path.join(os.path.realpath(os.path.dirname(path)), model.file_name):
            # A link, and what is beside its target is beside the model, too.
            continue
        from triton_kit.model.python_files import opened_files

        folder = model.version_folder(version)
        for opened in opened_files(tree, model.name, version, f"{folder}/{model.file_name}"):
            wanted = os.path.normpath(opened.path.lstrip("/"))
            if not wanted.startswith("..") and not os.path.exists(os.path.join(model.directory, wanted)):
                yield Problem(
                    message=f"the model opens {wanted}, which does not exist",
                    help=_near(model, wanted),
                    file=Path(path),
                    span=span(opened.node),
                    # A package's own function may look elsewhere.
                    severity=None if opened.function in ("open", "read_text", "read_bytes") else Severity.WARNING,
                )


def _near(model: Model, wanted: str) -> str:
    folder, name = os.path.split(wanted)
    try:
        names = os.listdir(os.path.join(model.directory, folder))
    except OSError:
        names = []
    near = suggestion.nearest(name, names)
    if near:
        return f"did you mean '{near}'?"
    if name in model.entries:
        return f"move {name} into {folder}/, or open it in the model's directory"
    return "put it there"
