"""Rules that compare the code of a Python model with its configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.controls import controls
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, nearest
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Span
from triton_kit.signature.python_source import CLASS, model_class


@rule(Severity.WARNING, backend="python")
def python_unknown_tensor(model: Model) -> Iterator[Problem]:
    """The code of a Python model names a tensor that its configuration does not have.

    Nothing compares them while the model loads. An input that is not configured is None for every request, and an
    output that is not configured is dropped from every answer (python python_be.cc, resources
    triton_python_backend_utils.py:get_input_tensor_by_name).

    Bad:

        backend: "python"
        input { name: "image" data_type: TYPE_UINT8 dims: [ -1 ] }
        output { name: "label" data_type: TYPE_STRING dims: [ 1 ] }
        -- 1/model.py
        import triton_python_backend_utils as pb_utils
        class TritonPythonModel:
            def execute(self, requests):
                return [answer(pb_utils.get_input_tensor_by_name(r, "images")) for r in requests]

    Good:

        backend: "python"
        input { name: "image" data_type: TYPE_UINT8 dims: [ -1 ] }
        output { name: "label" data_type: TYPE_STRING dims: [ 1 ] }
        -- 1/model.py
        import triton_python_backend_utils as pb_utils
        class TritonPythonModel:
            def execute(self, requests):
                return [answer(pb_utils.get_input_tensor_by_name(r, "image")) for r in requests]
    """
    if not (model.inputs or model.outputs):
        return
    from triton_kit.signature.python_tensors import find_uses, sends_requests

    for version in model.versions:
        tree = model.python(version)
        if not isinstance(tree, ast.Module):
            continue
        uses = find_uses(tree)
        added = _added(model, version) if uses else None
        if added is None:
            continue
        asks_others = sends_requests(tree)
        known = {
            "input": [*(t.name for t in model.inputs), *added["input"], *_beside(model)],
            "output": [*(t.name for t in model.outputs), *added["output"], *_states(model)],
        }
        seen = set()
        for use in uses:
            names = known[use.kind]
            # A tensor for another model is made in the same way as an output.
            if not names or use.name in names or use.name in seen or (use.kind == "output" and asks_others):
                continue
            seen.add(use.name)
            yield Problem(
                message=f"'{use.name}' is not an {use.kind} of the configuration",
                help=nearest(use.name, names),
                file=Path(model.model_file(version)),
                span=Span(line=use.line, column=use.column, end_line=use.end_line, end_column=use.end_column),
            )


@rule(Severity.WARNING, backend="python")
def python_output_never_made(model: Model) -> Iterator[Problem]:
    """An output of the configuration is none of the tensors that the code makes.

    The model loads, and no response has the output (python pb_stub.cc). Left alone is code that computes a name,
    makes no tensor itself, asks other models, or has a base class or modules of its own.

    Bad:

        backend: "python"
        output [
          { name: "label" data_type: TYPE_STRING dims: [ 1 ] },
          { name: "score" data_type: TYPE_FP32 dims: [ 1 ] }
        ]
        -- 1/model.py
        import triton_python_backend_utils as pb_utils
        class TritonPythonModel:
            def execute(self, requests):
                label = pb_utils.Tensor("label", self.label)
                return [pb_utils.InferenceResponse([label]) for _ in requests]

    Good:

        backend: "python"
        output { name: "label" data_type: TYPE_STRING dims: [ 1 ] }
        -- 1/model.py
        import triton_python_backend_utils as pb_utils
        class TritonPythonModel:
            def execute(self, requests):
                label = pb_utils.Tensor("label", self.label)
                return [pb_utils.InferenceResponse([label]) for _ in requests]
    """
    from triton_kit.signature.python_tensors import outputs_made, sends_requests

    for version in model.versions if model.outputs else ():
        tree = model.python(version)
        found = model_class(tree)
        if not isinstance(tree, ast.Module) or found is None or found.bases or sends_requests(tree):
            continue
        made = outputs_made(tree)
        known = {*(t.name for t in model.outputs), *_states(model)}
        # A name that is not configured is reported as such, and may be the one that is missing.
        if made is None or not made <= known or _has_own_modules(model, version, tree):
            continue
        for output in model.outputs:
            if output.name and output.name not in made:
                yield Problem(
                    at=(*output.at, "name"),
                    message=f"the output '{output.name}' is never made by {model.file_name}",
                    help=f"it makes {listed(sorted(made))}: make it as well, or leave it out",
                )


def _has_own_modules(model: Model, version: int, tree: ast.Module) -> bool:
    """Whether the code imports something that is beside it, or everything of another module."""
    entries = [*model.listing(model.version_folder(version)), *model.entries]
    beside = {name.partition(".")[0] for name in entries}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.names[0].name == "*"):
            return True
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(module.partition(".")[0] in beside for module in modules):
            return True
    return False


def _beside(model: Model) -> Iterator[str]:
    """The names of inputs that are not among the inputs: controls, states, batch inputs."""
    yield from (entry.name for _, _, entry in controls(model))
    yield from (name for entry in model.config.batch_input for name in entry.target_name)
    if model.config.has("sequence_batching"):
        yield from (state.input_name for state in model.config.sequence_batching.state)


def _states(model: Model) -> Iterator[str]:
    yield from (name for entry in model.config.batch_output for name in entry.target_name)
    if model.config.has("sequence_batching"):
        yield from (state.output_name for state in model.config.sequence_batching.state)


def _added(model: Model, version: int) -> dict[str, list[str]] | None:
    """The names that the model's own completion may add; ``None`` where only running it could tell."""
    added: dict[str, list[str]] = {"input": [], "output": []}
    found = model.python_completion(version) if model.options.auto_complete else None
    if found is None:
        return added
    if not found.whole:
        return None
    for call in found.possible:
        if call.method in ("add_input", "add_output"):
            name = call.argument.get("name") if isinstance(call.argument, dict) else None
            if not isinstance(name, str):
                return None
            added[call.method[4:]].append(name)
    return added


@rule(Severity.WARNING, backend="python")
def python_execute_missing(model: Model) -> Iterator[Problem]:
    """The class of a Python model has no method execute.

    The model loads, and then every request fails (python pb_stub.cc).

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def exectue(self, requests):
                return []

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests):
                return []
    """
    for version in model.versions:
        tree = model.python(version)
        found = model_class(tree)
        if not isinstance(tree, ast.Module) or found is None:
            continue
        if found.bases or found.keywords or found.decorator_list or _binds(tree, "execute"):
            continue
        own = [n.name for n in found.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        near = nearest("execute", own) if own else ""
        column = found.col_offset + len("class ") + 1
        yield Problem(
            message=f"{CLASS} has no method execute",
            help=near if near.startswith("did you mean") else "define execute(self, requests)",
            file=Path(model.model_file(version)),
            span=Span(line=found.lineno, column=column, end_line=found.lineno, end_column=column + len(CLASS)),
        )


def _binds(tree: ast.Module, name: str) -> bool:
    """Whether anything of that name may be defined anywhere: a function, an attribute, an assignment, by setattr."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return True
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store):
            return True
        if isinstance(node, ast.Name) and (
            node.id == "setattr" or (node.id == name and isinstance(node.ctx, ast.Store))
        ):
            return True
    return False
