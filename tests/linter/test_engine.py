"""Paths, completeness and failures of the linter, as a user meets them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from example_files import onnx_file
from model_files import archive

from triton_kit import lint
from triton_kit.errors import UsageError
from triton_kit.linter import engine
from triton_kit.linter.diagnostic import Problem, Report, Severity
from triton_kit.linter.options import options
from triton_kit.linter.rule import BY_AREA, Rule, area_rules

GOOD = 'name: "m"\nmax_batch_size: 8\n'
ONNX = "x FP32 [-1, 4] -> y FP32 [-1, 4]"


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    def make(config: str | None = GOOD, name: str = "m", spec: str = ONNX) -> Path:
        path = tmp_path / "repository" / name
        (path / "1").mkdir(parents=True)
        if config is not None:
            (path / "config.pbtxt").write_text(config, encoding="utf-8")
        (path / "1" / "model.onnx").write_bytes(onnx_file(spec))
        return path

    return make


def rules(report: Report) -> list[str]:
    return [d.rule for d in report.diagnostics]


def test_the_sample_has_no_problems(sample: Path) -> None:
    report = lint(sample)
    assert report.ok
    assert report.diagnostics == ()
    assert len(report.models) == 4


def test_a_good_model_has_no_problems(model: Callable[..., Path]) -> None:
    assert lint(model()).diagnostics == ()


def test_a_model_without_config_is_completed(model: Callable[..., Path]) -> None:
    path = model(config=None)
    assert lint(path).ok
    assert rules(lint(path, auto_complete=False)) == ["config-missing"]


@pytest.mark.parametrize("which", ["", "m", "m/config.pbtxt", "m/1/model.onnx"])
def test_a_path_may_be_a_repository_a_model_or_a_file_of_it(which: str, model: Callable[..., Path]) -> None:
    path = model(config="max_batch_size: -1")
    report = lint(path.parent / which)
    assert rules(report) == ["negative-max-batch-size"]
    assert report.models == ("m",)


def test_a_model_is_found_from_within_its_directory(
    model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model(config="max_batch_size: -1"))
    for path in (".", "config.pbtxt", "1/model.onnx"):
        report = lint(path)
        assert rules(report) == ["negative-max-batch-size"], path
        assert report.models == ("m",)
    monkeypatch.chdir("1")
    assert rules(lint("model.onnx")) == ["negative-max-batch-size"]


def test_a_config_that_is_a_directory_is_judged_as_the_models(model: Callable[..., Path]) -> None:
    path = model(config=None)
    (path / "config.pbtxt").mkdir()
    for target in (path, path / "config.pbtxt", path.parent):
        (diagnostic,) = lint(target).diagnostics
        assert diagnostic.rule == "config-is-directory"
        assert diagnostic.message.startswith("kills the server")


def test_a_stray_config_in_the_root_does_not_make_a_repository_a_model(model: Callable[..., Path]) -> None:
    root = model().parent
    (root / "config.pbtxt").write_text("", encoding="utf-8")
    assert lint(root).models == ("m",)


def test_what_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        lint(tmp_path / "nothing")
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(UsageError, match="is a broken link"):
        lint(tmp_path / "link")


def test_a_file_that_belongs_to_no_model_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "repository" / "notes.txt"
    file.parent.mkdir()
    file.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="belongs to no model"):
        lint(file)


@pytest.mark.parametrize("release", ["24", "24.13", "v24.10", "1.0", "٢٤.١٠"])
def test_an_unknown_release_is_a_usage_error(release: str, sample: Path) -> None:
    with pytest.raises(UsageError):
        lint(sample, release=release)


def test_only_the_models_asked_for_are_reported_and_others_are_read_for_ensembles(model: Callable[..., Path]) -> None:
    model(config="max_batch_size: -1", name="other")
    model(config="max_batch_size: -1", name="a")
    ensemble = model(
        config="""platform: "ensemble"
input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
ensemble_scheduling { step {
  model_name: "a" model_version: -1 input_map { key: "x" value: "in" } output_map { key: "y" value: "out" } } }
""",
        name="e",
    )
    report = lint(ensemble)
    assert rules(report) == ["step-model-refused"]
    assert "-1 is negative" in report.diagnostics[0].related[0].message
    assert report.models == ("e",)


def test_a_place_is_the_offending_text(model: Callable[..., Path]) -> None:
    path = model(config="max_batch_size: 8\ndynamic_batching { preferred_batch_size: [ 4, 16 ] }\n")
    (diagnostic,) = lint(path).diagnostics
    assert diagnostic.rule == "preferred-batch-size-too-large"
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.model == "m"
    assert diagnostic.file == path / "config.pbtxt"
    assert (diagnostic.span.line, diagnostic.span.column, diagnostic.span.end_column) == (2, 47, 49)
    assert diagnostic.help == "lower it, or raise max_batch_size to 16"


def test_one_typo_is_one_message(model: Callable[..., Path]) -> None:
    path = model(config="max_batch_sise: 8\ndynamic_batching { preferred_batch_size: [ 4 ] }\n")
    assert rules(lint(path)) == ["unknown-field"]


def test_a_misspelt_field_does_not_hide_a_mistake_elsewhere(model: Callable[..., Path]) -> None:
    path = model(config="max_batch_sise: 4\ninstance_group [ { kind: KIND_CPU gpus: [ 0 ] } ]\n")
    assert set(rules(lint(path))) == {"unknown-field", "gpus-without-gpu-kind"}


def test_an_unclosed_block_is_one_message(model: Callable[..., Path]) -> None:
    path = model(config='input {\n  name: "x"\nmax_batch_size: 8\ndynamic_batching { preferred_batch_size: 8 }\n')
    assert {d.rule for d in lint(path).diagnostics} <= {"syntax", "unknown-field"}


def test_a_forgotten_max_batch_size_is_one_message(model: Callable[..., Path]) -> None:
    path = model(
        config="""input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
