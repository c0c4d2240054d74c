"""What one of several elements does is taken neither for what all do nor for what none does."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example
from short_examples import BOTH, CLASS, COMPLETES, PYTHON, WARMUP, Case, X, Y, said, with_rules

ELEMENTS: dict[str, Case] = {
    "an accelerator that does not exist": (
        "tensorflow-accelerator",
        (
            'platform: "tensorflow_savedmodel"\ninstance_group [ { kind: KIND_GPU } ]\n'
            'optimization { execution_accelerators { gpu_execution_accelerator [ { name: "tensorr" },'
            ' { name: "tensorrt" parameters { key: "precision" value: "FP16" } } ] } }\n'
            "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]"
        ),
        [
            "'tensorr' is not an accelerator that the tensorflow backend has",
            "'precision' is not a parameter of the accelerator",
        ],
    ),
    "one size of a bound that is over the graph's": (
        "graph-spec",
        (
            'backend: "tensorrt"\nmax_batch_size: 4\noptimization { cuda { graphs: true graph_spec { batch_size: 1'
            ' input { key: "x" value { dim: [ 4, 8 ] } }'
            ' graph_lower_bound { batch_size: 1 input { key: "x" value { dim: [ 2, 9 ] } } } } } }'
        ),
        ["the lower bound of 'x', [2, 9], is not below the graph's, [4, 8]"],
    ),
    "a library of the backend in one version of two": (
        "unknown-backend",
        'backend: "mine"\n' + BOTH + "-- 1/f\n-- 2/libtriton_mine.so",
        [],
    ),
    "a library of the backend in no version": (
        "unknown-backend",
        'backend: "mine"\n' + BOTH + "-- 1/f\n-- 2/g",
        ["'mine' is not a backend of an official image, so the server must have it installed"],
    ),
    "an initialize that may return before it raises": (
        "python-initialize-fails",
        PYTHON + "-- 1/model.py\n" + CLASS + "        return [None for _ in requests]\n"
        "    def initialize(self, args):\n        if args:\n            return\n        raise ValueError\n",
        [],
    ),
    "an initialize that has two names": (
        "python-initialize-fails",
        PYTHON + "-- 1/model.py\n" + CLASS + "        return [None for _ in requests]\n    start = initialize = None\n",
        ["initialize is None, which cannot be called"],
    ),
    "an execute that returns an empty list in one of two cases": (
        "python-warmup-unanswered",
        PYTHON + X + Y + WARMUP + "-- 1/model.py\n" + CLASS + "        if not requests:\n            return []\n"
        "        return [None for _ in requests]\n",
        [],
    ),
    "an execute that returns an empty list": (
        "python-warmup-unanswered",
        PYTHON + X + Y + WARMUP + "-- 1/model.py\n" + CLASS + "        return []\n",
        ["may kill the server: the model is warmed up, and its execute returns no responses"],
    ),
    "one of two warm-ups without a batch": (
        "python-warmup-unanswered",
        PYTHON
        + X
        + Y
        + WARMUP
        + WARMUP.replace('"w"', '"v"').replace("batch_size: 1", "batch_size: 0")
        + "-- 1/model.py\n"
        + CLASS
        + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "one of two groups that is passive": (
        "python-warmup-unanswered",
        PYTHON + X + Y + WARMUP + "instance_group [ { kind: KIND_CPU passive: true }, { kind: KIND_CPU } ]\n"
        "-- 1/model.py\n" + CLASS + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "a call whose argument is not known, before one that is": (
        "python-completion-contradicts",
        PYTHON + Y + "-- 1/model.py\nclass TritonPythonModel:\n    @staticmethod\n"
        "    def auto_complete_config(config):\n        config.set_max_batch_size(size())\n"
        '        config.add_output({"name": "y", "data_type": "TYPE_INT64", "dims": [4]})\n        return config\n'
        "    def execute(self, requests):\n        return [None for _ in requests]\n",
        ["output 'y' is TYPE_INT64 here and TYPE_FP32 in config.pbtxt"],
    ),
    "a name that the model's own code adds": (
        "python-unknown-tensor",
        PYTHON + X + Y + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="more"),
        [],
    ),
    "a name that nothing adds": (
        "python-unknown-tensor",
        PYTHON + X + Y + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="other"),
        ["'other' is not an input of the configuration"],
    ),
    "a completion that is a method of the class": (
        "python-completion-broken",
        PYTHON
        + "-- 1/model.py\n"
        + COMPLETES.format(bases="", asked="x")
        .replace("staticmethod", "classmethod")
        .replace("(config)", "(cls, config)"),
        [],
    ),
    "a completion that is a method of the class and takes nothing else": (
        "python-completion-broken",
        PYTHON + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="x").replace("staticmethod", "classmethod"),
        ["auto_complete_config takes one argument, the configuration"],
    ),
    "a resource of a model that comes later": (
        "resource-global-and-local",
        "-- tk validate --rate-limit on\n"
        + PYTHON
        + 'instance_group [ { rate_limiter { resources [ { name: "R" count: 4 } ] } } ]\n'
        "-- 1/model.py\n"
        + CLASS
        + "        return [None for _ in requests]\n-- ../z/config.pbtxt\n"
        + PYTHON
        + 'instance_group [ { rate_limiter { resources [ { name: "R" global: true count: 4 } ] } } ]\n'
        "-- ../z/1/model.py\n" + CLASS + "        return [None for _ in requests]\n",
        ["the resource 'R' is global here, of each device elsewhere"],
    ),
    "a size that is none, before one that differs": (
        "onnx-dims",
        'backend: "onnxruntime"\n'
        + X.replace("[ 4 ]", "[ -2 ]")
        + Y.replace("[ 4 ]", "[ 5 ]")
        + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]",
        ["output 'y' is [4] in the model, not [5]"],
    ),
    "a directory that is no model": (
        "no-version-directory",
        PYTHON + "-- 1/model.py\n" + CLASS + "        return [None for _ in requests]\n-- ../.hidden/f",
        ["'.hidden' is taken for a model, as is every directory of a repository"],
    ),
    "an output that is written, before one that is not": (
        "ensemble-output-not-written",
        'platform: "ensemble"\n'
        + X
        + Y
        + Y.replace('"y"', '"lost"')
        + 'ensemble_scheduling { step [ { model_name: "a" model_version: -1'
        ' input_map { key: "x" value: "x" } output_map { key: "y" value: "y" } },'
        ' { model_name: "a" model_version: -1 input_map { key: "x" value: "lost" }'
        ' output_map { key: "y" value: "more" } } ] }\n-- ../a x FP32 [4] -> y FP32 [4]',
        ["the ensemble output 'lost' is never written: no step writes it"],
    ),
    "a model that is broken, before one that differs": (
        "ensemble-shape-differs",
        'platform: "ensemble"\n' + X + Y + 'ensemble_scheduling { step [ { model_name: "a" model_version: -1'
        ' input_map { key: "x" value: "x" } output_map { key: "y" value: "z" } },'
        ' { model_name: "b" model_version: -1 input_map { key: "x" value: "x" }'
        ' output_map { key: "y" value: "y" } } ] }\n-- ../a/config.pbtxt\nbackend: [\n-- ../a/1/f\n'
        "-- ../b x FP32 [5] -> y FP32 [4]",
        ["'x' is [4] as the ensemble's input and [5] as the input 'x' of 'b'"],
    ),
    "a dimension of 0 beside another": (
        "onnx-dims",
        'backend: "onnxruntime"\n-- 1/model.onnx x FP32 [4, 0] -> y FP32 [4, 1]',
        ["the input 'x' of the model has a dimension of 0"],
    ),
    "a tensor with a batch beside one without": (
        "onnx-not-batchable",
        'backend: "onnxruntime"\nmax_batch_size: 8\n-- 1/model.onnx x FP32 [-1, 4] -> y FP32 [2, 4]',
        ["max_batch_size is 8, and the model has a fixed first dimension in 'y' [2, 4]"],
    ),
    "weights that are cut short": (
        "onnx-external-data-missing",
        'backend: "onnxruntime"\n-- 1/model.onnx x FP32 [4] -> y FP32 [4] external weights.bin\n-- 1/weights.bin\n0123',
        ["'weights.bin' has 5 bytes where the model needs 16"],
    ),
    "a batch input among those that are counted": (
        "tensorflow-input-count",
        '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\nmax_batch_size: 8\n'
        + X
        + 'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }\n'
        + Y
        + "-- 1/model.savedmodel x FP32 [-1, 4], n FP32 [-1, 1] -> y FP32 [-1, 4]",
        [],
    ),
    "growable memory in one group on GPUs and one on CPUs": (
        "growable-memory-unusable",
        (
            'backend: "python"\nmax_batch_size: 8\ninstance_group [ { kind: KIND_GPU }, { kind: KIND_CPU } ]\n'
            'sequence_batching { state { input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ] }'
            ' state { input_name: "j" output_name: "p" data_type: TYPE_FP32 dims: [ 1 ]'
            " use_growable_memory: true use_same_buffer_for_input_output: true } }"
        ),
        ["growable memory needs instances of KIND_GPU"],
    ),
    "a directory beside the versions that looks like one": (
        "ignored-version-directory",
        'backend: "onnxruntime"\n-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n-- v2/',
        ["'v2' is ignored: not a plain number"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), ELEMENTS.values(), ids=with_rules(ELEMENTS))
def test_one_element_is_neither_all_nor_none_of_them(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted


@pytest.mark.parametrize(
    ("files", "help_"),
    [
        ("-- 1/a.onnx\n-- 1/b.txt", 'write backend: "onnxruntime" and default_model_filename'),
        (
            "-- 1/a.onnx",
            'rename a.onnx to model.onnx, or write backend: "onnxruntime" and default_model_filename',
        ),
        (
            "-- 1/f\n-- 2/g\n-- 3/model.onnx x FP32 [4] -> y FP32 [4]",
            "write the backend's name; only '1', the first directory by name, is looked into",
        ),
        ("-- 1/f\n-- 2/g", "write the backend's name, or give the model file its default name such as model.onnx"),
    ],
    ids=["one file of two", "the one file", "one directory of three", "no directory of two"],
)
def test_what_is_there_is_looked_at_where_the_backend_is_not_written(files: str, help_: str, tmp_path: Path) -> None:
    report = lint_example("\n" + files, tmp_path / "r")
    assert [d.help for d in report.diagnostics if d.rule == "backend-undeterminable"] == [help_]
