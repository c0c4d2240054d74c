"""Everything tk prints: results on stdout, conversation on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from triton_kit import json_document
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
}
"""The names that ``style`` takes, as ANSI SGR parameters."""


class Settings:
    """What the options that every command takes have set for this run."""

    __slots__ = ("no_color", "notes", "quiet", "verbose")

    def __init__(self, *, quiet: bool = False, verbose: bool = False, no_color: bool = False) -> None:
        self.quiet, self.verbose, self.no_color = quiet, verbose, no_color
        self.notes: list[str] = []


settings = Settings()


def colors(stream: TextIO | None = None) -> bool:
    """Whether to colour what goes to ``stream`` (stdout by default): see https://no-color.org."""
    stream = stream or sys.stdout
    if settings.no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def style(text: str, name: str, *, stream: TextIO | None = None) -> str:
    """The text in that style, or as it is where ``stream`` (stdout by default) takes no colours."""
    return f"\x1b[{STYLES[name]}m{text}\x1b[0m" if colors(stream) else text


def diff_line(line: str) -> str:
    """A line of a unified diff in its colour."""
    if line.startswith(("---", "+++", "diff ")):
        return style(line, "bold")
    name = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return style(line, name) if name else line


def out(text: str = "") -> None:
    """Print a part of the result."""
    _write(sys.stdout, text)


def out_part(text: str) -> None:
    """Print a part of a line as it comes; what could move a terminal's cursor is shown escaped there."""
    _write(sys.stdout, printable(text) if sys.stdout.isatty() else text, end="")


def printable(text: str) -> str:
    """The text with every control character but line ends and tabs escaped."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def out_json(content: Mapping[str, object]) -> None:
    """Print the result as a JSON document, its version before the content, and what is to be noted behind it."""
    _write(sys.stdout, json_document.render(with_notes(content)))


def with_notes(content: Mapping[str, object]) -> Mapping[str, object]:
    """The content of a JSON document with the notes of this run, each of which is said once."""
    notes, settings.notes = settings.notes, []
    return {**content, "notes": notes} if notes else content


def out_event(content: Mapping[str, object]) -> None:
    """Print a part of the result as it happens, as a JSON document on a line of its own."""
    _write(sys.stdout, json_document.render(content, indent=None))


def say(text: str = "") -> None:
    """Tell the user something on the side; silent with --quiet."""
    if not settings.quiet:
        _write(sys.stderr, text)


def note(text: str, *, as_json: bool = False) -> None:
    """Tell what should be known of the result, beside it: on stderr, or as a note in the JSON document to come."""
    if as_json:
        settings.notes.append(text)
    else:
        say(f"{style('note', 'note', stream=sys.stderr)}: {text}")


def detail(text: str) -> None:
    """Tell what only --verbose shows."""
    if settings.verbose and not settings.quiet:
        _write(sys.stderr, style(text, "dim", stream=sys.stderr))


def warn(message: str, *, hint: str | None = None) -> None:
    """Tell about something that is not as it should be; shown with --quiet too."""
    _write(sys.stderr, f"{style('warning', 'warning', stream=sys.stderr)}: {message}")
    _hint(hint)


def error(message: str, *, hint: str | None = None) -> None:
    """Tell why it ends here."""
    _write(sys.stderr, f"{style('error', 'error', stream=sys.stderr)}: {message}")
    _hint(hint)


def _hint(hint: str | None) -> None:
    if hint:
        _write(sys.stderr, f"  {style('hint', 'cyan', stream=sys.stderr)}: {hint}")


def columns() -> int | None:
    """How wide the terminal is that stdout goes to; ``None`` where it goes elsewhere, and lines need no breaks."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def interactive() -> bool:
    """Whether someone can be asked: stdin and stderr are a terminal, and this is not CI."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def live() -> bool:
    """Whether stderr can show something that moves."""
    return not settings.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def console() -> Console:
    """A rich console on stderr, for what moves: live tables, progress bars."""
    from rich.console import Console

    return Console(stderr=True, quiet=settings.quiet, no_color=not colors(sys.stderr), highlight=False)


def _write(stream: TextIO, text: str, *, end: str = "\n") -> None:
    """Print a line; what the stream's encoding lacks, a file name's stray bytes for one, is shown escaped.

    Raises TkError where a result cannot be written; what is said on the side may be lost on a full disk.
    """
    try:
        try:
            stream.write(text + end)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is sys.stdout:
            raise unwritable(error) from None
        discard(stream)


def unwritable(error: OSError) -> TkError:
    """The failure of printing a result, after which nothing more is tried."""
    # What the stream still holds would fail once more as the process ends.
    discard(sys.stdout)
    reason = (error.strerror or str(error)).lower()
    return TkError(f"the output cannot be written: {reason}", hint="write it to another place")


def discard(stream: TextIO) -> None:
    """Let all that goes to the stream go nowhere from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
