"""``tk validate --show-completed``: of which models, and what stands between them."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import onnx_file

from triton_kit.errors import ProblemsFound, UsageError
from triton_kit.linter.completed import show_completed
from triton_kit.linter.options import options


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("first", "second"):
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "model.onnx").write_bytes(onnx_file("x FP32 [-1, 4] -> y FP32 [-1, 4]"))
    return tmp_path


def test_one_model_is_its_configuration(repository: Path) -> None:
    assert show_completed([str(repository / "first")], options()).startswith('name: "first"\n')


def test_several_models_stand_under_their_names(repository: Path) -> None:
    text = show_completed([str(repository / "second"), str(repository / "first")], options())
    assert text.startswith("# second\n")
    assert "\n# first\n" in text


def test_a_refused_model_is_not_completed(repository: Path) -> None:
    (repository / "first" / "config.pbtxt").write_text("max_batch_size: -1")
    with pytest.raises(ProblemsFound, match=r"first: .*-1"):
        show_completed([str(repository / "first")], options())


def test_a_repository_is_no_model(repository: Path) -> None:
    with pytest.raises(UsageError, match="is a repository"):
        show_completed([str(repository)], options())
