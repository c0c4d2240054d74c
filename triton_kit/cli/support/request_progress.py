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
        # Made before the first request, since rich takes longer to load than most requests take.
        self._bar = _bar(total) if total > 1 and live() else None
        self._shown = False

    def __enter__(self) -> RequestProgress:
        return self

    def ended(self, number: int, failed: int) -> None:
        """Show that so many requests have ended; the first time the bar begins."""
        if self._bar is None:
            return
        if not self._shown:
            self._bar.start()
            self._shown = True
        self._bar.update(self._bar.task_ids[0], completed=number, failed=f", {failed} failed" if failed else "")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None and self._shown:
            self._bar.stop()


def _bar(total: int) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
    )
    bar.add_task("requests", total=total, failed="")
    return bar
