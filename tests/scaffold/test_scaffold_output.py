"""What ``tk add`` prints and writes for every backend, and how ensembles are put together."""

from __future__ import annotations

import model_files
import pytest
from scaffold_models import write_onnx
from transcript import ROOT, files

from triton_kit.errors import TkError
from triton_kit.scaffold import options

FORESTS = ROOT / "tests/signature/data/forests"
X_Y = "--input x:FP32:4 --output y:FP32:4"
ADDED = {
    "onnxruntime": "--from a.onnx",
    "onnxruntime-tensorrt": "--from a.onnx --accelerator tensorrt:fp16,workspace=2g,cache=/var/cache",
    "onnxruntime-openvino": "--from a.onnx --accelerator openvino",
    "fixed": "--from fixed.onnx",
    "python": f"--backend python {X_Y}",
    "python-batch": f"--backend python {X_Y} --max-batch-size 8 --batching dynamic --preferred 4,8 --delay-us 50",
    "python-bls": f"--backend python --bls --calls onnxruntime,python {X_Y}",
    "python-decoupled": f"--backend python --decoupled {X_Y}",
    "python-sequence": f"--backend python --sequence oldest --state s_in=s_out:FP32:16 {X_Y} --max-batch-size 4",
    "python-direct": f"--backend python --sequence direct {X_Y} --max-batch-size 4",
    "ensemble": "--ensemble onnxruntime,second",
    "pytorch": f"--from m.pt {X_Y}",
    "openvino": "--from m.xml",
    "savedmodel": "--from m.savedmodel --release 24.10",
    "tensorrt": f"--from m.plan {X_Y} --max-batch-size 4",
    "dali": "--from p.dali --max-batch-size 8",
    "dali-source": f"--from p.py {X_Y}",
    "fil": "--from classes.ubj",
    "fil-scores": "--from binary.tl --max-batch-size 64 --set parameters.output_class.string_value='false'",
    "tensorrtllm": "--from engine",
    "vllm": "--backend vllm --set engine.model=facebook/opt-125m",
    "vllm-file": "--from model.json",
    "custom": f"--backend custom --library libtriton_mine.so {X_Y}",
    "options": (
        "--from a.onnx --max-batch-size 16 --instances 2 --kind gpu --gpus 0,1 --version-policy latest:2 "
        "--set config.optimization.graph.level=1"
    ),
    "refused": "--from a.onnx --backend pytorch",
    "no-file": "--from gone.onnx",
    "misspelt": f"--backend pyton {X_Y}",
}


@pytest.fixture
def sources(tmp_path):
    write_onnx(tmp_path / "a.onnx")
    write_onnx(tmp_path / "fixed.onnx", shape=(1, 4))
    (tmp_path / "m.pt").write_bytes(model_files.torchscript("x: Tensor", "Tensor"))
    (tmp_path / "m.xml").write_text(model_files.openvino_ir([("x", "FP32", [1, 4])], [("y", "FP32", [1, 4])]))
    (tmp_path / "m.bin").write_bytes(bytes(64))
    (tmp_path / "m.savedmodel").mkdir()
    served = model_files.served([("x", "FP32", (-1, 4))], [("y", "FP32", (-1, 4))])
    (tmp_path / "m.savedmodel/saved_model.pb").write_bytes(served)
    (tmp_path / "m.plan").write_bytes(b"ptrt" + bytes(64))
    (tmp_path / "p.dali").write_bytes(b"\n\x04pipe")
    (tmp_path / "p.py").write_text("from nvidia.dali.plugin.triton import autoserialize\n\n@autoserialize\n")
    for name in ("classes.ubj", "binary.tl"):
        (tmp_path / name).write_bytes((FORESTS / name).read_bytes())
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/rank0.engine").write_bytes(b"ftrt")
    (tmp_path / "engine/config.json").write_text('{"build_config": {"max_batch_size": 16}}')
    (tmp_path / "model.json").write_text('{"model": "facebook/opt-125m", "gpu_memory_utilization": 0.5}\n')
    model_files.library(tmp_path / "libtriton_mine.so")
    (tmp_path / "model_repository").mkdir()


@pytest.mark.parametrize("name", ADDED)
def test_what_is_added(told, tmp_path, sources, name, snapshot):
    if name == "ensemble":
        told(
            "add onnxruntime --from a.onnx",
            "add second --backend python --input y0:FP32:4 --output z:FP32:2 --max-batch-size 4",
        )
    assert told(f"add {name} {ADDED[name]}") == snapshot(name="said")
    assert files(tmp_path / "model_repository") == snapshot(name="written")


def test_a_plan_without_writing_and_in_json(told, tmp_path, sources, snapshot):
    assert (
        told(
            "add m --from a.onnx --dry-run",
            "add m --from a.onnx --dry-run --format json",
            "add m --from a.onnx --format json",
        )
        == snapshot
    )


STEPS = (
    "m a=b -> c=d",
    "m@3 a -> c",
    "m a=b c=d -> e",
    "m -> c",
    "m a=b",
    "m@x a -> b",
    "m@ a -> b",
    "m a= -> b",
    "m a=b a=c -> d",
)


def test_steps_as_typed(snapshot):
    said = {}
    for text in STEPS:
        try:
            said[text] = options.parse_step(text)
        except TkError as error:
            said[text] = f"{error.message} | {error.hint}"
    assert said == snapshot


@pytest.mark.parametrize("name", [".", "..", "a/b"], ids=["the directory", "the one above", "a path"])
def test_a_file_of_the_model_is_given_as_a_name(told, tmp_path, sources, name):
    said = told(f"add m --from a.onnx --set default_model_filename={name}")
    assert f"error: default_model_filename {name} is a path" in said
    assert "hint: give a name without directories" in said
    assert not (tmp_path / "model_repository" / "m").exists()


def test_a_file_of_the_model_has_the_name_that_is_given(told, tmp_path, sources):
    assert "[exit 0]" in told("add m --from a.onnx --set default_model_filename=net.v2.onnx")
    assert (tmp_path / "model_repository/m/1/net.v2.onnx").is_file()
