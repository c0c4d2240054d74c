"""``tk infer``: send a request to a model and show its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.infer_options import AnswerOptions, DataOptions, MadeUpOptions, SequenceOptions
from triton_kit.cli.support.option_groups import build_request
from triton_kit.cli.support.options import Format
from triton_kit.cli.support.server_options import ModelVersion, RequestTimeout, ServerOptions
from triton_kit.cli.support.table import table
from triton_kit.cli.support.terminal import out, out_json, say, style, warn
from triton_kit.client import NoAnswer
from triton_kit.client.answer import (
    Output,
    check_target,
    outputs_json,
    read_labels,
    save,
    summarise,
)
from triton_kit.client.exchange import explained, read_answers, send
from triton_kit.client.request import InferPlan, InferRequest, plan_inferences
from triton_kit.client.summary import LatencySummary, summarize_latencies
from triton_kit.errors import TkError
from triton_kit.repository.tensor import show_shape

if TYPE_CHECKING:
    from triton_kit.client import Client

SHOWN = 10
"""How many answers are printed when there are more requests than one."""


def infer(
    model: Annotated[str, Argument(metavar="MODEL", help="The model to ask.")],
    inputs: Annotated[
        list[str] | None,
        Argument(metavar="[NAME=VALUE]...", help="An input as JSON, as text for BYTES, or as @FILE."),
    ] = None,
    model_version: ModelVersion = "",
    *,
    made_up: MadeUpOptions,
    data: DataOptions,
    sequence: SequenceOptions,
    repeat: Annotated[int, Option(min=1, metavar="N", help="Send it that many times, and sum up.")] = 1,
    in_flight: Annotated[int, Option("--async", min=1, metavar="N", help="Keep N requests in flight.")] = 1,
    shown: AnswerOptions,
    server: ServerOptions,
    timeout: RequestTimeout = 60.0,
    format_: Format = "text",
) -> int:
    """Send a request to a model and show its answer.

    An output that the server has labels for is shown as its best classes. Ends with 1 when the server refuses a
    request, with 3 when it does not answer.
    """
    fill = made_up.fill()
    sequence.check()
    output, top, labels = shown.output, shown.top, shown.labels
    if output is not None:
        check_target(output)
    names = read_labels(labels) if labels is not None else ()
    question = build_request(
        InferRequest,
        data,
        model=model,
        version=model_version,
        inline=inputs or (),
        fill=fill,
        seed=made_up.seed,
        batch=made_up.batch,
        shapes=made_up.shapes or (),
        top=top,
        values=output is not None or labels is not None,
    )
    with server.connect(timeout=timeout, models=[model]) as client:
        plan = sequence.of(plan_inferences(client, question))
        for note in plan.notes:
            say(note)
        outcomes, spent = send(client, plan, repeat, in_flight)
        answers = read_answers(plan, outcomes, top, names)
        failures = [o.error for o in outcomes if o.error is not None]
        if failures and len(outcomes) == 1:
            raise explained(failures[0], plan)
        if output is not None:
            save(output, [outputs for _, outputs in answers])
        latencies = [o.result.seconds for o in outcomes if o.result is not None]
        summary = summarize_latencies(latencies, failed=len(failures), seconds=spent)
        version = next((o.result.version for o in outcomes if o.result is not None), model_version)
        if format_ == "json":
            out_json(_json(client, model, version, answers, failures, summary))
        else:
            _show(client, model, version, answers, summary)
    if output is not None:
        say(f"saved to {output}")
    if failures:
        return _warn(failures, len(outcomes), plan)
    return 0


def _warn(failures: Sequence[TkError], sent: int, plan: InferPlan) -> int:
    """Say how many requests failed, and the worst reason; the exit code."""
    worst = next((e for e in failures if isinstance(e, NoAnswer)), failures[0])
    failure = explained(worst, plan)
    warn(f"{len(failures)} of {sent} requests failed: {failure.message}", hint=failure.hint)
    return worst.exit_code


def _show(
    client: Client, model: str, version: str, answers: Sequence[tuple[int, tuple[Output, ...]]], summary: LatencySummary
) -> None:
    out(f"{style(model, 'bold')} version {version or '-'} at {client.url}")
    streamed = len({index for index, _ in answers}) < len(answers)
    for number, (index, outputs) in enumerate(answers[:SHOWN], 1):
        out()
        if len(answers) > 1:
            out(style(f"response {number}" if streamed else f"request {index + 1}", "bold"))
        _show_outputs(outputs)
    if len(answers) > SHOWN:
        out()
        out(f"... and {len(answers) - SHOWN} answers more; --output keeps them all")
    out()
    if summary.sent == 1:
        out(f"{summary.max:.1f} ms")
        return
    failed = f", {summary.failed} failed" if summary.failed else ""
    what = "responses" if streamed else "requests"
    out(f"{summary.sent} {what}{failed} in {summary.seconds:.2f} s, {summary.rate:.1f} {what}/s")
    if summary.max is not None:
        parts = [f"{name} {getattr(summary, name):.1f}" for name in ("min", "p50", "p90", "p99", "max")]
        out("latency ms  " + "   ".join(parts))


def _show_outputs(outputs: Sequence[Output]) -> None:
    plain = [o for o in outputs if o.array is not None]
    if plain:
        rows = [(o.name, o.datatype, show_shape(o.shape), summarise(o.array)) for o in plain if o.array is not None]
        for line in table(("output", "type", "shape", "values"), rows):
            out(line)
    for i, output in enumerate(o for o in outputs if o.classes):
        if plain or i:
            out()
        many = len(output.classes) > 1
        rows_ = [
            ((str(n),) if many else ()) + (f"{c.score:.4f}", str(c.index), c.label)
            for n, example in enumerate(output.classes)
            for c in example
        ]
        head = (("example",) if many else ()) + (output.name, "class", "label")
        for line in table(head, rows_, right=(0, 1, 2) if many else (0, 1)):
            out(line)


def _json(
    client: Client,
    model: str,
    version: str,
    answers: Sequence[tuple[int, tuple[Output, ...]]],
    failures: Sequence[TkError],
    summary: LatencySummary,
) -> dict[str, object]:
    return {
        "url": client.url,
        "protocol": client.protocol,
        "model": model,
        "model_version": version,
        "answers": [{"request": index, "outputs": outputs_json(outputs)} for index, outputs in answers],
        "summary": asdict(summary),
        "errors": list(dict.fromkeys(e.message for e in failures)),
    }
