"""How far many requests are, on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from triton_kit.cli.support.terminal import console, live

if TYPE_CHECKING:
    from rich.progress import Progress


class RequestProgress:
    """A bar on stderr that is gone afterwards; nothing where stderr is not a terminal, or there is one request."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._bar: Progress | None = None

    def __enter__(self) -> RequestProgress:
        return self

    def ended(self, number: int, failed: int) -> None:
        """Show that so many requests have ended; the first time the bar begins."""
        if self._total < 2 or not live():
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task("requests", total=self._total, failed="")
            self._bar.start()
        bad = f", {failed} failed" if failed else ""
        self._bar.update(self._bar.task_ids[0], completed=number, failed=bad)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
    )
