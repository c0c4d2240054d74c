"""``tk infer``: send a request to a model and show its answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from triton_kit.cli.support.server_options import (
    Ca,
    Cert,
    Grpc,
    Header,
    Key,
    ServerName,
    Url,
    check_seconds,
    open_client,
    place_of,
)
from triton_kit.cli.support.table import table
from triton_kit.cli.support.terminal import out, out_json, say, style, warn
from triton_kit.client import NoAnswer, Outcome, ServerError, infer_many
from triton_kit.client.answer import (
    Output,
    check_target,
    looks_like_scores,
    outputs_json,
    read_labels,
    read_outputs,
    save,
    summarise,
)
from triton_kit.client.input_slots import expected
from triton_kit.client.request import TOP, Prepared, Question, prepare
from triton_kit.client.responses import stream_many
from triton_kit.client.summary import Tally, tally
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.tensor import show_shape

if TYPE_CHECKING:
    from triton_kit.client import Client

SHOWN = 10
"""How many answers are printed when there are more requests than one."""


def infer(
    model: Annotated[str, typer.Argument(help="The model to ask.")],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="An input as JSON, as text for BYTES, or as @FILE."),
    ] = None,
    url: Url = "",
    server: ServerName = None,
    grpc: Grpc = False,
    model_version: Annotated[str, typer.Option(help="The version to ask; the server chooses otherwise.")] = "",
    random: Annotated[
        bool, typer.Option("--random", help="Fill the inputs that are not given with random data.")
    ] = False,
    zeros: Annotated[bool, typer.Option("--zeros", help="Fill them with zeros.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other random data.")] = 0,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read inputs from a .json, .npy or .npz file.")
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]FILE", help="Fit an image to an input; several make a batch."),
    ] = None,
    scale: Annotated[
        Literal["none", "01", "inception", "imagenet"],
        typer.Option(help="Map pixels from 0..255 to themselves, 0..1, -1..1, or ImageNet's normal form."),
    ] = "none",
    layout: Annotated[
        Literal["auto", "nchw", "nhwc"], typer.Option(help="Where the colours are, if the model does not show it.")
    ] = "auto",
    batch: Annotated[int | None, typer.Option(min=1, help="Send this many examples in each request.")] = None,
    shape: Annotated[
        list[str] | None, typer.Option(metavar="NAME:SIZES", help="Sizes for made-up data, such as x:3,224,224.")
    ] = None,
    sequence_id: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Which sequence the request belongs to.")
    ] = None,
    sequence_start: Annotated[bool, typer.Option("--sequence-start", help="It is the first of its sequence.")] = False,
    sequence_end: Annotated[bool, typer.Option("--sequence-end", help="It is the last of its sequence.")] = False,
    repeat: Annotated[int, typer.Option(min=1, help="Send it so many times, and sum up.")] = 1,
    in_flight: Annotated[int, typer.Option("--async", min=1, metavar="N", help="Keep N requests in flight.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Keep the outputs in a .npz or .json file.")
    ] = None,
    top: Annotated[int | None, typer.Option(min=0, help="Show the N best classes; 0 for the values alone.")] = None,
    labels: Annotated[Path | None, typer.Option(metavar="FILE", help="Name the classes: one label a line.")] = None,
    header: Header = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    timeout: Annotated[float, typer.Option(help="Seconds that a request may take.")] = 60.0,
    format: Annotated[Literal["text", "json"], typer.Option(help="How to print the result.")] = "text",  # noqa: A002
) -> int:
    """Send a request to a model and show its answer.

    An output that the server has labels for is shown as its best classes. Ends with 1 when the server refuses a
    request, with 3 when it does not answer.
    """
    if random and zeros:
        raise UsageError("--random and --zeros exclude each other", hint="choose one")
    if sequence_id is None and (sequence_start or sequence_end):
        flag = "--sequence-start" if sequence_start else "--sequence-end"
        raise UsageError(f"{flag} goes with --sequence-id", hint="add --sequence-id 1")
    if output is not None:
        check_target(output)
    names = read_labels(labels) if labels is not None else ()
    question = Question(
        model=model,
        version=model_version,
        inline=inputs or (),
        fill="random" if random else "zeros" if zeros else "",
        data=data,
        images=image or (),
        scale=scale,
        layout=layout,
        seed=seed,
        batch=batch,
        shapes=shape or (),
        top=top,
        values=output is not None or labels is not None,
    )
    seconds = check_seconds(timeout)
    with open_client(place_of(url, server, grpc), header, ca, cert, key, timeout=seconds) as client:
        prepared = _in_sequence(prepare(client, question), sequence_id, sequence_start, sequence_end)
        for note in prepared.notes:
            say(note)
        outcomes, spent = _send(client, prepared, repeat, in_flight)
        answers = _read(prepared, outcomes, top, names)
        failures = [o.error for o in outcomes if o.error is not None]
        if failures and len(outcomes) == 1:
            raise _explain(failures[0], prepared)
        if output is not None:
            save(output, [outputs for _, outputs in answers])
        latencies = [o.result.seconds for o in outcomes if o.result is not None]
        summary = tally(latencies, failed=len(failures), seconds=spent)
        version = next((o.result.version for o in outcomes if o.result is not None), model_version)
        if format == "json":
            out_json(_json(client, model, version, answers, failures, summary))
        else:
            _show(client, model, version, answers, summary)
    if output is not None:
        say(f"saved to {output}")
    if failures:
        worst = next((e for e in failures if isinstance(e, NoAnswer)), failures[0])
        explained = _explain(worst, prepared)
        warn(f"{len(failures)} of {len(outcomes)} requests failed: {explained.message}", hint=explained.hint)
        return worst.exit_code
    return 0


def _in_sequence(prepared: Prepared, number: int | None, start: bool, end: bool) -> Prepared:
    """The requests as those of one sequence: its first begins it, its last ends it, where that is asked for."""
    if number is None:
        return prepared
    last = len(prepared.requests) - 1
    requests = [
        replace(
            request,
            parameters={
                "sequence_id": number,
                "sequence_start": start and i == 0,
                "sequence_end": end and i == last,
            },
        )
        for i, request in enumerate(prepared.requests)
    ]
    return replace(prepared, requests=tuple(requests))


def _send(client: Client, prepared: Prepared, repeat: int, in_flight: int) -> tuple[list[Outcome], float]:
    """What became of each request, in order, and the seconds that all of it took.

    Only the first answer to each request is kept whole, so that memory does not grow with the repetitions.
    """
    requests = prepared.requests
    first = len(requests)
    total = (request for _ in range(repeat) for request in requests)
    start = time.perf_counter()
    decoupled = prepared.config is not None and prepared.config.decoupled
    came = (
        stream_many(client, total) if decoupled else infer_many(client, total, in_flight=min(in_flight, first * repeat))
    )
    outcomes = [outcome if outcome.index < first else outcome.without_outputs() for outcome in came]
    spent = time.perf_counter() - start
    return sorted(outcomes, key=lambda o: o.index), spent


def _read(
    prepared: Prepared, outcomes: Sequence[Outcome], top: int | None, labels: Sequence[str]
) -> list[tuple[int, tuple[Output, ...]]]:
    """The outputs of each request's first answer, with the request's number."""
    config, first = prepared.config, prepared.requests[0]
    batching = config is not None and config.max_batch_size > 0
    wanted = top if top is not None else TOP if labels else 0
    answers = []
    for outcome in outcomes:
        if outcome.result is not None and outcome.index < len(prepared.requests):
            if labels and not any(
                looks_like_scores(a, batching=batching, labels=labels) for a in outcome.result.outputs.values()
            ):
                raise UsageError(f"no output has {len(labels)} classes, as many as there are labels")
            outputs = read_outputs(
                outcome.result,
                classified=first.classes,
                datatypes={t.name: t.datatype for t in prepared.metadata.outputs},
                batching=batching,
                top=wanted,
                labels=labels,
            )
            answers.append((outcome.index, outputs))
    return answers


def _explain(error: TkError, prepared: Prepared) -> TkError:
    """The error, with what the model takes where the server refused."""
    if isinstance(error, ServerError) and error.hint is None:
        takes = f"model {prepared.metadata.name} takes {expected(prepared.metadata)}"
        return ServerError(error.message, status=error.status, hint=takes)
    return error


def _show(
    client: Client, model: str, version: str, answers: Sequence[tuple[int, tuple[Output, ...]]], summary: Tally
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
    summary: Tally,
) -> dict[str, object]:
    return {
        "version": 1,
        "url": client.url,
        "protocol": client.protocol,
        "model": model,
        "model_version": version,
        "answers": [{"request": index, "outputs": outputs_json(outputs)} for index, outputs in answers],
        "summary": asdict(summary),
        "errors": list(dict.fromkeys(e.message for e in failures)),
    }
