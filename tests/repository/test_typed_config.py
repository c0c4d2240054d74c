"""The typed view of a configuration: a type checker finds a wrong field in a rule, and values are of those types."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from triton_kit.repository.message import Message, default_of
from triton_kit.repository.schema import message_names, message_type

ROOT = Path(__file__).resolve().parent.parent.parent

HEAD = """
from triton_kit.model.model import Model


def check(model: Model) -> None:
    group = model.config.instance_group[0]
"""

RIGHT = (
    'assert group.has("rate_limiter") and group.kind == "KIND_GPU"',
    "assert group.gpus[0] > group.count",
    'model.config.to_dict()["parameters"]["key"]["string_value"].upper()',
)

WRONG = {
    "group.cuont": '"ModelInstanceGroup" has no attribute "cuont"',
    "model.config.max_batch_sise": '"ModelConfig" has no attribute "max_batch_sise"',
    'group.has("rate_limitter")': 'Argument 1 to "has" of "ModelInstanceGroup" has incompatible type',
    'bool(group.kind == "KIND_GPUS")': "Non-overlapping equality check",
    'group.count.startswith("1")': '"int" has no attribute "startswith"',
    'group.to_dict()["cuont"]': 'has no key "cuont"',
    "model.detected.bakend": '"Detected" has no attribute "bakend"',
    "model.signature(1).graph": '"OnnxModel" has no attribute "graph"',
    "model.python(1).body": 'has no attribute "body"',
}
"""Statements that a type checker refuses, with what it says of them."""


def test_a_type_checker_finds_what_is_wrong_in_a_rule(tmp_path: Path) -> None:
    file = tmp_path / "some_rule.py"
    lines = [f"    {statement}" for statement in (*RIGHT, *WRONG)]
    file.write_text("\n".join([HEAD.rstrip("\n"), *lines, ""]))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--no-pretty", file],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    # mypy says again of the same text what it said of it at another place.
    found = re.findall(r"^.*some_rule\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    text = file.read_text().splitlines()
    said = {text[int(number) - 1].strip(): message for number, message in found}
    assert len(said) == len(found)
    assert set(said) == set(WRONG), done.stdout
    assert [statement for statement, words in WRONG.items() if words not in said[statement]] == []


def classes(body: list[ast.stmt], prefix: str = "") -> dict[str, ast.ClassDef]:
    found: dict[str, ast.ClassDef] = {}
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name != "Dict":
            found[prefix + node.name] = node
            found |= classes(node.body, f"{prefix}{node.name}.")
    return found


def test_an_absent_field_has_the_type_that_the_view_says() -> None:
    typed = classes(ast.parse((ROOT / "triton_kit/repository/model_config.pyi").read_text()).body)
    assert sorted(typed) == sorted(message_names())
    for name, node in typed.items():
        fields = message_type(name).fields
        said = {
            n.target.id: ast.unparse(n.annotation)
            for n in node.body
            if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name) and n.target.id in fields
        }
        assert set(fields) - set(said) <= {"global"}
        for field, annotation in said.items():
            value = default_of(fields[field])
            outer = annotation.partition("[")[0]
            if isinstance(value, Message):
                assert outer == value.type_.name
            elif fields[field].kind == "enum" and not fields[field].repeated:
                assert outer == fields[field].enum.name
            else:
                assert outer == type(value).__name__
