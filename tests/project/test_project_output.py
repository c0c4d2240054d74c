"""What ``tk init``, ``tk render``, ``tk template`` and ``tk fmt`` print and write."""

from __future__ import annotations

import pytest
from scaffold_models import write_onnx
from transcript import files


@pytest.fixture
def project(told, tmp_path, monkeypatch):
    write_onnx(tmp_path / "a.onnx")
    told("init .", "add m --from a.onnx", "add other --backend python --input x:FP32:3 --output y:FP32:3")
    return tmp_path


def test_a_new_project(told, tmp_path, snapshot):
    assert told("init shop", "init shop", "init shop --dry-run") == snapshot(name="said")
    assert files(tmp_path) == snapshot(name="written")


def test_rendering_checking_and_comparing(told, project, snapshot):
    yaml = project / "model_repository/m/model.yaml"
    first = told("render --check", "render", "render --diff")
    yaml.write_text(yaml.read_text().replace("max_batch_size: 4", "max_batch_size: 16"))
    (project / "model_repository/m/model.prod.yaml").write_text("config:\n  instance_group: [{count: 2}]\n")
    second = told("render --check", "render --diff", "render --check --format json", "render", "render --env prod m")
    config = project / "model_repository/m/config.pbtxt"
    third = config.read_text()
    config.write_text(f"{third}# mine\n")
    fourth = told("render --check", "render", "render --force", "render none", "render m --set config.backend=1")
    assert {"before": first, "changed": second, "prod": third, "edited": fourth} == snapshot


BAD = {
    "no mapping": "- a\n",
    "a key twice": "template: onnxruntime\ntemplate: python\n",
    "an unknown key": "template: onnxruntime\nvalue: {}\n",
    "an unknown template": "template: onnx\n",
    "an unknown field": "template: onnxruntime\nconfig:\n  max_batch: 3\n",
    "a wrong type": "template: onnxruntime\nconfig:\n  max_batch_size: many\n",
    "no YAML": "template: [\n",
    "an anchor": "template: onnxruntime\nvalues: &a {b: 1}\nconfig: {}\n",
    "a tag": "template: !!python/object:os.system {}\n",
    "values": "template: onnxruntime\nvalues:\n  max_batch_size: -1\n",
    "a date": "template: onnxruntime\nvalues:\n  x: 2020-01-01\n",
    "numbers": "template: onnxruntime\nconfig:\n  max_batch_size: 0x10\n  name: m\n",
    "empty": "",
}


@pytest.mark.parametrize("name", BAD)
def test_a_yaml_that_is_wrong(told, project, name, snapshot):
    (project / "model_repository/m/model.yaml").write_text(BAD[name])
    assert told("render --diff m", "render m --format json") == snapshot


def test_templates_are_listed_and_shown(told, project, snapshot):
    shown = told(
        "template list",
        "template list --format json",
        "template show onnxruntime",
        "template copy fil mine",
        "template show none",
    )
    assert shown == snapshot


def test_formatting(told, project, snapshot):
    config = project / "model_repository/m/config.pbtxt"
    config.write_text(
        'name:"m" backend : "onnxruntime"\n\n\n# c\ninput{name:"x" dims:[4] data_type:TYPE_FP32}max_batch_size:4'
    )
    said = told(
        "fmt --check model_repository",
        "fmt --diff model_repository",
        "fmt model_repository",
        "fmt --check model_repository",
    )
    assert said == snapshot(name="said")
    assert config.read_text() == snapshot(name="written")
