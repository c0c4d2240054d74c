"""``tk add --ensemble``: the wiring, with questions to whoever sits at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from triton_kit.cli.support import terminal
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.linter.options import Options
    from triton_kit.scaffold.ensemble.value import Question, Wiring


def settled(
    name: str,
    repository: Path,
    judged: Options,
    *,
    steps: str | None,
    maps: Sequence[str] | None,
    exposed: Sequence[str] | None,
    hidden: Sequence[str] | None,
    max_batch_size: int | None,
) -> Wiring | None:
    """The wiring without open questions; ``None`` without ``--ensemble``.

    Raises UsageError where there is none, and where there are questions and nobody to ask.
    """
    from triton_kit.scaffold.ensemble.request import plan_wiring, refuse_unwired
    from triton_kit.scaffold.options import check_name

    if steps is None:
        for option, given in (("--map", maps), ("--expose", exposed), ("--hide", hidden)):
            if given:
                raise UsageError(
                    f"{option} goes with --ensemble", hint=f"add --ensemble MODEL,MODEL, or leave out {option}"
                )
        return None
    check_name(name)
    answers = list(maps or ())
    while True:
        wiring = plan_wiring(
            name,
            repository,
            judged,
            steps=steps,
            maps=answers,
            exposed=exposed or (),
            hidden=hidden or (),
            max_batch_size=max_batch_size,
        )
        if wiring.conflicts or not wiring.questions or not terminal.interactive():
            refuse_unwired(wiring)
            return wiring
        answers.append(_ask(wiring.questions[0]))


def _ask(question: Question) -> str:
    """Let the user choose what feeds an input; the answer is as ``--map`` takes it."""
    lines = [f"{question.end} is {question.port}. What feeds it?"]
    for i, candidate in enumerate(question.candidates, 1):
        lines.append(f"  {i}  {candidate}{'' if candidate.step else ', an input of the ensemble'}")
    number = 0
    while not 1 <= number <= len(question.candidates):
        number = typer.prompt("\n".join([*lines, "Number"]), type=int, err=True)
    return f"{question.end}={question.candidates[number - 1]}"
