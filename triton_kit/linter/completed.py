"""The completed configurations of models that a server would take."""

from __future__ import annotations

from triton_kit.errors import ProblemsFound, UsageError
from triton_kit.linter.engine import Run
from triton_kit.linter.options import Options
from triton_kit.model.normalization import complete_text
from triton_kit.model.target import find_targets


def show_completed(paths: list[str], options: Options) -> str:
    """The completed configurations of some models as text, each after a comment with its name where there are several.

    Raises UsageError for a path that is not a model, ProblemsFound for a model that the server would refuse.
    """
    targets = find_targets(paths)
    texts = []
    run = Run(options)
    for target in run.as_one_server(targets):
        if target.whole:
            raise UsageError(f"{target.repository} is a repository", hint="give one model or several")
        for name in target.models:
            model = run.repository(target.repository).model(name)
            if model is None:
                continue
            if (refusal := run.refusal(model)) is not None:
                raise ProblemsFound(f"{model.name}: {refusal.message}", hint=f"see tk validate {model.path}")
            texts.append((model.name, complete_text(model)))
    if len(texts) == 1:
        return texts[0][1]
    return "\n".join(f"# {name}\n{text}" for name, text in texts)
