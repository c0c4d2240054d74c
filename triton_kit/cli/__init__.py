"""The command line: the table of commands, what all of them share, and the one error boundary."""

from __future__ import annotations

import gc
import keyword
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from triton_kit.cli.support import plain, terminal
from triton_kit.errors import TkError
from triton_kit.signature.onnx import asking

if TYPE_CHECKING:
    from pathlib import Path


class Entry(NamedTuple):
    """A line of the command table: the group it is in, and what it does in one line."""

    group: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "init": Entry("Build", "Start a project around a model repository"),
    "add": Entry("Build", "Add a model, from its file or from scratch"),
    "import": Entry("Build", "Bring models from TorchServe or TensorFlow Serving"),
    "convert": Entry("Build", "Make a TensorRT model out of an ONNX one, and compare the two"),
    "render": Entry("Build", "Write config.pbtxt from model.yaml and its template"),
    "template": Entry("Build", "List, show or copy the templates"),
    "versions": Entry("Build", "List the versions of a model, and move between them"),
    "add-warmup": Entry("Build", "Warm a model up with its golden inputs as it loads"),
    "validate": Entry("Check", "Say what a Triton server would refuse, and the remedy"),
    "graph": Entry("Check", "Draw the data flow, with what is wrong at its place"),
    "fmt": Entry("Check", "Lay out config.pbtxt the canonical way"),
    "explain": Entry("Check", "Explain a rule, or a message of the server"),
    "rules": Entry("Check", "List the rules of tk validate"),
    "serve": Entry("Run", "Serve the repository and say when each model is ready"),
    "ps": Entry("Run", "List the servers that tk started"),
    "logs": Entry("Run", "Show the log of a server that tk started"),
    "stop": Entry("Run", "End servers that tk started"),
    "restart": Entry("Run", "End a detached server, and start it as it was asked for"),
    "models": Entry("Run", "List the models of a running server"),
    "load": Entry("Run", "Load models on a running server"),
    "unload": Entry("Run", "Unload models from a running server"),
    "reload": Entry("Run", "Reload models on a running server, changed or not"),
    "health": Entry("Run", "Ask a running server what it has ready"),
    "infer": Entry("Run", "Send a request to a model and show its answer"),
    "test": Entry("Run", "Ask what a model's golden cases ask, and compare the answers"),
    "doctor": Entry("Run", "Say whether this machine can serve, and how to fix it"),
    "demo": Entry("Run", "Serve the sample repository and let it read a digit"),
}
"""Every command: a module of its own in ``triton_kit.cli`` with a function (or a Typer ``app``) of that name.

A dash in its name is a ``_`` there, and the module of a name that is a word of Python has a ``_`` behind it.
"""


AT_ONCE = ("validate", "graph", "fmt")
"""Commands that start nothing and leave nothing open: their process may end without tidying up after itself."""


def module_of(name: str) -> str:
    """The module of a command."""
    return f"triton_kit.cli.{function_of(name)}{'_' if keyword.iskeyword(name) else ''}"


def function_of(name: str) -> str:
    """The function of a command: its name as Python can write it."""
    return name.replace("-", "_")


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 fine, 1 problems, 2 usage, 3 cannot, 130 interrupted."""
    terminal.settings = terminal.Settings()
    asking.use(_ask_onnx_runtime)
    given = list(sys.argv[1:] if args is None else args)
    try:
        if (call := plain.read(given)) is not None:
            code = call()
        else:
            from triton_kit.cli.support import typer_app

            code = typer_app.run(given)
    except TkError as error:
        terminal.error(error.message, hint=error.hint)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say, and nobody to say it to.
        terminal.discard(sys.stdout)
        return 1
    except KeyboardInterrupt:
        code = 130
    if code == 130:
        terminal.say("interrupted")
    return code if isinstance(code, int) else 0


def _ask_onnx_runtime(path: Path, level: int) -> asking.Sizes | None:
    from triton_kit.runtime.onnx_session import ask_session

    return ask_session(path, level)


_left: list[int] = []
"""The signals that asked tk to leave."""


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through every open ``with``, so that what was started ends."""
    _left.append(number)
    raise SystemExit(128 + number)


def main() -> NoReturn:
    """The entry point of ``tk``."""
    signal.signal(signal.SIGTERM, _leave)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _leave)
    at_once = sys.argv[1:2] and sys.argv[1] in AT_ONCE
    if at_once:
        # What they read lives to the end: looking for garbage in it finds none, and takes as long as the reading.
        gc.disable()
    code = run()
    # Code that catches everything, the import of a package for one, may have swallowed what the signal raised.
    code = 128 + _left[0] if _left else code
    if at_once and sys.getprofile() is None and sys.gettrace() is None:
        _leave_at_once(code)
    sys.exit(code)


def _leave_at_once(code: int) -> None:
    """End the process without taking apart, value by value, what the system frees in one go.

    For a command that starts nothing and leaves nothing open. Where what was printed cannot be written, it returns:
    the interpreter says so in its own way.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code)