"""
    )
    (diagnostic,) = lint(path).diagnostics
    assert "max_batch_size is not given" in diagnostic.message


def test_a_list_in_a_list_is_one_message(model: Callable[..., Path]) -> None:
    path = model(config='input [ [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]\nmax_batch_size: -1\n')
    assert len(lint(path).diagnostics) == 1


def test_the_release_decides_about_platforms(model: Callable[..., Path]) -> None:
    path = model(
        config="""platform: "torch_aoti"
input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
"""
    )
    (path / "1" / "model.pt2").write_bytes(archive({"data/aotinductor/model/m.so": b""}))
    assert rules(lint(path, release="24.10")) == ["unexpected-platform"]
    assert rules(lint(path, release="26.03")) == ["model-file-missing"]
    assert lint(path, release="26.04").ok


def test_a_stray_git_directory_is_one_error(model: Callable[..., Path]) -> None:
    root = model().parent
    (root / ".git" / "refs").mkdir(parents=True)
    (diagnostic,) = lint(root).diagnostics
    assert diagnostic.model == ".git"
    assert "every directory" in diagnostic.message


def test_a_typo_in_one_field_does_not_hide_a_mistake_in_another(model: Callable[..., Path]) -> None:
    path = model(
        config="max_batch_size: 4\ninstance_group [ { kindd: KIND_CPU } ]\ndynamic_batching { preferred_batch_size: 8 }"
    )
    assert set(rules(lint(path))) == {"unknown-field", "preferred-batch-size-too-large"}


def test_a_comment_silences_a_rule_on_its_line_or_the_next(model: Callable[..., Path]) -> None:
    path = model(config="max_batch_size: -1 # tk: ignore[negative-max-batch-size]\n")
    report = lint(path)
    assert report.ok
    assert report.suppressed == 1
    (path / "config.pbtxt").write_text("# tk: ignore[other, negative-max-batch-size]\nmax_batch_size: -1\n")
    assert lint(path).suppressed == 1
    (path / "config.pbtxt").write_text("max_batch_size: -1 # tk: ignore[other]\n")
    assert not lint(path).ok


def test_a_rule_that_fails_is_one_diagnostic_that_names_it(
    model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_model: object) -> list[Problem]:
        raise RuntimeError("boom")

    broken = Rule("broken-rule", Severity.ERROR, check, "parsing", "model", None, None)  # type: ignore[arg-type]
    monkeypatch.setitem(BY_AREA, "parsing", [*area_rules("parsing"), broken])
    report = lint(model(config="max_batch_size: -1"))
    assert sorted(rules(report)) == ["internal-error", "negative-max-batch-size"]
    assert any("broken-rule" in d.message and "boom" in d.message for d in report.diagnostics)


def test_odd_things_in_a_repository_are_findings_and_no_crashes(model: Callable[..., Path]) -> None:
    path = model()
    os.mkfifo(path / "1" / "pipe")
    (path / "self").symlink_to("self")
    (path.parent / "up").symlink_to("..")
    (path.parent / os.fsdecode(b"\xff\xfe")).mkdir()
    os.mkfifo(path.parent / "pipe")
    (path / "2").symlink_to(path.parent)
    report = lint(path.parent)
    assert "unreadable-directory" in rules(report)
    assert "internal-error" not in rules(report)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_a_finding(model: Callable[..., Path]) -> None:
    path = model()
    (path / "config.pbtxt").chmod(0)
    assert rules(lint(path)) == ["config-unreadable"]


def test_an_empty_repository_has_no_problems(tmp_path: Path) -> None:
    assert lint(tmp_path).diagnostics == ()


@pytest.mark.parametrize(
    "config", ["", "input {", "}", "\x00", "a" * 100_000, "input { " * 2000, "max_batch_size: " + "9" * 5000]
)
def test_any_text_is_judged_without_an_internal_error(config: str, model: Callable[..., Path]) -> None:
    assert "internal-error" not in rules(lint(model(config=config)))


def test_a_huge_version_name_is_judged(model: Callable[..., Path]) -> None:
    path = model()
    (path / ("9" * 200)).mkdir()
    assert "version-overflow" in rules(lint(path))


def test_each_model_is_judged_once_however_often_it_is_asked_for(
    model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model(config="max_batch_size: -1")
    report = engine.lint_paths([path, path / "config.pbtxt", path.parent], options())
    assert rules(report) == ["negative-max-batch-size"]
    assert report.models == ("m",)
