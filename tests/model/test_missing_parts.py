"""A model may have no version and no directory at all: code that takes one of them has to ask whether it is there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import triton_kit
from triton_kit.linter.engine import Run
from triton_kit.linter.options import Options
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.normalization import complete_text

PACKAGE = Path(triton_kit.__file__).parent
LISTS = {"versions": "latest", "all_versions": "latest", "directories": "first_directory"}
"""The lists of a model that may be empty, and the property that says so."""
ALLOWED = {"self.versions[-1]", "self.directories[0]", "Templates().get(name).directories[0]"}
"""The definitions of those properties, and a list that is never empty: the places of a template that was found."""


def bare_elements(source: str) -> list[str]:
    """The expressions that take one element of such a list without asking whether there is one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Subscript(value=ast.Attribute(attr=name), slice=ast.Constant() | ast.UnaryOp()) if name in LISTS:
                found.append(ast.unparse(node))
            case ast.Call(func=ast.Name(id="min" | "max" | "next"), args=[ast.Attribute(attr=name)]) if name in LISTS:
                if not node.keywords:
                    found.append(ast.unparse(node))
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr="pop")) if name in LISTS:
                found.append(ast.unparse(node))
    return found


def test_no_code_takes_an_element_of_a_list_that_may_be_empty() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {expression}"
        for path in PACKAGE.rglob("*.py")
        for expression in bare_elements(path.read_text())
        if expression not in ALLOWED
    }
    assert not found, "take model.latest or model.first_directory, which may be None"


@pytest.mark.parametrize(
    "source",
    ["model.versions[-1]", "f(a.b.versions[0])", "max(model.versions)", "m.directories[0]", "x.versions.pop()"],
    ids=["last", "first in a call", "highest", "first directory", "taken off the end"],
)
def test_each_way_of_taking_an_element_is_seen(source: str) -> None:
    assert bare_elements(source)


@pytest.mark.parametrize(
    "source",
    ["model.latest", "model.versions[-1:]", "table.versions[at]", "max(model.versions, default=0)"],
    ids=["property", "slice", "variable", "with a default"],
)
def test_what_asks_is_not_refused(source: str) -> None:
    assert not bare_elements(source)


def model_of(tmp_path: Path, *versions: str, config: str = 'backend: "python"\n') -> Model:
    folder = tmp_path / "models" / "m"
    folder.mkdir(parents=True)
    (folder / "config.pbtxt").write_text(config)
    for version in versions:
        (folder / version).mkdir()
    model = Run(Options()).repository(str(folder.parent)).model("m")
    assert model is not None
    return model


def test_a_model_without_a_version_has_no_latest_one(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    assert model.latest is None
    assert model.completed_latest is None
    assert model.first_directory is None
    with pytest.raises(Broken):
        complete_text(model)


def test_the_latest_version_is_the_highest_that_the_policy_selects(tmp_path: Path) -> None:
    policy = "version_policy { specific { versions: [ 2, 9 ] } }\n"
    model = model_of(tmp_path, "1", "2", "10", "9", config=f'backend: "identity"\n{policy}')
    assert model.latest == 9
    assert model.first_directory == "1"
    assert model.completed_latest is model.completed(9)
