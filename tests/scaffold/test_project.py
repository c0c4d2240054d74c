"""A project's defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from triton_kit.errors import UsageError
from triton_kit.project import settings


def test_outside_of_a_project_there_is_none(tmp_path: Path) -> None:
    assert settings.find(tmp_path) is None


def test_a_project_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "tk.yaml").write_text('repository: models\nrelease: "24.05"\nlint: {select: [a], ignore: b}\n')
    below = tmp_path / "x" / "y"
    below.mkdir(parents=True)
    assert settings.find(below) == settings.Project(
        root=tmp_path,
        repository=tmp_path / "models",
        templates=tmp_path / "templates",
        release="24.05",
        select=("a",),
        ignore=("b",),
    )


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "tk.yaml").write_text("")
    found = settings.find(tmp_path)
    assert found is not None
    assert found.repository == tmp_path / "model_repository"
    assert found.release is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("repositry: x\n", "tk.yaml:1:1: repositry is not known here"),
        ("release: 24.10\n", "tk.yaml:1:1: release is 24.1, not a text"),
        ("lint:\n  ignre: [a]\n", "tk.yaml:2:3: ignre is not known here"),
        ("lint:\n  ignore: {a: 1}\n", "tk.yaml:2:3: ignore is not a list of rule names"),
        ("lint: [a]\n", "tk.yaml:1:1: lint is not a mapping"),
        ("repository: [a]\n", "tk.yaml:1:1: repository is not a path"),
        ("a\n", "tk.yaml:1:1: the file is not a mapping"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tk.yaml").write_text(text)
    with pytest.raises(UsageError) as caught:
        settings.find(tmp_path)
    assert caught.value.message.startswith(f"{tmp_path}/{message}")
