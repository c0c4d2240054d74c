"""Suggestions are found in sentences as they are meant."""

from __future__ import annotations

import pytest
from suggestions import commands_in, variants_in


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("to write it: tk render", [["render"]]),
        (
            "hint: see tk render m --diff; move the edits to model.yaml, or overwrite them: tk render m --force",
            [["render", "m", "--diff"], ["render", "m", "--force"]],
        ),
        ("1 of 2 can be fixed: tk validate 'my models' --fix", [["validate", "my models", "--fix"]]),
        ("fix it first; see tk validate", [["validate"]]),
        ("(see tk validate model_repository/m)", [["validate", "model_repository/m"]]),
        ("run tk init DIR, or give --repository DIR", [["init", "new"]]),
        ("tk adds nothing; the tk renderer neither; /bin/tk validate", []),
    ],
)
def test_commands_are_found(text: str, commands: list[list[str]]) -> None:
    assert commands_in(text, {"DIR": "new"}) == commands


def test_a_placeholder_that_nothing_stands_for_is_an_error() -> None:
    with pytest.raises(AssertionError, match="has NAME to fill in"):
        commands_in("tk add NAME --from a.onnx")


def test_options_change_the_command_that_was_typed() -> None:
    typed = ["add", "m", "--preferred", "2,4", "--from", "a.onnx"]
    assert variants_in("add --batching dynamic, or leave out --preferred", typed) == [
        [*typed, "--batching", "dynamic"],
        ["add", "m", "--from", "a.onnx"],
    ]
    assert variants_in("take --release 25.02 or earlier", ["add", "m", "--release", "26.01"]) == [
        ["add", "m", "--release", "25.02"]
    ]
