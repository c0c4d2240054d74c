"""What --fix makes of models that a real server refuses: models that it serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import onnx_file
from free_ports import free_ports

from triton_kit.cli import run
from triton_kit.runtime.embedded.binaries import RELEASE
from triton_kit.runtime.health import Snapshot
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

pytestmark = pytest.mark.local

GOOD = """\
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "probability" data_type: TYPE_FP32 dims: [ 4 ] } ]
instance_group [ { kind: KIND_CPU } ]
"""
ENSEMBLE = """\
platform: "ensemble"
max_batch_size: 8
input [ { name: "in" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "out" data_type: TYPE_FP32 dims: [ 4 ] } ]
ensemble_scheduling { step [ {
  model_name: "good"
  model_version: -1
  input_map { key: "x" value: "in" }
  output_map { key: "probability" value: "out" }
} ] }
"""
BROKEN = {
    "field": GOOD.replace("max_batch_size", "max_batchsize"),
    "value": GOOD.replace("KIND_CPU", "CPU"),
    "comma": GOOD.replace("dims: [ 4 ]", "dims: [ 4, ]"),
    "colon": GOOD.replace("dims: [ 4 ]", "dims [ 4 ]"),
    "equals": GOOD.replace("max_batch_size: 8", "max_batch_size = 8"),
    "comment": GOOD.replace("8\n", "8  // at most\n", 1),
    "quotes": GOOD.replace("max_batch_size: 8", 'max_batch_size: "8"'),
    "name": 'name: "another"\n' + GOOD,
    "dims": GOOD.replace('"x" data_type: TYPE_FP32 dims: [ 4 ]', '"x" data_type: TYPE_FP32 dims: [ 5 ]'),
    "batch": GOOD.replace("dims: [ 4 ]", "dims: [ -1, 4 ]"),
    "type": GOOD.replace("TYPE_FP32", "TYPE_INT64", 1),
    "tensor": GOOD.replace("probability", "probabilty"),
    "platform": GOOD.replace("backend:", "platform:"),
    "backend": GOOD.replace('"onnxruntime"', '"onnxruntime_onnx"'),
    "version": ENSEMBLE.replace("  model_version: -1\n", ""),
    "key": ENSEMBLE.replace("probability", "probabilty"),
    "directory": ENSEMBLE,
}


def serve(runtime: LocalRuntime, repository: Path) -> Snapshot:
    http, grpc, metrics = free_ports()
    spec = ServerSpec(repository=repository, release=RELEASE, http_port=http, grpc_port=grpc, metrics_port=metrics)
    with running(runtime, spec, timeout=240) as (_, snapshot):
        return snapshot


def test_each_refused_model_is_ready_after_a_fix(embedded: LocalRuntime, tmp_path: Path) -> None:
    for name, config in {"good": GOOD, **BROKEN}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.pbtxt").write_text(config)
        if name != "directory":
            (tmp_path / name / "1").mkdir()
        if config.find("ensemble_scheduling") < 0:
            data = onnx_file("x FP32 [-1, 4] -> probability FP32 [-1, 4]")
            (tmp_path / name / "1" / "model.onnx").write_bytes(data)
    before = {m.name: m.state for m in serve(embedded, tmp_path).models}
    assert {name for name, state in before.items() if state == "READY"} == {"good"}
    assert set(before) == {"good", *BROKEN}
    assert run(["validate", "--fix", str(tmp_path)]) == 0
    after = serve(embedded, tmp_path)
    assert [(m.name, m.reason) for m in after.models if m.state != "READY"] == []
    assert {m.name for m in after.models} == {"good", *BROKEN}
