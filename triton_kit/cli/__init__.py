"""The command line: the table of commands, what all of them share, and the one error boundary."""

from __future__ import annotations

import importlib
import keyword
import os
import signal
import sys
from collections.abc import Iterator, MutableMapping
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup

from triton_kit.cli.support import terminal
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from typer._click.core import Command, Context, Parameter
    from typer._click.formatting import HelpFormatter


class Entry(NamedTuple):
    """A line of the command table: the group it stands in, and what it does in one line."""

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
    "reload": Entry("Run", "Load models anew on a running server, changed or not"),
    "health": Entry("Run", "Ask a running server what it has ready"),
    "infer": Entry("Run", "Send a request to a model and show its answer"),
    "test": Entry("Run", "Ask what a model's golden cases ask, and compare the answers"),
    "doctor": Entry("Run", "Say whether this machine can serve, and how to mend it"),
    "demo": Entry("Run", "Serve the sample repository and let it read a digit"),
}
"""Every command: a module of its own in ``triton_kit.cli`` with a function (or a Typer ``app``) of that name.

A dash in its name is a ``_`` there, and the module of a name that is a word of Python has a ``_`` behind it.
"""


class LazyCommands(MutableMapping[str, Any]):
    """The commands by name, each imported when it is looked up."""

    def __init__(self) -> None:
        self._loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._loaded:
            if name not in COMMANDS:
                raise KeyError(name)
            self._loaded[name] = _load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandGroup(TyperGroup):
    """``tk`` itself: its help lists the commands by group without importing any of them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands()

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        """List the commands, group by group."""
        width = max(map(len, COMMANDS))
        for group in dict.fromkeys(entry.group for entry in COMMANDS.values()):
            with formatter.section(group):
                rows = [(name.ljust(width), entry.summary) for name, entry in COMMANDS.items() if entry.group == group]
                formatter.write_dl(rows)


def module_of(name: str) -> str:
    """The module of a command."""
    return f"triton_kit.cli.{_word(name)}{'_' if keyword.iskeyword(name) else ''}"


def _word(name: str) -> str:
    """The function of a command: its name as Python can write it."""
    return name.replace("-", "_")


def _load(name: str) -> Command:
    module = importlib.import_module(module_of(name))
    if isinstance(app := getattr(module, "app", None), typer.Typer):
        command = typer.main.get_command(app)
        command.name = name
        assert isinstance(command, TyperGroup)
        for sub in command.commands.values():
            _add_common_options(sub)
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, context_settings=getattr(module, "CONTEXT_SETTINGS", None))(getattr(module, _word(name)))
        command = typer.main.get_command(app)
    _add_common_options(command)
    return command


def _add_common_options(command: Command) -> None:
    taken = {o for param in command.params for o in param.opts}
    command.params += [param for param in _common_options() if not taken.intersection(param.opts)]


def _common_options() -> list[Parameter]:
    """The options that every command takes, as parameters that set ``terminal.settings``."""

    def options(
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
        verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print more about what happens.")] = False,
        no_color: Annotated[bool, typer.Option("--no-color", help="Print without colours; so does NO_COLOR.")] = False,
    ) -> None: ...

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(options)
    params = [p for p in typer.main.get_command(app).params if p.name in terminal.Settings.__slots__]
    for param in params:
        param.expose_value = False
        param.is_eager = True
        param.callback = _remember
    return params


def _remember(_ctx: Context, param: Parameter, value: bool) -> bool:
    if value and param.name:
        setattr(terminal.settings, param.name, True)
    return value


def _print_version(value: bool) -> None:
    if value:
        from triton_kit.repository.schema import RELEASE, SOURCE
        from triton_kit.version import __version__

        terminal.out(f"tk {__version__} (configuration schema: {SOURCE}, Triton {RELEASE or 'of an unknown release'})")
        raise typer.Exit


def _app() -> typer.Typer:
    app = typer.Typer(cls=CommandGroup, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

    @app.callback(context_settings={"help_option_names": ["-h", "--help"]})
    def tk(
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        """A toolkit for the model repositories of NVIDIA Triton Inference Server."""

    return app


def run(args: list[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 fine, 1 problems, 2 usage, 3 cannot, 130 interrupted."""
    terminal.settings = terminal.Settings()
    group = typer.main.get_command(_app())
    _add_common_options(group)
    try:
        code = group.main(args, prog_name="tk", standalone_mode=False)
    except TkError as error:
        terminal.error(error.message, hint=error.hint)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        code = 130
    except typer.Abort:
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _show_usage_error(error)
    if code == 130:
        terminal.say("interrupted")
    return code if isinstance(code, int) else 0


def _show_usage_error(error: Any) -> int:
    message = str(error.format_message())
    if type(error).__name__ == "NoArgsIsHelpError":
        terminal.out(message)
        return 2
    context = getattr(error, "ctx", None)
    hint = f"see: {context.command_path} --help" if context else None
    terminal.error(message[:1].lower() + message[1:].rstrip("."), hint=hint)
    return int(error.exit_code)


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
    code = run()
    # Code that catches everything, the import of a package for one, may have swallowed what the signal raised.
    sys.exit(128 + _left[0] if _left else code)
