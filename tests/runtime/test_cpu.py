"""What of a repository can be loaded as it is without a GPU."""

from __future__ import annotations

from pathlib import Path

from triton_kit.model.repository import Repository
from triton_kit.runtime.gpu.cpu_only import divide

GPU = 'backend: "python" instance_group { kind: KIND_GPU }'
CPU = 'backend: "python"'


def write(repository: Path, **configs: str) -> Path:
    for name, text in configs.items():
        (repository / name / "1").mkdir(parents=True)
        (repository / name / "config.pbtxt").write_text(text)
    return repository


def ensemble(*members: str) -> str:
    steps = " ".join(f'step {{ model_name: "{name}" }}' for name in members)
    return f'platform: "ensemble" ensemble_scheduling {{ {steps} }}'


def test_models_that_ask_for_no_gpu_are_loaded_as_they_are(tmp_path):
    division = divide(Repository(write(tmp_path, a=CPU, b=ensemble("a"))))
    assert division.at_once == ("a", "b")
    assert division.deferred == ()


def test_a_group_on_the_gpu_and_every_ensemble_above_it_come_later_members_first(tmp_path):
    top, middle = ensemble("middle", "plain"), ensemble("gpu")
    division = divide(Repository(write(tmp_path, a_top=top, middle=middle, gpu=GPU, plain=CPU)))
    assert division.at_once == ("plain",)
    assert [load.model for load in division.deferred] == ["gpu", "middle", "a_top"]
    configs = [load.config for load in division.deferred]
    assert configs[0] is not None
    assert configs[0]["instance_group"] == [{"kind": "KIND_CPU"}]
    assert configs[1:] == [None, None]


def test_ensembles_that_use_each_other_are_left_to_the_server(tmp_path):
    division = divide(Repository(write(tmp_path, a=ensemble("b", "gpu"), b=ensemble("a"), gpu=GPU)))
    assert division.at_once == ()
    assert {load.model for load in division.deferred} == {"a", "b", "gpu"}


def test_what_cannot_be_read_is_left_to_the_server(tmp_path):
    write(tmp_path, broken="backend: {", plain=CPU)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").write_text("")
    assert divide(Repository(tmp_path)).at_once == ("broken", "empty", "plain")
