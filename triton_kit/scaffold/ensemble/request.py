"""``--ensemble`` and its companions: from what is typed to a wired ensemble."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError
from triton_kit.linter.options import Options
from triton_kit.scaffold.ensemble.assembly import wire
from triton_kit.scaffold.ensemble.members import read_members
from triton_kit.scaffold.ensemble.value import End, Question, Step, Wiring
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelEnsembling


def plan_wiring(
    name: str,
    repository: Path,
    lint_options: Options,
    *,
    steps: str,
    maps: Sequence[str] = (),
    exposed: Sequence[str] = (),
    hidden: Sequence[str] = (),
    max_batch_size: int | None = None,
) -> Wiring:
    """The wiring for a new ensemble of that name; texts are as typed. Raises UsageError, and what read_members does."""
    used = read_steps(steps, name, repository, lint_options)
    return wire(
        used,
        maps=read_maps(maps, used),
        exposed=read_exposed(exposed, used),
        hidden=frozenset(_output(text, used, "--hide") for text in hidden),
        max_batch_size=max_batch_size,
    )


def read_steps(text: str, name: str, repository: Path, lint_options: Options) -> list[Step]:
    """``a,first=b@2,b`` as steps: models, a name of one's own before ``=``, a version after ``@``.

    A model that is there again without a name of its own is ``b#2``.
    """
    uses = [_use(part.strip(), text) for part in text.split(",")]
    members = read_members([model for _, model, _ in uses], repository, name, lint_options)
    steps: list[Step] = []
    for own, model, version in uses:
        taken = {s.label for s in steps} | {label for label, _, _ in uses if label}
        if own in {s.label for s in steps}:
            raise UsageError(f"--ensemble {text}: two steps are called {own}", hint="give each a name of its own")
        label = own or next(n for n in (model, *(f"{model}#{i}" for i in range(2, 10_000))) if n not in taken)
        steps.append(Step(label=label, member=members[model], version=version))
    return steps


def _use(part: str, text: str) -> tuple[str, str, int]:
    own, sign, rest = part.partition("=")
    model, at, version = (rest if sign else part).partition("@")
    if not model or (sign and not own) or (at and not re.fullmatch(r"[0-9]+", version, re.ASCII)):
        raise UsageError(f"--ensemble {text}: {part or 'an empty step'} is not a step", hint="write MODEL,NAME=MODEL@2")
    return own if sign else "", model, int(version) if at else -1


def read_maps(texts: Iterable[str], steps: Sequence[Step]) -> dict[End, End]:
    """``STEP.INPUT=STEP.OUTPUT`` or ``STEP.INPUT=NAME``, an input of the ensemble. Raises UsageError."""
    inputs = {End(s.label, p.name) for s in steps for p in s.member.inputs}
    outputs = {End(s.label, p.name) for s in steps for p in s.member.outputs}
    maps: dict[End, End] = {}
    for text in texts:
        option = f"--map {text}"
        # A tensor's name may hold the sign too.
        splits = [(text[:i], text[i + 1 :]) for i, c in enumerate(text) if c == "="]
        if not splits:
            raise UsageError(f"{option}: not of the form STEP.INPUT=STEP.OUTPUT", hint="name both tensors")
        left, right = next((one for one in splits if one[0] in map(str, inputs)), splits[0])
        end = _find(left, inputs, option, "input", steps)
        if end in maps:
            raise UsageError(f"{option}: {end} is mapped twice", hint="leave one of them out")
        if any(right.startswith(f"{s.label}.") for s in steps):
            maps[end] = _find(right, outputs, option, "output", steps)
        elif right:
            maps[end] = End("", right)
        else:
            raise UsageError(f"{option}: nothing feeds {end}", hint="write STEP.OUTPUT, or a name for an input")
    return maps


def read_exposed(texts: Iterable[str], steps: Sequence[Step]) -> dict[End, str]:
    """``STEP.OUTPUT`` or ``STEP.OUTPUT=NAME``: the outputs to show with the names that they get, if any."""
    outputs = [str(End(s.label, p.name)) for s in steps for p in s.member.outputs]
    exposed: dict[End, str] = {}
    for text in texts:
        splits = [(text, "")] + [(text[:i], text[i + 1 :]) for i, c in enumerate(text) if c == "="]
        left, name = next((one for one in splits if one[0] in outputs), splits[-1])
        if name and name in exposed.values():
            raise UsageError(f"--expose {text}: two outputs are called {name}", hint="give each a name of its own")
        exposed[_output(left, steps, "--expose")] = name
    return exposed


def _output(text: str, steps: Sequence[Step], option: str) -> End:
    outputs = {End(s.label, p.name) for s in steps for p in s.member.outputs}
    return _find(text, outputs, f"{option} {text}", "output", steps)


def _find(text: str, ends: set[End], option: str, side: str, steps: Sequence[Step]) -> End:
    """The one end that is written so; labels and tensors may both have dots in them."""
    found = [end for end in ends if str(end) == text]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{option}: {text} is several {side}s", hint="name the steps otherwise: --ensemble NAME=MODEL")
    step = next((s for s in steps if text.startswith(f"{s.label}.")), None)
    if step is None:
        labels = [s.label for s in steps]
        raise UsageError(f"{option}: {text} names no step", hint=suggest(text.partition(".")[0], labels))
    own = [end.tensor for end in ends if end.step == step.label]
    wrong = text.removeprefix(f"{step.label}.")
    raise UsageError(f"{option}: {wrong or 'an empty name'} is not an {side} of {step.label}", hint=_choice(wrong, own))


def _choice(wrong: str, names: Sequence[str]) -> str:
    return suggest(wrong, sorted(names)) if names else "it has none"


def refuse_unwired(wiring: Wiring) -> None:
    """Raise UsageError where the wiring is none: with every conflict, or with what could feed each open input."""
    if wiring.conflicts:
        first, *more = wiring.conflicts
        lines = "".join(f"\n  {c.message}" for c in more)
        raise UsageError(first.message + lines, hint=first.hint)
    if wiring.questions:
        count = len(wiring.questions)
        head = "an input" if count == 1 else f"{count} inputs"
        lines = "".join(f"\n  {q.end} is {q.port}:{_options(q)}" for q in wiring.questions)
        one = "one of these" if count == 1 else "one for each"
        raise UsageError(
            f"{head} could be fed in more than one way{lines}",
            hint=f"add {one}; a name without a step is an input of the ensemble",
        )


def _options(question: Question) -> str:
    return "".join(f"\n    {option(question, candidate)}" for candidate in question.candidates)


def option(question: Question, candidate: End) -> str:
    """What to type for that candidate."""
    return f"--map {shlex.quote(f'{question.end}={candidate}')}"


def wired_values(wiring: Wiring) -> dict[str, object]:
    """The values for the template of ensembles."""
    return {
        "max_batch_size": wiring.max_batch_size,
        "input": [{"name": t.name, "data_type": t.data_type, "dims": list(t.dims)} for t in wiring.inputs],
        "output": [{"name": t.name, "data_type": t.data_type, "dims": list(t.dims)} for t in wiring.outputs],
        "step": [
            {
                "model_name": s.model,
                "model_version": s.version,
                "input_map": dict(s.inputs),
                "output_map": dict(s.outputs),
            }
            for s in wiring.steps
        ],
    }


def show_steps(steps: Sequence[ModelEnsembling.Step.Dict]) -> list[str]:
    """Each step as ``--step`` takes it."""
    width = max((len(str(s.get("model_name"))) for s in steps), default=0)
    return [
        f"{s.get('model_name')!s:{width}}  {_pairs(s.get('input_map') or {})} -> {_pairs(s.get('output_map') or {})}"
        for s in steps
    ]


def _pairs(pairs: Mapping[str, str]) -> str:
    return " ".join(key if key == value else f"{key}={value}" for key, value in pairs.items())
