"""Parts of examples, and what one rule says of an example, for tests of many rules."""

from __future__ import annotations

from pathlib import Path

from example_files import lint_example

from triton_kit.linter.rule import RULES, load_rules

load_rules()

Case = tuple[str, str, list[str]]
"""The name of a rule, an example, and what the rule says of it."""

X = 'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\n'
Y = 'output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n'
BOTH = "version_policy { all { } }\n"
ONNX = 'backend: "onnxruntime"\n' + BOTH
PYTHON = 'backend: "python"\n'
WARMUP = (
    'model_warmup { name: "w" batch_size: 1'
    ' inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } } }\n'
)
REQUESTS = "        return [None for _ in requests]\n"
CLASS = "class TritonPythonModel:\n    def execute(self, requests):\n"
COMPLETES = """class TritonPythonModel{bases}:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({{"name": "more", "data_type": "TYPE_FP32", "dims": [4]}})
        return config
    def execute(self, requests):
        return [pb_utils.get_input_tensor_by_name(r, "{asked}") for r in requests]
"""


def named(tensor: str, name: str, dims: str = "[ 4 ]") -> str:
    """The input ``X`` or the output ``Y`` under another name, and of other dims."""
    return tensor.replace('"x"', f'"{name}"').replace('"y"', f'"{name}"').replace("[ 4 ]", dims)


def step(model: str, read: dict[str, str], written: dict[str, str]) -> str:
    """A step of an ensemble, with its two maps."""
    maps = [f'input_map {{ key: "{key}" value: "{name}" }}' for key, name in read.items()]
    maps += [f'output_map {{ key: "{key}" value: "{name}" }}' for key, name in written.items()]
    return f'{{ model_name: "{model}" model_version: -1 {" ".join(maps)} }}'


def with_rules(cases: dict[str, Case]) -> list[str]:
    """The titles of cases with their rules, as ids: a mutant of a rule is tried with the tests that name it."""
    return [f"{title}: {rule}" for title, (rule, _, _) in cases.items()]


def said(block: str, rule: str, root: Path) -> list[str]:
    """By 24.10, the release of the server that the examples were tried on, unless an example names another one."""
    assert rule in RULES
    if "-- tk validate" not in block:
        block = f"-- tk validate --release 24.10\n{block}"
    return [d.message for d in lint_example(block, root / "r").diagnostics if d.rule == rule]


def advised(block: str, rule: str, root: Path) -> list[str | None]:
    """What the findings of one rule say to do."""
    assert rule in RULES
    return [d.help for d in lint_example(block, root / "r").diagnostics if d.rule == rule]
