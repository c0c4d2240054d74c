"""The responses of a stream as rows of a table whose columns are known before the first of them."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.cli.support.table import display_width
from triton_kit.client.answer import Answer, Output, summarise
from triton_kit.client.request import InferPlan
from triton_kit.repository.tensor import show_shape

_RIGHT = ("request", "response", "ms")


class StreamTable:
    """Rows for the responses to the requests of a plan, a line for each output."""

    def __init__(self, plan: InferPlan) -> None:
        outputs = plan.metadata.outputs
        self._several = len(plan.requests) > 1
        columns: list[tuple[str, list[str]]] = [
            *([("request", [])] if self._several else []),
            ("response", []),
            ("ms", ["00000.0"]),
            ("output", [t.name for t in outputs]),
            ("type", [t.datatype for t in outputs]),
            ("shape", [show_shape(t.shape) for t in outputs]),
        ]
        self._names = [name for name, _ in columns]
        self._widths = [max(map(display_width, (name, *cells))) for name, cells in columns]

    @property
    def head(self) -> str:
        """The names of the columns."""
        return self._line([*self._names, "values"])

    def lines(self, answer: Answer) -> Iterator[str]:
        """The lines of a response, its number and time in the first one."""
        number = [str(answer.request + 1)] if self._several else []
        left = [*number, str(answer.response + 1), f"{1000 * answer.seconds:.1f}"]
        if not answer.outputs:
            yield self._line([*left, "-", "", "", "(no outputs)"])
        for output in answer.outputs:
            yield self._line([*left, output.name, output.datatype, show_shape(output.shape), values_text(output)])
            left = [""] * len(left)

    def _line(self, cells: list[str]) -> str:
        padded = [
            " " * (width - display_width(cell)) + cell if name in _RIGHT else cell + " " * (width - display_width(cell))
            for name, width, cell in zip(self._names, self._widths, cells[:-1], strict=True)
        ]
        return "  ".join([*padded, cells[-1]]).rstrip()


def values_text(output: Output) -> str:
    """The values of an output in a line, or its best classes."""
    if output.classes:
        return "; ".join(
            ", ".join(f"{c.label or c.index} {c.score:.4f}" for c in example) for example in output.classes
        )
    return summarise(output.array) if output.array is not None else ""
