"""How ``tk infer`` shows answers: as they come where they are a stream, else when all are there."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from triton_kit.cli.support.stream_table import StreamTable
from triton_kit.cli.support.table import table
from triton_kit.cli.support.terminal import out, out_event, out_json, out_part, say, style
from triton_kit.client import Client
from triton_kit.client.answer import Answer, Output, outputs_json, summarise
from triton_kit.client.request import InferPlan
from triton_kit.client.responses import is_decoupled
from triton_kit.client.summary import LatencySummary, Spread, StreamSummary
from triton_kit.client.tally import Tally
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import show_shape

SHOWN = 10
"""How many answers are printed when there are more requests than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who is asked, over which protocol, and what; how many classes are shown, and what they are called."""

    client: Client
    plan: InferPlan
    model: str
    version: str
    top: int | None
    labels: Sequence[str]

    @property
    def streamed(self) -> bool:
        """Whether each request has a stream of responses."""
        return is_decoupled(self.plan.config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came: the answers that are kept, the numbers, and whether Ctrl-C ended it."""

    answers: Sequence[Answer]
    tally: Tally
    interrupted: bool


class AnswerView(Protocol):
    """A way to show the answers: each as it comes, and then what they come to.

    ``keeps``, known after ``begin``, says whether the answers are wanted at the end.
    """

    keeps: bool

    def begin(self, asked: Asked) -> None: ...

    def show(self, answer: Answer) -> None: ...

    def end(self, came: Came) -> None: ...


class TextView:
    """Tables for people."""

    def begin(self, asked: Asked) -> None:
        """Remember who answers; of a stream the head is printed at once."""
        self._asked = asked
        self._rows: StreamTable | None = None
        self.keeps = not asked.streamed

    def show(self, answer: Answer) -> None:
        """Print a response of a stream."""
        if not self._asked.streamed:
            return
        if self._rows is None:
            self._rows = StreamTable(self._asked.plan)
            self._head(answer.version)
            out()
            out(style(self._rows.head, "dim"))
        for line in self._rows.lines(answer):
            out(line)

    def end(self, came: Came) -> None:
        """Print what was not yet printed, and the times."""
        if self._rows is None:
            self._head(came.tally.version or self._asked.version)
        if not self._asked.streamed:
            for answer in came.answers[:SHOWN]:
                out()
                if len(came.answers) > 1:
                    out(style(f"request {answer.request + 1}", "bold"))
                _show_outputs(answer.outputs)
            if len(came.answers) > SHOWN:
                out()
                out(f"... and {len(came.answers) - SHOWN} answers more; --output keeps them all")
        out()
        for line in summary_lines(came.tally, interrupted=came.interrupted):
            out(line)

    def _head(self, version: str) -> None:
        served = self._asked.plan.metadata.versions
        version = version or (served[0] if len(served) == 1 else "")
        out(f"{style(self._asked.model, 'bold')} version {version or '-'} at {self._asked.client.url}")


class JoinedView:
    """One text output alone, the responses joined; the times go to stderr."""

    keeps = False

    def begin(self, asked: Asked) -> None:
        """Choose the output. Raises UsageError where it is not clear."""
        plan = asked.plan
        wanted = plan.requests[0].outputs
        texts = [t.name for t in plan.metadata.outputs if t.datatype == "BYTES" and (not wanted or t.name in wanted)]
        if len(texts) != 1:
            what = f"the text outputs are {', '.join(texts)}" if texts else "no output is a text"
            raise UsageError(
                f"--join prints one output, and {what}", hint="choose one with --outputs NAME" if texts else None
            )
        batch = max((a.shape[0] for a in plan.requests[0].inputs.values() if a.ndim), default=1)
        if plan.config is not None and plan.config.max_batch_size > 0 and batch > 1:
            raise UsageError(f"--join prints one text, and the request has a batch of {batch}", hint="send one by one")
        self._name = texts[0]
        self._request = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._line_open = False

    def show(self, answer: Answer) -> None:
        """Print the text as it comes; a character may be spread over several responses."""
        if answer.request != self._request:
            self._finish_line()
            self._request = answer.request
        for output in answer.outputs:
            if output.name == self._name and output.array is not None:
                text = self._decoder.decode(b"".join(output.array.ravel().tolist()))
                self._line_open = bool(text) and not text.endswith("\n") if text else self._line_open
                out_part(text)

    def end(self, came: Came) -> None:
        """End the line, and tell the times on the side."""
        self._finish_line()
        for line in summary_lines(came.tally, interrupted=came.interrupted):
            say(line)

    def _finish_line(self) -> None:
        rest = self._decoder.decode(b"", final=True)
        if self._line_open or rest:
            out_part(rest + "\n")
        self._line_open = False


