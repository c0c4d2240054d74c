"""Each part of what a rule asks of the files of a model counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import BOTH, CLASS, COMPLETES, PYTHON, REQUESTS, Case, X, Y, named, said, step, with_rules

ORT = 'backend: "onnxruntime"\n'
PT = 'backend: "pytorch"\n'
OV = 'backend: "openvino"\n'
NEWER = "-- tk validate --release 26.06\n"
ARCHIVE = "-- tk validate --release 26.03\n" + PT + X + Y
SAVED = '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n'
REFUSED = "-- ../{0}/config.pbtxt\nmax_batch_size: -3\n-- ../{0}/1/f\n"
MODEL = "x FP32 [4] -> y FP32 [4]"
IR = "-- {}/model.xml x FP32 [1, {}] -> y FP32 [{}, 4]\n"
SEQUENCE = "max_batch_size: 8\nsequence_batching { }\n"
TWO_FILES = f"-- 1/model.onnx {MODEL}\n-- 1/model.py\n" + CLASS + REQUESTS
COMPLETION = "-- ../a/1/model.py\n" + COMPLETES.format(bases="", asked="x").replace(
    '{"name": "more", "data_type": "TYPE_FP32", "dims": [4]}', "more()"
)


def steps(*each: str) -> str:
    return f'platform: "ensemble"\n{X}{Y}ensemble_scheduling {{ step [ {", ".join(each)} ] }}\n'


def read(tensor: str) -> str:
    """An ensemble of a Python model that has that input, and adds nobody knows what."""
    return (
        steps(step("a", {"x": "x"}, {"y": "y"})) + f'-- ../a/config.pbtxt\nbackend: "python"\n{tensor}{Y}{COMPLETION}'
    )


CASES: dict[str, Case] = {
    "a directory for a library": (
        "library-no-library",
        'backend: "mine"\n-- libtriton_mine.so/',
        ["'libtriton_mine.so' is not a shared library"],
    ),
    "a text for a library of one version": (
        "library-no-library",
        'backend: "mine"\n-- 1/libtriton_mine.so\nx',
        ["'libtriton_mine.so' is not a shared library"],
    ),
    "a file of another name": (
        "model-file-missing",
        PT + "-- 1/notes\nx",
        ["the model file 1/model.pt does not exist"],
    ),
    "a runtime that the backend does not have": (
        "model-file-missing",
        NEWER + ORT + 'runtime: "model.py"\n-- 1/notes\nx',
        ["the model file 1/model.onnx does not exist"],
    ),
    "a runtime in Python": ("model-file-missing", NEWER + PT + 'runtime: "model.py"\n-- 1/notes\nx', []),
    "TorchScript without a configuration": (
        "config-missing",
        "-- no config.pbtxt\n-- 1/model.pt forward(x: Tensor) -> Tensor",
        ["config.pbtxt is missing, and the pytorch backend completes no inputs and outputs"],
    ),
    "a frozen graph without a configuration": (
        "config-missing",
        "-- tk validate --release 25.02\n-- no config.pbtxt\n-- 1/model.graphdef x -> y",
        ["config.pbtxt is missing, and a frozen TensorFlow graph does not describe its inputs and outputs"],
    ),
    "directories that are no models": (
        "no-version-directory",
        f"-- ../.cache/f\nx\n-- ../.own/config.pbtxt\n{PYTHON}-- ../empty/\n-- ../full/f\nx",
        [
            "'.cache' is taken for a model, as is every directory of a repository",
            "no version directory, such as 1/, is in the model's directory",
            "'empty' is taken for a model, as is every directory of a repository",
            "no version directory, such as 1/, is in the model's directory",
        ],
    ),
    "numbers for names": (
        "version-directory-as-model",
        "-- ../7/config.pbtxt\nmax_batch_size: 0\n-- ../8/1/model.onnx\n-- ../x/model.onnx\n-- ../9/model.onnx",
        ["'9' looks like a version directory where a model is expected"],
    ),
    "neither an archive nor TorchScript": ("archive-for-another-loader", ARCHIVE + "-- 1/notes\nx", []),
    "an archive beside TorchScript": (
        "archive-for-another-loader",
        ARCHIVE + "-- 1/model.pt\nx\n-- 1/model.pt2\nx",
        [],
    ),
    "an archive alone": (
        "archive-for-another-loader",
        ARCHIVE + "-- 1/model.pt2\nx",
        ["model.pt2 is handed to the loader of TorchScript"],
    ),
    "an archive in no version": ("archive-for-another-loader", ARCHIVE + "-- 0x/model.pt2\nx", []),
    "no tensors of a model in Python": (
        "pytorch-tensors-missing",
        NEWER + PT + 'runtime: "model.py"\n-- 1/model.py\nx',
        [],
    ),
    "no tensors of an archive": (
        "pytorch-tensors-missing",
        NEWER + PT + 'platform: "torch_aoti"\n-- 1/model.pt2\nx',
        [],
    ),
    "names without positions in a sequence": (
        "pytorch-output-order",
        PT + SEQUENCE + X + Y + named(Y, "z") + "-- 1/model.pt forward(x: Tensor) -> Tuple[Tensor, Tensor]",
        [],
    ),
    "a directory for arguments": (
        "vllm-arguments-missing",
        'backend: "vllm"\n-- 1/model.json/',
        ["1/model.json is not a JSON object"],
    ),
    "arguments in a list": (
        "vllm-arguments-missing",
        'backend: "vllm"\n-- 1/model.json\n[1]',
        ["1/model.json is not a JSON object"],
    ),
    "a type that Triton does not have": (
        "tensorflow-unreadable",
        SAVED + "-- 1/model.savedmodel x FP32 [4] -> y RESOURCE [4]",
        ["'y' in the signature serving_default has a type that Triton does not have"],
    ),
    "a batch that one of two versions does not have": (
        "openvino-dims",
        OV + BOTH + "max_batch_size: 8\n" + X + Y + IR.format(1, 4, 3) + IR.format(2, 5, 1),
        [
            "max_batch_size is 8, and output 'y', [3, 4] in the model, does not begin with the batch",
            "input 'x' is [4], and the model has [5] beside the batch dimension",
        ],
    ),
    "a batch that an output which is not listed does not have": (
        "openvino-dims",
        OV + "max_batch_size: 8\n" + X + Y + "-- 1/model.xml x FP32 [1, 4] -> z FP32 [3, 4], y FP32 [1, 4]",
        [],
    ),
    "an input too few in one of two versions": (
        "openvino-input-count",
        OV
        + BOTH
        + "max_batch_size: 8\n"
        + X
        + Y
        + IR.format(1, 4, 1)
        + "-- 2/model.xml x FP32 [1, 4], w FP32 [1, 4] -> y FP32 [1, 4]",
        ["the configuration has 1 input, the model 2: 'x', 'w'"],
    ),
    "no inputs where they are completed": ("openvino-input-count", OV + Y + IR.format(1, 4, 1), []),
    "no inputs where they are not completed": (
        "openvino-input-count",
        "-- tk validate --strict\n" + OV + Y + IR.format(1, 4, 1),
        ["the configuration has 0 inputs, the model 1: 'x'"],
    ),
    "an input too few in a sequence": (
        "openvino-input-count",
        OV + SEQUENCE + X + Y + "-- 1/model.xml x FP32 [1, 4], w FP32 [1, 4] -> y FP32 [1, 4]",
        [],
    ),
    "a type that OpenVINO fills in": (
        "tensor-without-type",
        OV + X.replace("data_type: TYPE_FP32", "") + Y + IR.format(1, 4, 1),
        [],
    ),
    "a number of threads": (
        "openvino-parameter",
        OV + 'parameters { key: "INFERENCE_NUM_THREADS" value { string_value: "4" } }\n' + IR.format(1, 4, 1),
        [],
    ),
    "a number of streams": (
        "openvino-parameter",
        OV + 'parameters { key: "NUM_STREAMS" value { string_value: "4" } }\n' + IR.format(1, 4, 1),
        [],
    ),
    "a number for a word": (
        "openvino-parameter",
        OV + 'parameters { key: "HINT_BF16" value { string_value: "4" } }\n' + IR.format(1, 4, 1),
        ["the parameter HINT_BF16 is '4'"],
    ),
    "a ragged input that the backend knows nothing of": (
        "ragged-without-batch",
        PYTHON + X.replace("}", "allow_ragged_batch: true }"),
        [],
    ),
    "a ragged input of a model without versions": (
        "ragged-without-batch",
        ORT + X.replace("}", "allow_ragged_batch: true }") + "-- 0x/f\nx",
        [],
    ),
    "a backend for one of two files": ("several-model-files", ORT + TWO_FILES, []),
    "a platform for one of two files": ("several-model-files", 'platform: "onnxruntime_onnx"\n' + TWO_FILES, []),
    "a name of one of two files": ("several-model-files", 'default_model_filename: "model.onnx"\n' + TWO_FILES, []),
    "two files": (
        "several-model-files",
        X + Y + TWO_FILES,
        ["'1' holds 'model.onnx', 'model.py', of which model.onnx is taken"],
    ),
    "a model of two repositories, told apart by their paths": (
        "step-model-missing",
        "-- tk validate --namespacing\n"
        + steps(step("c", {"x": "x"}, {"y": "y"}))
        + f"-- ../../second/c {MODEL}\n-- ../../third/c {MODEL}",
        ["2 repositories have a model 'c', and none is chosen"],
    ),
    "a refused model twice before another": (
        "step-model-refused",
        steps(step("a", {"x": "x"}, {"y": "m"}), step("a", {"x": "m"}, {"y": "n"}), step("b", {"x": "n"}, {"y": "y"}))
        + REFUSED.format("a")
        + REFUSED.format("b"),
        ["'a', 'b' will not load, and the ensemble with them"],
    ),
    "an ensemble that uses itself": ("step-model-refused", steps(step("m", {"x": "x"}, {"y": "y"})), []),
    "dims of a model that adds inputs": (
        "ensemble-shape-differs",
        read(named(X, "x", "[ 5 ]")),
        ["'x' is [4] as the ensemble's input and [5] as the input 'x' of 'a'"],
    ),
    "no dims in a model that adds inputs": ("ensemble-shape-differs", read(X.replace("dims: [ 4 ]", "")), []),
    "no type in a model that adds inputs": ("ensemble-type-differs", read(X.replace("data_type: TYPE_FP32", "")), []),
    "a state without positions": (
        "pytorch-sequence-names",
        PT
        + "max_batch_size: 8\nsequence_batching { state { "
        + 'input_name: "i" output_name: "o__1" data_type: TYPE_FP32 dims: [ 4 ] } }\n'
        + named(X, "x__0")
        + named(Y, "y__0"),
        ["state 'i' does not end in its position, as all tensors of a PyTorch sequence model must"],
    ),
    "a completion that is a generator": (
        "python-completion-broken",
        PYTHON + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="x").replace("return config", "yield config"),
        ["auto_complete_config returns a generator or coroutine, not the configuration"],
    ),
    "a completion that is a coroutine": (
        "python-completion-broken",
        PYTHON + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="x").replace("def auto", "async def auto"),
        ["auto_complete_config returns a generator or coroutine, not the configuration"],
    ),
    "TensorFlow in its last release": (
        "tensorflow-removed",
        '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"',
        [],
    ),
    "TensorFlow a release later": (
        "tensorflow-removed",
        '-- tk validate --release 25.03\nplatform: "tensorflow_savedmodel"',
        ["the tensorflow backend is not part of releases from 25.03 on"],
    ),
    "an output of any batch beside an input of one": (
        "openvino-dims",
        OV + "max_batch_size: 8\n" + X + Y + IR.format(1, 4, -1),
        [],
    ),
    "any size of an input where the model has one": (
        "openvino-dims",
        OV + "max_batch_size: 8\n" + named(X, "x", "[ -1 ]") + Y + IR.format(1, 4, 1),
        [],
    ),
    "any size of an output where the model has one": (
        "openvino-dims",
        OV + "max_batch_size: 8\n" + X + named(Y, "y", "[ -1 ]") + IR.format(1, 4, 1),
        ["output 'y' is [-1], and the model has [4] beside the batch dimension"],
    ),
    "two signatures, neither of which is the usual one": (
        "tensorflow-unreadable",
        SAVED + f"-- 1/model.savedmodel {MODEL} signatures a b",
        [],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_what_is_in_a_folder_decides(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
