"""Options mean the same in every command: groups of them, and one wording for a wrong value."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any

import pytest

from triton_kit import cli
from triton_kit.cli.support import typer_app
from triton_kit.cli.support.add_options import BehaviourOptions, SchedulingOptions, SourceOptions
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.infer_options import DataOptions
from triton_kit.cli.support.option_groups import OptionGroup, build_request, spread
from triton_kit.cli.support.runtime_options import ContainerOptions, EngineOptions, ListenOptions, ModelsOptions
from triton_kit.client.request import InferRequest
from triton_kit.runtime.serve_plan import ServeRequest
from triton_kit.scaffold.behaviour import Behaviour
from triton_kit.scaffold.request import AddRequest


class Size(OptionGroup):
    width: Annotated[int, Option(metavar="N")] = 3
    marks: Annotated[list[str] | None, Option("--mark")] = None


def draw(
    name: Annotated[str, Argument(help="Whose.")], *, size: Size, fast: Annotated[bool, Option("--fast")] = False
) -> tuple[str, Size, bool]:
    """Draw."""
    return name, size, fast


def test_a_group_stands_in_a_signature_as_its_options() -> None:
    signature = inspect.signature(spread(draw))
    assert list(signature.parameters) == ["name", "width", "marks", "fast"]
    assert signature.parameters["width"].default == 3
    assert spread(draw).__doc__ == "Draw."


def test_a_command_gets_its_groups_as_values() -> None:
    assert spread(draw)(name="a", width=5, marks=None, fast=True) == ("a", Size(width=5), True)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    width: int = 1
    marks: tuple[str, ...] = ("x",)
    title: str = ""


def test_a_request_takes_what_was_given_and_keeps_its_own_defaults() -> None:
    assert build_request(Drawing, Size(width=2), title="t") == Drawing(width=2, marks=("x",), title="t")
    assert build_request(Drawing, Size(marks=["a", "b"])).marks == ("a", "b")


def test_a_request_without_such_a_field_is_a_bug() -> None:
    with pytest.raises(TypeError, match="unheard"):
        build_request(Drawing, Size(), unheard=1)


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        (SourceOptions, AddRequest),
        (SchedulingOptions, AddRequest),
        (BehaviourOptions, Behaviour),
        (ContainerOptions, ServeRequest),
        (EngineOptions, ServeRequest),
        (ListenOptions, ServeRequest),
        (ModelsOptions, ServeRequest),
        (DataOptions, InferRequest),
    ],
)
def test_a_request_has_the_fields_of_its_groups_with_the_same_defaults(group: Any, kind: Any) -> None:
    has = {field.name: field.default for field in fields(kind)}
    for name in group._fields:
        assert name in has
        assert group._defaults[name] in (None, has[name]), name


def every_command() -> Iterator[tuple[str, Any]]:
    for name in cli.COMMANDS:
        command = typer_app.LazyCommands()[name]
        yield name, command
        for sub in getattr(command, "commands", {}).values():
            yield f"{name} {sub.name}", sub


VALUES = {"str", "int", "int range", "float", "float range", "path"}
"""How typer calls the kinds of values, which says nothing to a user."""


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=[name for name, _ in every_command()])
def test_an_option_that_takes_a_value_says_what_kind_of_value(name: str, command: Any) -> None:
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.is_flag and not hasattr(parameter.type, "choices"):
            assert parameter.metavar, (name, parameter.opts)


SHARED = ("--format", "--url", "--server", "--grpc", "--header", "--ca", "--cert", "--key", "--repository", "--seed")


@pytest.mark.parametrize("option", [*SHARED, "--timeout", "--release", "--runtime", "--image", "--gpus", "--shape"])
def test_an_option_takes_the_same_kind_of_value_in_every_command(option: str) -> None:
    takes = {p.metavar or str(p.type.name) for _, c in every_command() for p in c.params if option in p.opts}
    if option == "--gpus":
        # tk validate is told how many there are, tk add which of them a model is for.
        takes -= {"N", "N,N"}
    if option == "--image":
        # A picture for a model is another thing.
        takes -= {"[NAME=]FILE"}
    assert len(takes) == 1, takes


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["rules", "--format", "jsno"], "--format 'jsno' is not a format", "did you mean json?"),
        (["models", "--format", "yaml"], "--format 'yaml' is not a format", "choose from: text, json"),
        (["versions", "log", "m", "--format", "jsno"], "--format 'jsno' is not a format", "did you mean json?"),
        (["rules", "--severity", "eror"], "--severity 'eror' is unknown", "did you mean error?"),
        (["infer", "m", "--seed", "1.5"], "--seed '1.5' is not a whole number", "give 0 or more"),
        (["infer", "m", "--batch", "0"], "--batch '0' is out of range", "give 1 or more"),
        (["add-warmup", "m", "--count", "2000"], "--count '2000' is out of range", "give a number from 1 to 1000"),
        (["serve", "--http-port", "abc"], "--http-port 'abc' is not a whole number", "give a number"),
        (["models", "--timeout", "0"], "--timeout 0 is not a time to wait", "give seconds, more than 0"),
        (["load", "m", "--timeout", "inf"], "--timeout inf is not a time to wait", "give seconds, at most 1e+09"),
        (["infer", "m", "--timeout", "1e300"], "--timeout 1e+300 is not a time to wait", "give seconds, at most 1e+09"),
        (["stop", "--grace", "-1"], "--grace -1 is not a time to wait", "give seconds, 0 or more"),
        (["promote"], "no such command 'promote'", "see: tk --help"),
    ],
)
def test_a_wrong_value_is_refused_in_one_wording(
    args: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(args) == 2
    assert capsys.readouterr().err == f"error: {message}\n  hint: {hint}\n"
