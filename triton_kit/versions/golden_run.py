"""Golden cases against a running server."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.client import Client, Inference, ModelMetadata, ServedConfig, ServerError
from triton_kit.client.input_slots import check_batches, check_complete, slots
from triton_kit.client.request import describe
from triton_kit.client.responses import ask, is_decoupled
from triton_kit.client.sequence import new_sequence_id, takes_sequences, with_controls
from triton_kit.errors import ProblemsFound, UsageError
from triton_kit.repository.names import TESTS
from triton_kit.versions.comparison import Difference, compare_responses
from triton_kit.versions.golden_arrays import Bound, bind
from triton_kit.versions.golden_cases import Case, find_cases, read_case


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of a case: nothing wrong, differences, or an ``error`` of the server or of the case itself."""

    model: str
    version: str
    case: str
    seconds: float
    differences: tuple[Difference, ...] = ()
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether the model answered as expected."""
        return not self.differences and not self.error


def cases_of(models: Sequence[Path]) -> dict[str, list[Path]]:
    """The files of each model's cases. Raises UsageError where there is none at all."""
    found = {model.name: files for model in models if (files := find_cases(model))}
    if not found:
        one = f"{models[0]} has" if len(models) == 1 else f"none of {len(models)} models has"
        raise UsageError(
            f"{one} no cases in {TESTS}/", hint=f"record some: tk test {models[0].name if models else 'MODEL'} --record"
        )
    return found


def run_cases(client: Client, model: str, version: str, files: Sequence[Path]) -> list[CaseResult]:
    """Each case asked and compared; an empty ``version`` lets the server choose.

    Raises NoAnswer where the server is gone, UsageError or ServerError where it does not have the model ready.
    """
    metadata, config = describe(client, model, version)
    if is_decoupled(config):
        client = client.streaming()
    client.warm()

    def run(file: Path) -> CaseResult:
        case = read_case(file)
        requests = _requests(case, metadata, config, version)
        _check_controls(case, config)
        differences: list[Difference] = []
        answered = version
        for number, (request, wanted) in enumerate(requests):
            results = list(ask(client, request, decoupled=is_decoupled(config)))
            answered = results[0].version if results else answered
            differences += compare_responses(
                wanted.expected,
                results,
                partial=case.partial,
                streamed=wanted.streamed,
                request=number if case.sequence else None,
            )
        return CaseResult(model=model, version=answered, case=file.stem, seconds=0.0, differences=tuple(differences))

    outcomes = []
    for file in files:
        start = time.perf_counter()
        try:
            outcome = run(file)
        except (ServerError, UsageError) as problem:
            outcome = CaseResult(model=model, version=version, case=file.stem, seconds=0.0, error=problem.message)
        outcomes.append(replace(outcome, seconds=time.perf_counter() - start))
    return outcomes


def _requests(
    case: Case, metadata: ModelMetadata, config: ServedConfig | None, version: str
) -> list[tuple[Inference, Bound]]:
    """The requests of a case, each with what is expected; those of a sequence with its controls."""
    known = slots(metadata, config)
    bound = bind(case, known, {tensor.name: tensor for tensor in metadata.outputs})
    requests = []
    for one in bound:
        check_complete(known, one.inputs)
        check_batches(one.inputs, known, config.max_batch_size if config is not None else 0)
        requests.append(
            Inference(
                model=metadata.name,
                version=version,
                inputs=one.inputs,
                datatypes={name: known[name].datatype for name in one.inputs},
                parameters=one.parameters,
            )
        )
    if case.sequence and "sequence_id" not in bound[0].parameters:
        requests = list(with_controls(requests, new_sequence_id(config), start=True, end=True))
    return list(zip(requests, bound, strict=True))


def _check_controls(case: Case, config: ServedConfig | None) -> None:
    """Raise UsageError where the model takes a sequence, and the case is a request without one."""
    if takes_sequences(config) and not case.sequence and "sequence_id" not in case.requests[0].parameters:
        raise UsageError(
            f"{case.file}: the model takes sequences, and the case is not one",
            hint='write its requests as "requests": [{"inputs": ..., "outputs": ...}, ...]',
        )


def require_passed(outcomes: Sequence[CaseResult]) -> None:
    """Raise ProblemsFound that shows what failed, if anything did."""
    failed = [one for one in outcomes if not one.passed]
    if failed:
        listed = "\n".join(f"  {one.case}: {message}" for one in failed for message in messages(one))
        raise ProblemsFound(f"{len(failed)} of {len(outcomes)} cases failed\n{listed}")


def messages(outcome: CaseResult) -> list[str]:
    """What is wrong with a case, a line for each thing."""
    return [outcome.error] if outcome.error else [difference.message for difference in outcome.differences]