class JsonView:
    """One document when all is there."""

    keeps = True

    def begin(self, asked: Asked) -> None:
        """Remember who answers."""
        self._asked = asked

    def show(self, answer: Answer) -> None:
        """Nothing yet."""

    def end(self, came: Came) -> None:
        """Print the document."""
        listed = {"answers": [_answer_json(answer) for answer in came.answers]}
        out_json({**_who(self._asked, came.tally), **listed, **_sums(came.tally, came.interrupted)})


class LinesView:
    """A JSON document a line: each response as it comes, and the sums last."""

    keeps = False

    def begin(self, asked: Asked) -> None:
        """Remember who answers."""
        self._asked = asked

    def show(self, answer: Answer) -> None:
        """Print a response."""
        out_event({"event": "response", **_answer_json(answer)})

    def end(self, came: Came) -> None:
        """Print the sums."""
        out_event({"event": "summary", **_who(self._asked, came.tally), **_sums(came.tally, came.interrupted)})


def _who(asked: Asked, tally: Tally) -> dict[str, object]:
    """Who answered."""
    return {
        "url": asked.client.url,
        "protocol": asked.client.protocol,
        "model": asked.model,
        "model_version": tally.version or asked.version,
    }


def _answer_json(answer: Answer) -> dict[str, object]:
    return {
        "request": answer.request,
        "response": answer.response,
        "ms": 1000 * answer.seconds,
        "outputs": outputs_json(answer.outputs),
    }


def _sums(tally: Tally, interrupted: bool) -> dict[str, object]:
    stream = tally.stream_summary()
    return {
        "summary": asdict(tally.summary()),
        "stream": None if stream is None else asdict(stream),
        "client_busy": tally.client_busy,
        "interrupted": interrupted,
        "errors": list(dict.fromkeys(e.message for e in tally.failures)),
    }


def summary_lines(tally: Tally, *, interrupted: bool) -> list[str]:
    """The counts and times, for people."""
    summary, stream = tally.summary(), tally.stream_summary()
    broken = ", interrupted" if interrupted else ""
    failed = f", {summary.failed} failed" if summary.failed else ""
    if stream is not None:
        failed = f", {_count(summary.failed, 'request')} failed" if summary.failed else ""
        return _stream_lines(summary, stream, failed + broken)
    if summary.sent == 1 and summary.max is not None and not broken:
        return [f"{summary.max:.1f} ms"]
    lines = [
        f"{_count(summary.sent, 'request')}{failed}{broken} in {summary.seconds:.2f} s, {summary.rate:.1f} requests/s"
    ]
    if summary.max is not None:
        lines.append(f"latency ms  {_spread(summary)}")
    return lines


def _stream_lines(summary: LatencySummary, stream: StreamSummary, ending: str) -> list[str]:
    first, between = stream.time_to_first_response, stream.inter_response_latency
    several = summary.sent > 1
    to = f" to {_count(summary.sent, 'request')}, {_range(stream)}" if several else ""
    lines = [
        f"{_count(stream.responses, 'response')}{to}{ending} in {summary.seconds:.2f} s, {stream.rate:.1f} responses/s"
    ]
    if not stream.responses and not ending:
        lines.append("the model ended the stream without a response")
    if first is not None:
        lines.append(f"time to first response ms  {_spread(first) if several else f'{first.max:.1f}'}")
    if between is not None:
        lines.append(f"inter-response latency ms  {_spread(between)}")
    if several and summary.max is not None:
        lines.append(f"request latency ms         {_spread(summary)}")
    return lines


def _range(stream: StreamSummary) -> str:
    if stream.fewest == stream.most:
        return f"{stream.most} each"
    return f"{stream.fewest} to {stream.most} each"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _spread(times: LatencySummary | Spread) -> str:
    return "   ".join(f"{name} {getattr(times, name):.1f}" for name in ("min", "p50", "p90", "p99", "max"))


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
