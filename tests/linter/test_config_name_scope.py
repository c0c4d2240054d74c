"""Under ``--model-config-name`` a changed model drags along the ensembles that use it in those configurations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from triton_kit.cli import run

ENSEMBLE = """\
platform: "ensemble"
input { name: "x" data_type: TYPE_FP32 dims: 4 }
output { name: "y" data_type: TYPE_FP32 dims: 4 }
ensemble_scheduling {
  step { model_name: "NAME" model_version: -1
    input_map { key: "x" value: "x" } output_map { key: "y" value: "y" } }
}
"""
TENSORS = 'input { name: "x" data_type: TYPE_FP32 dims: 4 }\noutput { name: "y" data_type: TYPE_FP32 dims: 4 }\n'
MODEL = f'backend: "python"\n{TENSORS}'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An ensemble of another model by its usual configuration, and of ``changed`` by that of ``gpu``."""
    for name in ("changed", "other"):
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "model.py").write_text(
            "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
        )
        (tmp_path / name / "config.pbtxt").write_text(MODEL)
    (tmp_path / "e" / "1").mkdir(parents=True)
    (tmp_path / "e" / "configs").mkdir()
    (tmp_path / "e" / "config.pbtxt").write_text(ENSEMBLE.replace("NAME", "other"))
    (tmp_path / "e" / "configs" / "gpu.pbtxt").write_text(ENSEMBLE.replace("NAME", "changed"))
    return tmp_path


@pytest.mark.parametrize(
    ("model", "options", "judged"),
    [
        ("changed", [], {"changed"}),
        ("other", [], {"other", "e"}),
        ("changed", ["--config-name", "gpu"], {"changed", "e"}),
        ("other", ["--config-name", "gpu"], {"other"}),
        ("other", ["--config-name", "absent"], {"other", "e"}),
    ],
    ids=["unused", "used", "used in that configuration", "unused in that configuration", "fallen back"],
)
def test_the_ensembles_of_that_configuration_are_judged_too(
    repository: Path, capsys: pytest.CaptureFixture[str], model: str, options: list[str], judged: set[str]
) -> None:
    for name in ("changed", "other"):
        (repository / name / "config.pbtxt").write_text(MODEL.replace('"x"', '"renamed"'))
    run(["validate", str(repository / model), *options, "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert {one["model"] for one in found["diagnostics"] if one["severity"] == "error"} == judged - {model}
    assert found["summary"]["models"] == len(judged)
