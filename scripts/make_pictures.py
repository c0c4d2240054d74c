"""Make the pictures of the README, docs/*.svg: real commands, run in a real pseudo-terminal, drawn by rich.

Run it without options to write them, with ``--check`` to compare (exit code 1 when a picture would change). Figures
that differ from run to run (times, ports), and the order in which models load, do not count.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from triton_kit.graph import build
from triton_kit.graph.svg import render as render_svg
from triton_kit.linter.options import options

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(__file__).relative_to(ROOT).as_posix()
COLUMNS = 120
BROKEN_CONFIG = """\
backend: "onnxruntime"
max_batch_size: 8
input { name: "pixel" data_type: TYPE_FP32 dims: [ 1, 8, 8 ] }
output { name: "scores" data_type: TYPE_FP64 dims: [ 10 ] }
dynamic_batching { prefered_batch_size: [ 4, 16 ] }
"""


def main(arguments: list[str]) -> int:
    """Write or compare each picture."""
    stale = []
    for name, make in {"validate": show_validate, "demo": show_demo, "graph": None}.items():
        with tempfile.TemporaryDirectory() as scratch:
            svg = draw(f"tk {name}", make(Path(scratch))) if make else draw_graph()
        path = ROOT / "docs" / f"{name}.svg"
        if "--check" not in arguments:
            path.write_text(svg)
            print(f"wrote {path.relative_to(ROOT)}")
        elif not path.exists() or without_figures(path.read_text()) != without_figures(svg):
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run python {SCRIPT}", file=sys.stderr)
    return 1 if stale else 0


def show_validate(scratch: Path) -> str:
    """What ``tk validate`` says of a classifier whose config has three mistakes."""
    model = scratch / "models" / "digit_classifier"
    shutil.copytree(ROOT / "sample_repository" / "digit_classifier", model)
    (model / "config.pbtxt").write_text(BROKEN_CONFIG)
    return prompt("tk validate models") + run(["validate", "models"], scratch)


def show_demo(scratch: Path) -> str:
    """What ``tk demo`` prints on the embedded server."""
    return prompt("tk demo --runtime local") + run(["demo", "--runtime", "local"], scratch)


def draw_graph() -> str:
    """The picture that ``tk graph`` makes of the sample repository."""
    return render_svg(build.draw(str(ROOT / "sample_repository"), options()).graph) + "\n"


def prompt(command: str) -> str:
    """A shell prompt with that command typed."""
    return f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m\n"


def run(arguments: list[str], directory: Path) -> str:
    """What tk writes to a terminal: the last state of each line, colours kept."""
    environment = os.environ | {
        "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "50", "PYTHONPATH": str(ROOT)
    }  # fmt: skip
    environment.pop("NO_COLOR", None)
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execve(sys.executable, [sys.executable, "-m", "triton_kit", *arguments], environment)
    chunks = []
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.waitpid(process, 0)
    os.close(terminal)
    return settle(b"".join(chunks).decode())


def settle(text: str) -> str:
    """What stays on the screen after cursor movements, as lines with their colours."""
    import pyte

    screen = pyte.HistoryScreen(COLUMNS, 50, history=1000)
    stream = pyte.Stream(screen)
    stream.feed(text)
    rows = [*screen.history.top, *(screen.buffer[y] for y in range(screen.lines))]
    lines = [paint(row) for row in rows]
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines) + "\n"


def paint(row: object) -> str:
    """A row of the screen as text with ANSI colours."""
    codes = {"black": 30, "red": 31, "green": 32, "brown": 33, "blue": 34, "magenta": 35, "cyan": 36, "white": 37}
    parts = []
    for x in range(COLUMNS):
        cell = row[x]  # type: ignore[index]
        wanted = [str(codes[cell.fg])] if cell.fg in codes else []
        wanted += ["1"] if cell.bold else []
        parts.append((";".join(wanted), cell.data))
    text, current = "", ""
    for code, data in parts:
        if code != current:
            text += "\x1b[0m" + (f"\x1b[{code}m" if code else "")
            current = code
        text += data
    text = text.rstrip() if not current else text + "\x1b[0m"
    return re.sub(r"\s+(\x1b\[0m)?$", r"\1", text)


def draw(title: str, text: str) -> str:
    """The text as an SVG picture of a terminal window, with no font or other file from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id=title.replace(" ", "-"))
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", f"<!-- made by {SCRIPT} from real output -->", svg, count=1, flags=re.DOTALL)
    return svg.replace("Fira Code", "ui-monospace, Menlo, Consolas, monospace")


def without_figures(svg: str) -> str:
    """The words of a picture for comparison: no figures, no layout, in no order (models load in any)."""
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return " ".join(sorted(re.sub(r"[\s\d.,]+|&#160;", "", word) for word in words))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
