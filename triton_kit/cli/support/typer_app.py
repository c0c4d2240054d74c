"""``tk`` as a Typer command: every command line, its help and its mistakes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from triton_kit.cli import COMMANDS, function_of, module_of
from triton_kit.cli.support import plain, terminal
from triton_kit.cli.support.option_groups import spread

if TYPE_CHECKING:
    from typer._click.core import Command, Context, Parameter
    from typer._click.formatting import HelpFormatter


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


def _load(name: str) -> Command:
    module = importlib.import_module(module_of(name))
    if isinstance(app := getattr(module, "app", None), typer.Typer):
        command = typer.main.get_command(app)
        command.name = name
        assert isinstance(command, TyperGroup)
        for sub in command.commands.values():
            _prepare(sub)
    else:
        command = _command(getattr(module, function_of(name)), name, getattr(module, "CONTEXT_SETTINGS", None))
    _prepare(command)
    return command


def _command(function: Callable[..., Any], name: str | None = None, settings: dict[str, Any] | None = None) -> Command:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, context_settings=settings)(spread(function))
    return typer.main.get_command(app)


def _prepare(command: Command) -> None:
    """Give a command what all have: the common options, and our words for a wrong value."""
    from triton_kit.cli.support.wrong_values import explain_wrong_values

    explain_wrong_values(command)
    _add_common_options(command)


def _add_common_options(command: Command) -> None:
    taken = {o for param in command.params for o in param.opts}
    command.params += [param for param in _common_options() if not taken.intersection(param.opts)]


def _common_options() -> list[Parameter]:
    """The options that every command takes, as parameters that set ``terminal.settings``."""
    params = [p for p in _command(plain.common_options).params if p.name in terminal.Settings.__slots__]
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
        plain.print_version()
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


def group() -> Command:
    """``tk`` with the options that every command takes."""
    made = typer.main.get_command(_app())
    _add_common_options(made)
    return made


def run(args: Sequence[str]) -> int:
    """Run one command line, whatever it is, and return its exit code. Raises what the command raises."""
    try:
        code = group().main(list(args), prog_name="tk", standalone_mode=False)
    except typer.Abort:
        return 130
    except OSError as error:
        try:
            # Typer writes help itself; where that was what failed, one more line fails as well.
            sys.stdout.write("\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:
            raise terminal.unwritable(error) from None
        raise
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _show_usage_error(error)
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
