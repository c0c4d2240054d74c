"""The flags of a server, as far as they change what it makes of a model."""

from __future__ import annotations

from pathlib import Path

import pytest

import triton_kit
from triton_kit.model.server_flags import server_options
from triton_kit.model.server_options import USUAL, ServerOptions

READ = {
    "none": ([], USUAL),
    "others": (["--log-verbose=1", "--allow-metrics=true"], USUAL),
    "no completion": (["--disable-auto-complete-config"], USUAL._replace(auto_complete=False)),
    "no completion, begun": (["--disable-auto"], USUAL._replace(auto_complete=False)),
    "strict": (["--strict-model-config=True"], USUAL._replace(auto_complete=False)),
    "not strict": (["--strict-model-config", "false"], USUAL),
    "the last word": (["--strict-model-config=1", "--strict-model-config=0"], USUAL),
    "explicit": (
        ["--model-control-mode=explicit", "--load-model=a", "--load-model", "b"],
        USUAL._replace(explicit=True, load_models=("a", "b")),
    ),
    "models without explicit control": (["--load-model=a"], USUAL),
    "poll": (["--model-control-mode=poll"], USUAL),
    "namespaces": (["--model-namespacing=ON"], USUAL._replace(namespacing=True)),
    "configuration": (["--model-config-name", "h100"], USUAL._replace(config_name="h100")),
    "empty configuration": (["--model-config-name="], USUAL),
    "batch size": (["--backend-config=onnxruntime,default-max-batch-size=7"], USUAL._replace(default_max_batch_size=7)),
    "batch size of all": (["--backend-config", "default-max-batch-size=9"], USUAL._replace(default_max_batch_size=9)),
    "batch size of all and of onnxruntime": (
        ["--backend-config=onnxruntime,default-max-batch-size=7", "--backend-config=default-max-batch-size=9"],
        USUAL._replace(default_max_batch_size=7),
    ),
    "batch size below 0": (
        ["--backend-config=onnxruntime,default-max-batch-size=-3"],
        USUAL._replace(default_max_batch_size=0),
    ),
    "batch size that is no number": (["--backend-config=onnxruntime,default-max-batch-size=x"], USUAL),
    "batch size of another backend": (["--backend-config=python,default-max-batch-size=7"], USUAL),
    "another setting": (["--backend-config=onnxruntime,intra-op=7"], USUAL),
    "rate limit": (["--rate-limit=execution_count"], USUAL._replace(rate_limit=True)),
    "no rate limit": (["--rate-limit=off"], USUAL._replace(rate_limit=False)),
    "resources": (
        [
            "--rate-limit=execution_count", "--rate-limit-resource=R:2:0", "--rate-limit-resource=R:4:1",
            "--rate-limit-resource=R:3:2", "--rate-limit-resource=S:1", "--rate-limit-resource=S",
            "--rate-limit-resource=:5",
        ],
        USUAL._replace(rate_limit=True, rate_resources=(("R", 4), ("S", 1))),
    ),
    "resources without a rate limit": (["--rate-limit-resource=R:4"], USUAL),
}  # fmt: skip


@pytest.mark.parametrize(("flags", "wanted"), READ.values(), ids=READ)
def test_flags_are_read_as_the_server_reads_them(flags: list[str], wanted: ServerOptions) -> None:
    assert server_options(flags) == wanted


def test_flags_and_options_add_up() -> None:
    assert server_options(["--model-config-name=a"], release="24.05", auto_complete=False, gpus=2) == ServerOptions(
        release=(24, 5), auto_complete=False, gpus=2, config_name="a"
    )


def test_the_public_functions_take_them(tmp_path: Path) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "configs").mkdir()
    (tmp_path / "m" / "1" / "model.py").write_text(
        "class TritonPythonModel:\n    def execute(self, r):\n        pass\n"
    )
    (tmp_path / "m" / "config.pbtxt").write_text('backend: "python" max_batch_size: 8')
    (tmp_path / "m" / "configs" / "small.pbtxt").write_text('backend: "python" max_batch_size: -2')
    told = ["--model-config-name=small"]
    assert triton_kit.load(tmp_path).models["m"].config.max_batch_size == 8
    assert triton_kit.load(tmp_path, server_args=told).models["m"].config.max_batch_size == -2
    assert triton_kit.lint(tmp_path).ok
    (found,) = [d for d in triton_kit.lint(tmp_path, server_args=told).diagnostics if "-2" in d.message]
    assert found.file == tmp_path / "m" / "configs" / "small.pbtxt"
