"""Models with what breaks, or changes, between two releases: one for each change that ``tk doctor`` knows."""

from __future__ import annotations

from typing import NamedTuple

PYTHON = """-- 1/model.py
class TritonPythonModel:
    def execute(self, requests):
        return [None for _ in requests]
"""
ENVIRONMENT = f"""backend: "python"
parameters {{ key: "EXECUTION_ENV_PATH" value {{ string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }} }}
{PYTHON}"""
X_Y = """input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
"""
ENSEMBLE = f"""platform: "ensemble"
{X_Y}ensemble_scheduling {{
  max_inflight_requests: 8
  step {{ model_name: "a" model_version: -1 input_map {{ key: "x" value: "x" }} output_map {{ key: "y" value: "y" }} }}
}}
-- ../a x FP32 [4] -> y FP32 [4]
"""


class Break(NamedTuple):
    """A model as an example, with two releases and what is said of it: the group, the text, where it begins."""

    example: str
    before: str
    after: str
    group: str
    said: str
    since: str | None = None
    flags: tuple[str, ...] = ()
    source: str = ""


BREAKS = {
    "tensorflow": Break(
        'platform: "tensorflow_graphdef"\nmax_batch_size: 4\n' + X_Y + "-- 1/model.graphdef x -> y",
        "24.10",
        "26.08",
        "must",
        "the tensorflow backend is not part of releases from 25.03 on",
        "25.03",
        source="tk explain tensorflow-removed",
    ),
    "tensorrt plan": Break(
        'platform: "tensorrt_plan"', "25.01", "25.02", "must", "was built for one release of TensorRT"
    ),
    "environment of another Python": Break(
        ENVIRONMENT + "-- env.tar.gz environment 3.10",
        "24.10",
        "26.10",
        "must",
        "Python goes from 3.10 to 3.12",
        "24.11",
    ),
    "environment that leads out": Break(
        ENVIRONMENT + "-- env.tar.gz environment 3.12 with ../x",
        "25.01",
        "26.08",
        "must",
        "the entry '../x' of the execution environment has '..' in it",
        "26.06",
    ),
    "environment with hooks": Break(
        ENVIRONMENT + "-- env.tar.gz environment 3.12 with etc/conda/activate.d/a.sh",
        "25.01",
        "25.12",
        "should",
        "the execution environment has the hook",
        "25.08",
    ),
    "environment that is activated": Break(
        ENVIRONMENT + "-- env.tar.gz environment 3.12",
        "25.01",
        "25.12",
        "should",
        "the activation of a Python environment",
        "25.08",
    ),
    "packed environment": Break(
        ENVIRONMENT, "26.05", "26.06", "know", "a packed environment with entries that lead out", "26.06"
    ),
    "order lost": Break(
        "max_batch_size: 8\ndynamic_batching { preserve_ordering: true }",
        "24.10",
        "26.08",
        "should",
        "preserve_ordering does not hold",
        "25.09",
    ),
    "order lost on the way": Break(
        "max_batch_size: 8\ndynamic_batching { preserve_ordering: true }",
        "24.10",
        "26.10",
        "know",
        "in 25.09 to 26.08 alone: ",
        "25.09",
    ),
    "pytorch runtime": Break(
        'backend: "pytorch"\nruntime: "model.py"\n-- 1/model.py\nimport torch\n'
        "-- 1/model.pt forward(x: Tensor) -> Tensor",
        "26.01",
        "26.08",
        "should",
        "26.04 to 26.08 load model.pt",
        "26.04",
    ),
    "is_ready": Break(
        'backend: "python"\n-- 1/model.py\nclass TritonPythonModel:\n'
        "    async def is_ready(self):\n        return True\n",
        "26.01",
        "26.03",
        "should",
        "is_ready of a Python model is called",
        "26.03",
    ),
    "is_ready that is none": Break(
        'backend: "python"\n-- 1/model.py\nclass TritonPythonModel:\n    is_ready = True\n',
        "26.01",
        "26.08",
        "should",
        "is_ready is a value",
        "26.03",
    ),
    "python image": Break(
        'backend: "python"', "24.10", "24.11", "should", "the image is Ubuntu 24.04 with Python 3.12", "24.11"
    ),
    "dead stub": Break(
        'backend: "python"', "25.11", "25.12", "should", "a Python model whose stub has died is not ready", "25.12"
    ),
    "dead stub of a server": Break(
        'backend: "python"', "26.03", "26.04", "should", "/v2/health/ready is not 200", "26.04"
    ),
    "stub that does not come up": Break(
        'backend: "python"', "25.07", "25.08", "know", "is an error after 10 s", "25.08"
    ),
    "name of a stub": Break(
        'backend: "python"\ninstance_group [ { name: "a#b" } ]',
        "24.10",
        "25.08",
        "must",
        "the name of a Python model's instances holds '#'",
        "25.08",
    ),
    "dali name": Break(
        'backend: "dali"\ndefault_model_filename: "a+b.dali"\n-- 1/a+b.dali\npipeline',
        "25.06",
        "25.07",
        "must",
        "which the dali backend refuses",
        "25.07",
    ),
    "fil": Break('backend: "fil"', "25.08", "25.09", "know", "FIL wants is_classifier", "25.09"),
    "correlation ids": Break(
        f"max_batch_size: 4\nsequence_batching {{ }}\n{X_Y}",
        "24.12",
        "25.01",
        "should",
        "a request whose correlation id is not of the type",
        "25.01",
    ),
    "batch strategy": Break(
        "max_batch_size: 4\ndynamic_batching { }\n"
        'parameters { key: "TRITON_BATCH_STRATEGY_PATH" value { string_value: "/m/b.so" } }',
        "26.05",
        "26.06",
        "must",
        "a batching strategy must lie inside the model's directory",
        "26.06",
    ),
    "requests in flight": Break(ENSEMBLE, "26.03", "26.04", "should", "is shared by all its requests", "26.04"),
    "newer field": Break(
        "model_metrics { }", "25.01", "24.10", "must", "'model_metrics' is a field of release 24.11 and later", "24.10"
    ),
    "elements over 64 bits": Break(
        'backend: "python"\nmax_batch_size: 8\n'
        'input { name: "q" data_type: TYPE_FP32 dims: [ 4294967296, 4294967296 ] reshape { shape: [ ] } }',
        "24.10",
        "26.06",
        "must",
        "multiply to over 64 bits",
        "26.03",
    ),
    "onnx runtime": Break("", "24.10", "26.08", "know", "ONNX Runtime goes from 1.19.2 to 1.28.0"),
    "openvino": Break(
        'backend: "openvino"\n-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]',
        "24.10",
        "26.08",
        "know",
        "OpenVINO goes from 2024.4.0 to",
    ),
    "flag that is gone": Break(
        "",
        "25.06",
        "24.10",
        "must",
        "--http-max-input-size is in tritonserver from 25.06 on",
        flags=("--http-max-input-size=1",),
    ),
    "flag that is old": Break(
        "", "23.03", "24.10", "should", "--trace-level is deprecated", flags=("--trace-level=OFF",)
    ),
    "new flags": Break("", "25.03", "26.04", "know", "--grpc-infer-thread-count, --http-max-input-size"),
    "forwarded headers": Break(
        "",
        "26.04",
        "26.05",
        "should",
        "headers named triton_*, priority, timeout or sequence_*",
        "26.05",
        flags=("--http-header-forward-pattern=.*",),
    ),
    "large bodies": Break("", "25.05", "25.06", "should", "HTTP bodies over 64 MB are refused", "25.06"),
    "large JSON": Break("", "25.09", "25.10", "should", "the limit of HTTP bodies holds for their JSON", "25.10"),
    "compressed bodies": Break("", "25.12", "26.01", "should", "what a compressed body unpacks to", "26.01"),
    "chunks": Break("", "26.04", "26.05", "know", "in more than 65536 chunks", "26.05"),
    "nested JSON": Break("", "25.04", "25.05", "know", "JSON that is nested more than 100 deep", "25.05"),
    "classes": Break("", "26.01", "26.02", "know", "more than a million classes", "26.02"),
    "output twice": Break("", "26.04", "26.05", "should", "a request that names an output twice", "26.05"),
    "shared memory": Break("", "26.03", "26.04", "should", "client shared memory is off by default", "26.04"),
    "load API": Break("", "26.02", "26.03", "know", "the load API refuses a model's name", "26.03"),
    "load metric": Break("", "24.10", "24.11", "know", "nv_model_load_duration_secs", "24.11"),
    "histogram": Break("", "25.12", "26.01", "know", "the histogram of first responses", "26.01"),
    "protobuf": Break("", "26.07", "26.08", "know", "protobuf and gRPC are much newer", "26.08"),
    "windows": Break("", "26.05", "26.06", "know", "there is no build for Windows", "26.06"),
    "jetson": Break("", "26.02", "26.03", "know", "there is no release for Jetson", "26.03"),
    "cuda 13": Break(
        "", "25.07", "25.08", "should", "CUDA goes from 12 to 13: GPUs need the driver 580, not 525", "25.08"
    ),
}
