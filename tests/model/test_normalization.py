"""The configuration that a server makes of a model, against what a real one makes of the same."""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from completion_models import CONFIGS, make_repository
from running_server import serving

import triton_kit
from triton_kit.model.normalization import complete_text
from triton_kit.repository.schema import model_config_class
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.local import LocalRuntime


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    make_repository(tmp_path)
    return tmp_path


def completed(model: Path, **keywords: Any) -> str:
    return complete_text(triton_kit.load(model.parent, **keywords).models[model.name])


def read(model: Path, **keywords: Any) -> Any:
    return parse(completed(model, **keywords)).message


def message(text: str) -> Any:
    from google.protobuf import text_format

    return text_format.Parse(text, model_config_class()())


def comparable(config: Any) -> dict[str, Any]:
    """Fields that were set to something, inputs and outputs as sets."""
    from google.protobuf import json_format

    # The embedded server runs ONNX models through a Python backend, which the core notes there.
    config.ClearField("runtime")
    fields = dict(json_format.MessageToDict(config, preserving_proto_field_name=True))
    for side in ("input", "output"):
        if side in fields:
            fields[side] = sorted(fields[side], key=lambda tensor: str(tensor["name"]))
    return fields


@pytest.fixture(scope="module")
def served(embedded: LocalRuntime) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "models"
        make_repository(root)
        with serving(embedded, root, "*") as server:
            configs = {}
            for name in CONFIGS:
                with urllib.request.urlopen(f"{server.endpoints.http}/v2/models/{name}/config") as answer:
                    configs[name] = json.load(answer)
        shutil.rmtree(root)
        yield configs


@pytest.mark.local
@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_what_a_real_server_returns(name: str, served: dict[str, Any], repository: Path) -> None:
    from google.protobuf import json_format

    theirs = json_format.ParseDict(served[name], model_config_class()())
    ours = message(completed(repository / name, gpus=0))
    assert comparable(ours) == comparable(theirs)


def test_without_completion_only_core_fills_in(repository: Path) -> None:
    config = read(repository / "onnx_listed", auto_complete=False, gpus=0)
    assert config.platform == "onnxruntime_onnx"
    assert config.version_policy.latest.num_versions == 1
    assert not config.has("dynamic_batching")


def test_what_the_machine_decides_stays_open_where_it_is_unknown(repository: Path) -> None:
    (group,) = read(repository / "onnx_bare").instance_group
    assert (group.kind, group.count) == ("KIND_AUTO", 0)
    (group,) = read(repository / "onnx_bare", gpus=2).instance_group
    assert (group.kind, group.count, list(group.gpus)) == ("KIND_GPU", 1, [0, 1])


def test_it_says_when_only_the_model_knows_what_it_adds(repository: Path) -> None:
    (repository / "python_bare" / "1" / "model.py").write_text(
        "class TritonPythonModel:\n    @staticmethod\n    def auto_complete_config(config):\n"
        "        for name in names():\n            config.add_input(name)\n        return config\n"
    )
    assert completed(repository / "python_bare").startswith("# The backend may add more")
