"""From TensorFlow Serving: layouts with SavedModels, models.config, batching parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import model_files
import pytest

from triton_kit.cli import run
from triton_kit.repository.text_format.document import parse

BATCHED = ([("x", "FP32", (-1, 4))], [("y", "FP32", (-1, 2))])
OTHER = ([("x", "INT64", (-1, 4))], [("y", "FP32", (-1, 2))])
FIXED = ([("x", "FP32", (1, 4))], [("y", "FP32", (1, 2))])


def layout(base: Path, versions: dict[str, Any]) -> Path:
    for number, tensors in versions.items():
        (base / number / "variables").mkdir(parents=True)
        (base / number / "saved_model.pb").write_bytes(model_files.served(*tensors))
        (base / number / "variables" / "variables.index").write_bytes(b"")
    return base


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tk.yaml").write_text("release: '24.10'\n")
    (tmp_path / "model_repository").mkdir()
    return tmp_path / "model_repository"


@pytest.fixture
def bring(repository, capsys):
    """Run tk import tfserving and read its report."""

    def bring_(*arguments: Any) -> tuple[int, Any]:
        code = run(["import", "tfserving", *map(str, arguments), "--format", "json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else captured.err

    return bring_


def config(folder: Path) -> dict[str, Any]:
    found = parse((folder / "config.pbtxt").read_bytes())
    assert not found.problems
    return found.message.to_dict()


def fates(report: Any, number: int = 0) -> dict[str, str]:
    return {item["what"]: item["fate"] for item in report["models"][number]["items"]}


def test_every_version_with_the_same_signature_comes_and_validates(bring, repository, tmp_path):
    layout(tmp_path / "half_plus_two", {"1": BATCHED, "00000123": BATCHED, "7": OTHER, "0": BATCHED, "x": BATCHED})
    code, report = bring(tmp_path / "half_plus_two")
    assert code == 0
    folder = repository / "half_plus_two"
    assert sorted(p.name for p in folder.iterdir() if p.is_dir()) == ["1", "123"]
    assert (folder / "123" / "model.savedmodel" / "variables" / "variables.index").is_file()
    written = config(folder)
    assert (written["platform"], written["max_batch_size"]) == ("tensorflow_savedmodel", 4)
    assert fates(report)["version 7"] == "left behind"
    assert run(["validate", str(repository), "-q"]) == 0


def test_batching_parameters_become_dynamic_batching(bring, repository, tmp_path):
    layout(tmp_path / "m", {"1": BATCHED})
    parameters = tmp_path / "batching.txt"
    parameters.write_text(
        "max_batch_size { value: 32 }\nbatch_timeout_micros { value: 500 }\nmax_enqueued_batches { value: 100 }\n"
        "num_batch_threads { value: 8 }\nallowed_batch_sizes: 8\nallowed_batch_sizes: 32\nsome_new_thing: 3\n"
    )
    code, report = bring(tmp_path / "m", "--batching", parameters)
    assert code == 0
    written = config(repository / "m")
    assert written["max_batch_size"] == 32
    assert written["dynamic_batching"] == {"preferred_batch_size": [8, 32], "max_queue_delay_microseconds": 500}
    told = fates(report)
    assert told["max_batch_size 32"] == "carried over"
    assert told["num_batch_threads 8"] == told["max_enqueued_batches 100"] == told["some_new_thing"] == "left behind"


def test_a_model_that_cannot_batch_is_not_made_to(bring, repository, tmp_path):
    layout(tmp_path / "m", {"1": FIXED})
    (tmp_path / "b.txt").write_text("max_batch_size { value: 32 }")
    code, report = bring(tmp_path / "m", "--batching", tmp_path / "b.txt")
    assert code == 0
    assert config(repository / "m").get("max_batch_size", 0) == 0
    assert fates(report)["batching"] == "left behind"
    assert run(["validate", str(repository), "-q"]) == 0


MODELS = """
model_config_list: {
  config: {
    name: "first", base_path: "/models/first", model_platform: "tensorflow"
    model_version_policy: { specific { versions: 1 versions: 3 } }
    version_labels { key: "stable" value: 1 }
    logging_config { log_collector_config { type: "x" } }
  }
  config { name: "second" base_path: "/models/second" model_platform: "tensorflow"
           model_version_policy { latest { num_versions: 2 } } }
  config { name: "third" base_path: "/models/third" model_platform: "tensorflow" model_version_policy { all { } } }
}
"""


def test_a_models_config_brings_each_model_with_its_policy(bring, repository, tmp_path):
    for name in ("first", "second", "third"):
        layout(tmp_path / "served" / name, {"1": BATCHED, "3": BATCHED})
    (tmp_path / "served" / "models.config").write_text(MODELS)
    code, report = bring(tmp_path / "served" / "models.config")
    assert code == 0
    policies = [config(repository / name)["version_policy"] for name in ("first", "second", "third")]
    assert policies == [{"specific": {"versions": [1, 3]}}, {"latest": {"num_versions": 2}}, {"all": {}}]
    told = fates(report)
    assert told["version_labels"] == told["logging_config"] == "left behind"
    assert told["base_path /models/first"] == "changed"
    assert run(["validate", str(repository), "-q"]) == 0


def test_a_model_that_is_not_here_does_not_keep_the_others(bring, repository, tmp_path):
    layout(tmp_path / "served" / "first", {"1": BATCHED})
    layout(tmp_path / "served" / "second", {"1": FIXED})
    text = MODELS.replace("/models/third", "gs://bucket/third")
    (tmp_path / "served" / "models.config").write_text(text)
    code, report = bring(tmp_path / "served" / "models.config")
    assert code == 1
    assert sorted(p.name for p in repository.iterdir()) == ["first", "second"]
    assert fates(report, 2)["the model"] == "left behind"


def test_a_release_without_tensorflow_gets_the_converters_command(bring, repository, tmp_path):
    layout(tmp_path / "m m", {"1": BATCHED, "2": BATCHED})
    (tmp_path / "tk.yaml").write_text("repository: model_repository\nrelease: '25.03'\n")
    code, report = bring(tmp_path / "m m", "--name", "m")
    assert code == 1
    assert list(repository.iterdir()) == []
    said = {item["what"]: item["said"] for item in report["models"][0]["items"]}
    assert (
        f"python -m tf2onnx.convert --saved-model '{tmp_path}/m m/2' --output m-2.onnx && tk add m" in said["version 2"]
    )
    assert "25.03" in said["SavedModels"]


@pytest.mark.parametrize(
    "text",
    ["", "model_config_list {", "model_config_list { config { name: 3 } }", "custom_model_config { }", "\x00\xff",
     'model_config_list { config { name: "a" base_path: "/a" model_platform: "other" } }',
     'model_config_list { config { name: "a" base_path: "x" } config { name: "a" base_path: "y" } }'],
)  # fmt: skip
def test_a_models_config_that_is_none_is_refused_with_a_word(bring, repository, tmp_path, text):
    (tmp_path / "models.config").write_bytes(text.encode("latin-1"))
    code, error = bring(tmp_path / "models.config")
    assert code == 2
    assert "models.config" in error
    assert list(repository.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["max_batch_size: 3", "max_batch_size { value: 0 }", "batch_timeout_micros { value: -1 }", "{{"]
)
def test_batching_parameters_that_are_none_are_refused_with_a_word(bring, repository, tmp_path, text):
    layout(tmp_path / "m", {"1": BATCHED})
    (tmp_path / "b.txt").write_text(text)
    code, error = bring(tmp_path / "m", "--batching", tmp_path / "b.txt")
    assert code == 2
    assert "b.txt" in error
    assert list(repository.iterdir()) == []


def test_what_is_no_layout_is_refused_with_a_word(bring, repository, tmp_path):
    (tmp_path / "empty" / "1").mkdir(parents=True)
    assert bring(tmp_path / "empty")[0] == 2
    assert bring(tmp_path / "nowhere")[0] == 2
    (tmp_path / "cut" / "1").mkdir(parents=True)
    (tmp_path / "cut" / "1" / "saved_model.pb").write_bytes(b"\x08")
    assert bring(tmp_path / "cut")[0] in (2, 3)
    assert list(repository.iterdir()) == []


def test_the_text_report_has_three_parts_and_a_dry_run_writes_nothing(repository, tmp_path, capsys):
    layout(tmp_path / "m", {"1": BATCHED, "2": OTHER})
    assert run(["import", "tfserving", str(tmp_path / "m"), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    places = [shown.index(f"\n  {part}\n") for part in ("carried over", "changed", "left behind")]
    assert places == sorted(places)
    assert list(repository.iterdir()) == []
