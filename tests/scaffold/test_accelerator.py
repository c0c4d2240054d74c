"""ONNX Runtime's accelerators: what is asked for, in new configs and in those that people wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.errors import UsageError
from triton_kit.project import yaml_file
from triton_kit.repository.text_format.document import parse
from triton_kit.scaffold.accelerator import in_config_text, in_yaml_text, parse_accelerator

TENSORRT = parse_accelerator("tensorrt:fp16,workspace=2g,cache=/cache", release="24.10")
WANTED = {
    "execution_accelerators": {
        "gpu_execution_accelerator": [
            {
                "name": "tensorrt",
                "parameters": {
                    "precision_mode": "FP16",
                    "max_workspace_size_bytes": "2147483648",
                    "trt_engine_cache_enable": "true",
                    "trt_engine_cache_path": "/cache",
                },
            }
        ]
    }
}


def test_words_and_sizes_become_the_parameters_of_the_backend() -> None:
    assert TENSORRT.config == {"optimization": WANTED}
    assert parse_accelerator("openvino", release="24.10").config == {
        "optimization": {"execution_accelerators": {"cpu_execution_accelerator": [{"name": "openvino"}]}}
    }
    own = parse_accelerator("tensorrt:trt_min_subgraph_size=3", release="24.10")
    assert own.parameters == {"trt_min_subgraph_size": "3"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tensorflow", "tensorflow is not an accelerator"),
        ("", "nothing is not an accelerator"),
        ("tensorrt:fp17", "fp17 is not a precision"),
        ("tensorrt:bf16", "the precision_mode 'BF16' does not exist"),
        ("tensorrt:fp16,int8", "precision_mode is given twice"),
        ("tensorrt:workspace=much", "much is not a size"),
        ("tensorrt:workspace=0", "0 is not a size"),
        ("tensorrt:trt_engine_cach_enable=true", "'trt_engine_cach_enable' is not a parameter of the accelerator"),
        ("tensorrt:trt_engine_cache_enable=maybe", "the parameter trt_engine_cache_enable is 'maybe', not a boolean"),
        ("openvino:fp16", "openvino takes no parameters"),
    ],
)
def test_what_the_backend_does_not_take_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_accelerator(text, release="24.10")
    assert caught.value.message == f"--accelerator {text}: {said}"


def test_a_precision_belongs_to_the_releases_that_have_it() -> None:
    assert parse_accelerator("tensorrt:bf16", release="26.02").parameters == {"precision_mode": "BF16"}


CONFIGS = [
    'backend: "onnxruntime" # mine\n',
    'backend: "onnxruntime" # mine',
    'backend: "onnxruntime"\noptimization { graph { level: 1 } # mine\n}\nmax_batch_size: 4\n',
    'backend: "onnxruntime"\noptimization {\n  # mine\n  graph { level: 1 }\n}\n',
    'backend: "onnxruntime" # mine\noptimization <>\n',
    'backend: "onnxruntime" # mine\noptimization: { }\nname: "é"\n',
]


@pytest.mark.parametrize("text", CONFIGS)
def test_a_config_keeps_all_else_and_its_comments(text: str) -> None:
    new = in_config_text(text, TENSORRT, "config.pbtxt")
    before, after = (parse(t.encode()).message.to_dict() for t in (text, new))
    assert not parse(new.encode()).problems
    assert after == {**before, "optimization": {**before.get("optimization", {}), **WANTED}}
    assert "# mine" in new
    with pytest.raises(UsageError, match="there are accelerators already"):
        in_config_text(new, TENSORRT, "config.pbtxt")


YAMLS = [
    "template: onnxruntime # mine\n",
    "template: onnxruntime # mine\nvalues: {max_batch_size: 4}",
    "config: # mine\n  # and mine\n  parameters: {}\ntemplate: onnxruntime\n",
    "config:\n    optimization:\n        graph: {level: 1} # mine\ntemplate: onnxruntime\n",
]


@pytest.mark.parametrize("text", YAMLS)
def test_a_model_yaml_keeps_all_else_and_its_comments(text: str) -> None:
    file = Path("model.yaml")
    new = in_yaml_text(text, TENSORRT, file)
    before, after = (yaml_file.load(t, file).value for t in (text, new))
    config = before.get("config", {})
    assert after == {**before, "config": {**config, "optimization": {**config.get("optimization", {}), **WANTED}}}
    assert "# mine" in new
    with pytest.raises(UsageError, match="there are accelerators already"):
        in_yaml_text(new, TENSORRT, file)


def test_a_layout_that_does_not_allow_it_is_left_alone() -> None:
    with pytest.raises(UsageError, match="cannot be added without touching the rest"):
        in_yaml_text("{template: onnxruntime, config: {name: x}}\n", TENSORRT, Path("model.yaml"))


def test_tk_add_writes_an_accelerator_that_survives_rendering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_repository").mkdir()
    write_onnx(tmp_path / "net.onnx")
    assert run(["add", "m", "--from", "net.onnx", "--accelerator", "tensorrt:fp16,workspace=2g,cache=/cache"]) == 0
    config = tmp_path / "model_repository/m/config.pbtxt"
    assert parse(config.read_bytes()).message.to_dict()["optimization"] == WANTED
    config.unlink()
    assert run(["render", "m"]) == 0
    assert parse(config.read_bytes()).message.to_dict()["optimization"] == WANTED
    capsys.readouterr()
    assert (
        run(
            [
                "add",
                "p",
                "--backend",
                "python",
                "--input",
                "x:FP32:1",
                "--output",
                "y:FP32:1",
                "--accelerator",
                "tensorrt",
            ]
        )
        == 2
    )
    assert "--accelerator is ONNX Runtime's, and does not go with python" in capsys.readouterr().err
