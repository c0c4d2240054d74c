"""Examples with several tensors, versions, groups and steps, in which the rules about model files meet each other."""

from __future__ import annotations

EXAMPLES = {
    "savedmodel with a control and an optional tensor": """
-- tk validate --release 24.10
platform: "tensorflow_savedmodel"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
input { name: "mask" data_type: TYPE_INT32 dims: [ -1, 2 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 3 ] }
sequence_batching {
  control_input { name: "start" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
  control_input { name: "end" control { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] } }
}
-- 1/model.savedmodel x FP32 [-1, 4], mask INT32 [-1, -1, 2], start INT32 [-1, 1], end INT32 [-1, 1] -> y FP32 [-1, 3]
""",
    "savedmodel without max_batch_size": """
-- tk validate --release 24.10
platform: "tensorflow_savedmodel"
input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ -1, 3 ] }
output { name: "z" data_type: TYPE_INT64 dims: [ -1 ] }
-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 3], z INT64 [-1]
""",
    "TorchScript in sequences": """
backend: "pytorch"
max_batch_size: 4
input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
input { name: "OTHER__1" data_type: TYPE_INT64 dims: [ 2 ] }
output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
sequence_batching {
  control_input { name: "START__2" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
  state { input_name: "STATE__3" output_name: "STATE__1" data_type: TYPE_FP32 dims: [ 1 ] }
}
-- 1/model.pt forward(a: Tensor, b: Tensor, start: Tensor, state: Tensor) -> Tuple[Tensor, Tensor]
""",
    "TorchScript by the names of its arguments": """
backend: "pytorch"
input { name: "b" data_type: TYPE_FP32 dims: [ 4 ] }
input { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "first" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "OUTPUT__1" data_type: TYPE_FP32 dims: [ 4 ] }
-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tuple[Tensor, Tensor]
""",
    "TorchScript with positions after a name": """
backend: "pytorch"
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
input { name: "INPUT__3" data_type: TYPE_FP32 dims: [ 4 ] }
input { name: "INPUT__x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "OUTPUT__5" data_type: TYPE_FP32 dims: [ 4 ] }
-- 1/model.pt forward(x: Tensor, b: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]
""",
    "an IR with two inputs": """
backend: "openvino"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ 3, -1 ] }
input { name: "m" data_type: TYPE_INT64 dims: [ 2 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
-- 1/model.xml x FP32 [1, 3, -1], m INT64 [1, 2] -> y FP32 [1, 4]
""",
    "a forest in two versions": """
backend: "fil"
max_batch_size: 8
version_policy { all { } }
input { name: "input__0" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "output__0" data_type: TYPE_FP32 dims: [ 3 ] }
parameters { key: "model_type" value { string_value: "xgboost" } }
parameters { key: "output_class" value { string_value: "true" } }
parameters { key: "predict_proba" value { string_value: "true" } }
-- 1/xgboost.model 4 features 3 classes
-- 2/xgboost.model 5 features 3 classes
""",
    "ONNX with states and two versions": """
backend: "onnxruntime"
max_batch_size: 8
version_policy { all { } }
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
sequence_batching {
  control_input { name: "s" control { kind: CONTROL_SEQUENCE_READY fp32_false_true: [ 0, 1 ] } }
  state { input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 2 ] }
}
-- 1/model.onnx x FP32 [-1, 4], s FP32 [-1, 1], i FP32 [-1, 2] -> y FP32 [-1, 4], o FP32 [-1, 2]
-- 2/model.onnx x FP32 [-1, 4], s FP32 [-1, 1], k FP32 [-1, 2] -> y FP32 [-1, 4], o FP32 [-1, 2]
""",
    "ONNX without tensors in the configuration": """
backend: "onnxruntime"
input { name: "x" data_type: TYPE_FP32 dims: [ 2, -1, 4 ] reshape { shape: [ 2, -1, 2, 2 ] } }
output { name: "z" data_type: TYPE_INT64 dims: [ 1 ] reshape { shape: [ ] } }
-- 1/model.onnx x FP32 [2, -1, 2, 2] -> y FP32 [-1, 4], z INT64 []
""",
    "Python with warm-up, passive groups and code that asks for tensors": """
backend: "python"
max_batch_size: 4
input { name: "image" data_type: TYPE_UINT8 dims: [ -1 ] }
input { name: "size" data_type: TYPE_INT32 dims: [ 2 ] optional: true }
output { name: "label" data_type: TYPE_STRING dims: [ 1 ] }
instance_group [ { kind: KIND_CPU passive: true }, { kind: KIND_CPU count: 2 } ]
model_warmup {
  name: "w" batch_size: 1
  inputs { key: "image" value { data_type: TYPE_UINT8 dims: [ 3 ] zero_data: true } }
}
-- 1/model.py
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    def execute(self, requests):
        for r in requests:
            a = pb_utils.get_input_tensor_by_name(r, "image")
            b = pb_utils.get_input_tensor_by_name(r, "sise")
            c = pb_utils.get_input_tensor_by_name(r, "sise")
            d = pb_utils.get_input_tensor_by_name(r, "other")
        return None
""",
    "Python completes what is written": """
backend: "python"
max_batch_size: 4
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
-- 1/model.py
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.set_max_batch_size(8)
        config.set_max_batch_size(6)
        config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4], "optional": False})
        config.add_output({"name": "y", "data_type": "TYPE_FP32", "dims": [5]})
        config.set_model_transaction_policy({"decoupled": True})
        config.set_dynamic_batching()
        return config
    def execute(self, requests):
        return [None for _ in requests]
""",
    "an ensemble of three steps, one of them decoupled": """
platform: "ensemble"
input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
ensemble_scheduling {
  step [
    { model_name: "a" model_version: -1 input_map { key: "x" value: "in" } output_map { key: "y" value: "m" } },
    { model_name: "d" model_version: -1 input_map { key: "x" value: "m" } output_map { key: "y" value: "n" } },
    { model_name: "a" model_version: 1 input_map { key: "x" value: "n" } output_map { key: "y" value: "out" } }
  ]
}
-- ../a x FP32 [4] -> y FP32 [4]
-- ../d/config.pbtxt
model_transaction_policy { decoupled: true }
-- ../d/1/model.onnx x FP32 [4] -> y FP32 [4]
""",
    "two streams that meet in a step": """
platform: "ensemble"
input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "plain" data_type: TYPE_FP32 dims: [ 4 ] }
ensemble_scheduling {
  step { model_name: "d" input_map { key: "x" value: "in" } output_map { key: "y" value: "m" } }
  step {
    model_name: "b"
    input_map { key: "x" value: "m" } input_map { key: "w" value: "in" }
    output_map { key: "y" value: "out" }
  }
}
-- ../b x FP32 [4], w FP32 [4] -> y FP32 [4]
-- ../d/config.pbtxt
model_transaction_policy { decoupled: true }
-- ../d/1/model.onnx x FP32 [4] -> y FP32 [4]
""",
    "accelerators with parameters": """
-- tk validate --release 24.10
platform: "tensorflow_savedmodel"
instance_group [ { kind: KIND_GPU } ]
optimization { execution_accelerators {
  gpu_execution_accelerator [
    { name: "gpu_io" parameters { key: "precision_mode" value: "FP16" } },
    { name: "tensorrt" parameters { key: "precision" value: "FP16" } }
  ]
} }
-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
""",
    "a TensorRT model in groups": """
-- tk validate --gpus 2
backend: "tensorrt"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
instance_group [
  { kind: KIND_GPU gpus: [ 0, 1 ] profile: [ "0" ] },
  { kind: KIND_GPU count: 2 gpus: [ 1, 2, 0, 0 ] },
  { kind: KIND_CPU }
]
runtime: "libtriton_tensorrt.so"
-- 1/model.plan engine
""",
    "batching of every kind": """
backend: "python"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
dynamic_batching {
  preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 999999 preserve_ordering: true
  priority_levels: 1 default_priority_level: 1
  default_queue_policy { timeout_action: REJECT default_timeout_microseconds: 1 allow_timeout_override: true }
  priority_queue_policy { key: 1 value { timeout_action: DELAY default_timeout_microseconds: 1 } }
}
batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }
batch_input { kind: BATCH_ITEM_SHAPE target_name: "s" data_type: TYPE_INT32 source_input: "x" }
""",
}
