"""Golden cases out of what a server answers now."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_kit.client.answer import to_json
from triton_kit.client.request import InferPlan, InferRequest, make_plan
from triton_kit.client.responses import ask, is_decoupled
from triton_kit.client.sequence import new_sequence_id, takes_sequences, with_controls
from triton_kit.client.trial import plan_accepted
from triton_kit.files.write import explain_os_errors, replace_text
from triton_kit.repository.names import TESTS
from triton_kit.versions.comparison import Expected, compare_responses, usual
from triton_kit.versions.golden_arrays import example_inputs

if TYPE_CHECKING:
    from triton_kit.client.types import Array, Client, Inference, InferResult

LARGE = 4096
"""From so many elements on a case of one request and one response is written as .npz, which is smaller."""

SEQUENCE = 3
"""How many requests a made-up sequence has: its first, one in between, and its last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The requests of a case, each with the responses to it; several are a ``sequence``."""

    exchanges: tuple[tuple[Inference, tuple[InferResult, ...]], ...]
    streamed: bool
    sequence: bool


def plan_cases(client: Client, question: InferRequest, model: Path, *, random: int) -> list[tuple[str, InferPlan]]:
    """What to ask for the cases, each ``InferPlan`` under the name of its cases; with ``random`` so many made-up ones.

    Made-up data is like that of the cases that the model has. Raises as ``trial.plan_accepted`` does.
    """
    question = replace(question, examples=partial(example_inputs, model))
    first = plan_accepted(client, question)
    if not random:
        return [(question.data.stem if question.data is not None else "case", first)]
    length = SEQUENCE if first.sequences else 1
    plans = [
        make_plan(first.metadata, first.config, replace(question, seed=question.seed + number, rung=first.rung))
        for number in range(random * length)
    ]
    return [
        ("random", replace(first, requests=tuple(one for plan in plans[at : at + length] for one in plan.requests)))
        for at in range(0, len(plans), length)
    ]


def record(client: Client, model: Path, asked: Sequence[tuple[str, InferPlan]]) -> tuple[list[Path], list[str]]:
    """Send the requests, each ``InferPlan`` under the name of its cases, and write a case for each.

    The requests of a plan for a model that takes sequences are one case. Gives the files, and the outputs that were not
    the same when the same was asked again.
    """
    recorded: list[tuple[str, Recording]] = []
    unsteady: dict[str, None] = {}
    for name, plan in asked:
        for requests in _cases(plan):
            first, again = (_answered(client, plan, requests) for _ in range(2))
            unsteady.update(_unsteady(first, again))
            recorded.append((name, first))
    folder = model / TESTS
    with explain_os_errors(folder):
        folder.mkdir(exist_ok=True)
    return [_write(folder, *one) for one in recorded], list(unsteady)


def _cases(plan: InferPlan) -> list[Sequence[Inference]]:
    if takes_sequences(plan.config):
        return [plan.requests]
    return [(request,) for request in plan.requests]


def _answered(client: Client, plan: InferPlan, requests: Sequence[Inference]) -> Recording:
    """What comes of the requests, as a sequence where the model takes those."""
    sequence, streamed = takes_sequences(plan.config), is_decoupled(plan.config)
    asked = client.streaming() if streamed else client
    sent = with_controls(requests, new_sequence_id(plan.config), start=True, end=True) if sequence else requests
    answers = [tuple(ask(asked, request, decoupled=streamed)) for request in sent]
    exchanges = tuple(zip(requests, answers, strict=True))
    return Recording(exchanges=exchanges, streamed=streamed, sequence=sequence)


def _unsteady(first: Recording, again: Recording) -> Iterator[tuple[str, None]]:
    """The outputs that differ; ``responses`` where their number does."""
    for (_, results), (_, others) in zip(first.exchanges, again.exchanges, strict=True):
        expected = [
            {n: Expected(array=a, datatype=result.datatypes[n]) for n, a in result.outputs.items()}
            for result in results
        ]
        for difference in compare_responses(expected, others):
            yield difference.output or "the number of responses", None


def _write(folder: Path, name: str, recording: Recording) -> Path:
    """Write one case under the next free name."""
    request, results = recording.exchanges[0]
    plain = not recording.sequence and not recording.streamed
    arrays = [*request.inputs.values(), *(a for result in results for a in result.outputs.values())]
    types = {*request.datatypes.values(), *(t for result in results for t in result.datatypes.values())}
    large = plain and sum(a.size for a in arrays) >= LARGE and not types & {"BYTES", "BF16"}
    number = 1
    while any((folder / f"{name}-{number}{suffix}").exists() for suffix in (".json", ".npz")):
        number += 1
    path = folder / f"{name}-{number}{'.npz' if large else '.json'}"
    text = _npz(request, results[0]).decode("utf-8", "surrogateescape") if large else case_text(recording)
    replace_text(path, text)
    return path


def case_text(recording: Recording) -> str:
    """The case as JSON, a tensor a line."""
    rows = [_request(request, results, recording.streamed) for request, results in recording.exchanges]
    content: dict[str, object] = {"version": 1, **({"requests": rows} if recording.sequence else rows[0])}
    return _text(content, "") + "\n"


def _request(request: Inference, results: Sequence[InferResult], streamed: bool) -> dict[str, object]:
    inputs = [_tensor(n, request.datatypes[n], a) for n, a in request.inputs.items()]
    parameters = {"parameters": dict(request.parameters)} if request.parameters else {}
    responses = [_outputs(result) for result in results]
    return {**parameters, "inputs": inputs, **({"responses": responses} if streamed else {"outputs": responses[0]})}


def _outputs(result: InferResult) -> list[dict[str, object]]:
    outputs = []
    for name, array in sorted(result.outputs.items()):
        tolerance = usual(result.datatypes[name])
        given = {"rtol": tolerance.rtol, "atol": tolerance.atol} if tolerance.atol else {}
        outputs.append(_tensor(name, result.datatypes[name], array) | given)
    return outputs


def _text(value: object, margin: str) -> str:
    """JSON, indented down to the tensors, which are a line each."""
    inner = margin + "  "
    match value:
        case {"name": _, "data": _}:
            return json.dumps(value, ensure_ascii=False)
        case dict() if value:
            parts = [f"{inner}{json.dumps(key)}: {_text(item, inner)}" for key, item in value.items()]
            return "{\n" + ",\n".join(parts) + f"\n{margin}}}"
        case list() if value:
            return "[\n" + ",\n".join(inner + _text(item, inner) for item in value) + f"\n{margin}]"
    return json.dumps(value, ensure_ascii=False)


def _tensor(name: str, datatype: str, array: Array) -> dict[str, object]:
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": _data(array)}


def _data(array: Array) -> list[object]:
    """The elements, floats with as many digits as their own type needs."""
    import numpy as np

    flat = array.ravel()
    if flat.dtype in (np.float16, np.float32):
        return to_json(np.array([float(str(value)) for value in flat], dtype=np.float64))
    return to_json(flat)


def _npz(request: Inference, result: InferResult) -> bytes:
    import numpy as np

    arrays: dict[str, Any] = {f"inputs/{name}": array for name, array in request.inputs.items()}
    for name, array in result.outputs.items():
        arrays[f"outputs/{name}"] = array
        tolerance = usual(result.datatypes[name])
        arrays |= {f"rtol/{name}": np.array(tolerance.rtol), f"atol/{name}": np.array(tolerance.atol)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
