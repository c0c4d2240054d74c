"""Kinds of messages in logs that users ask about, in several wordings: what each means, and what to do."""

from __future__ import annotations

import pytest

from triton_kit.runtime.log.causes import Digest
from triton_kit.runtime.log.digest import Reader
from triton_kit.serve.log import table_with_rules

TABLE = table_with_rules()
E = "E1122 23:14:01.570231 1 x.cc:9] "
FAILED = f"{E}failed to load 'm' version 1: "


def read(line: str) -> Digest:
    reader = Reader(TABLE)
    for number, part in enumerate(line.split("\n"), start=1):
        reader.take(part, number)
    return reader.digest(1)


@pytest.mark.parametrize(
    ("line", "cause", "help_"),
    [
        (E + "in ensemble 'e', unexpected deadlock, at least one output "
         "is not set while no more ensemble steps can be made", "gave fewer outputs", "output_map"),
        (FAILED + "Internal: onnx runtime error 2: Load model from /m/1/model.onnx failed:Unknown model file format "
         "version.", "newer than this server's ONNX Runtime", "--release"),
        (FAILED + "Unknown: [1] /x/frontend/xgboost_json.cc:12: Provided JSON could not be parsed as XGBoost model. "
         "Parsing error at offset 9", "newer XGBoost", "older XGBoost"),
        (FAILED + "Unknown: [1] /x/xgboost.cc:9: Check failed: a == b : Ill-formed XGBoost model file: unexpected end",
         "binary format", "as JSON"),
        (E + "unable to get number of CUDA devices: initialization failed",
         "driver or CUDA of the machine", "nvidia-smi"),
        (FAILED + "Internal: unable to get number of CUDA devices: system not yet initialized", "fabric manager",
         "start"),
        (FAILED + "Not found: unable to load shared library: /b/libtorch_extra.so: undefined symbol: _ZN5torch3jit1fEv",
         "two versions of PyTorch", "release's container"),
        (FAILED + "Not found: unable to load shared library: /b/libtriton_mine.so: undefined symbol: TRITONBACKEND_New",
         "/b/libtriton_mine.so was built for other libraries", "for this release"),
        (E + "ModelInfer RPC doesn't support models with decoupled transaction policy",
         "asks for one answer", "stream_infer"),
        (FAILED + "Internal: AttributeError: module 'triton_python_backend_utils' has no attribute 'Logger'",
         "uses Logger", "--release"),
        (E + "AttributeError: 'c_python_backend_utils.InferenceRequest' object has no attribute "
         "'is_cancelled'", "uses is_cancelled", "--release"),
        (E + "AttributeError: 'c_python_backend_utils.InferenceRequest' object has no attribute "
         "'get_response_sender'", "older than decoupled models", "--release"),
        (E + "TypeError: async_exec(): incompatible function arguments.", "decoupled=True",
         "23.03"),
        ("error: creating server: Internal - failed to stat file /models", "the repository /models", "mounted"),
        (FAILED + "Invalid argument: model 'm', tensor 'x': for the model to support ragged input, the engine shape is"
         ": [4] while", "ragged", "[-1]"),
        (FAILED + "Unknown: DALI Backend error: Failed to open serialized model file: /m/1/model.dali",
         "DALI pipeline /m/1/model.dali", "serialize"),
        (FAILED + "Internal: openvino error in retrieving original shapes from input x : to_shape was called on a "
         "dynamic shape.", "no fixed size", "fixed shapes"),
        (FAILED + "Invalid argument: unable to load model 'm', sequence control 'READY' dims [1] don't match expected "
         "dims [-1,1]", "READY", "max_batch_size"),
        (E + "Failed to determine modification time for 's3://b/m': Internal: Access denied",
         "cannot see when s3://b/m", "credentials"),
        (E + "unexpected shape for input 'x' for model 'm'. Expected [-1,4], got [4]. NOTE: x",
         "the shape [4], and m expects [-1,4]", "batch"),
        (E + "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['a'], but missing "
         "required input(s) ['b']. Please", "lacks b", "each input"),
    ],
    ids=[
        "an ensemble without an output", "an ONNX file of a newer format", "XGBoost JSON", "XGBoost binary",
        "no count of devices", "no fabric manager", "two PyTorch", "a library of another release", "a plain request",
        "an attribute of utils", "an attribute of a request", "no response sender", "an argument of exec",
        "no repository", "a ragged engine", "no pipeline", "dynamic OpenVINO", "a control's dims", "no credentials",
        "a request's shape", "a request without an input",
    ],
)  # fmt: skip
def test_the_cause_is_named_and_the_remedy(line: str, cause: str, help_: str) -> None:
    found = read(line)
    assert found.unknown == []
    assert not found.ok
    (problem,) = found.problems
    assert cause in problem.cause
    assert help_ in problem.help


def test_an_object_store_without_directories_is_harmless() -> None:
    line = E + "Failed to determine modification time for 'as://a/m': no blob:404 None"
    found = read(line)
    assert found.ok
    assert found.problems == []
    assert [problem.severity for problem in found.harmless] == ["harmless"]


def test_a_quotation_at_both_ends_is_kept_where_it_is_not_one() -> None:
    (problem,) = read("AttributeError: 'Thing' object has no attribute 'go'").problems
    assert "'Thing' object has no attribute 'go'" in problem.cause
