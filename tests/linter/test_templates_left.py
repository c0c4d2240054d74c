"""Configurations that are templates still: one finding, whatever else a template looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

TENSORRT_LLM = """
name: "${model_name}"
backend: "${triton_backend}"
max_batch_size: ${triton_max_batch_size}
model_transaction_policy { decoupled: ${decoupled_mode} }
dynamic_batching {
  preferred_batch_size: [ ${triton_max_batch_size} ]
  max_queue_delay_microseconds: ${max_queue_delay_microseconds}
}
"""


@pytest.mark.parametrize(
    ("text", "first", "line"),
    [
        (TENSORRT_LLM, "${triton_max_batch_size}", 4),
        ("max_batch_size: {{ batch }}\ninput [ {% for t in a %} { name: '{{ t }}' } {% endfor %} ]", "{{ batch }}", 1),
        ("name: 'm'\nmax_batch_size: $BATCH", "$BATCH", 2),
        ("max_batch_size: @BATCH@ dynamic_batching { preferred_batch_size: [ @BATCH@ ] }", "@BATCH@", 1),
        ("max_batch_size: __BATCH__", "__BATCH__", 1),
        ("max_batch_size: MAX_BATCH # sed\nversion_policy { latest { num_versions: NUM_KEPT } }", "MAX_BATCH", 1),
        ("max_batch_size: <BATCH>", "<BATCH>", 1),
        ("{% if gpu %}\nname: 'm'\n{% endif %}", "{% if gpu %}", 1),
        ("max_batch_size: #batch\ninput { name: 'x' data_type: TYPE_#X dims: [ 4 ] }", "#batch", 1),
        ("input { name: 'x' data_type: TYPE_#X dims: [ 4 ] }", "#X", 1),
        ("input { name: 'x' data_type: TYPE_FP32 dims: [ #dims ] }", "#dims", 1),
        ("max_batch_size: BATCH", "BATCH", 1),
        ("input { name: 'x' data_type: TYPE_FP32 dims: [ 3, H, W ] }", "H", 1),
        ("max_batch_size: %X%", "%X%", 1),
        ("max_batch_size: <x>", "<x>", 1),
        ("max_batch_size: <your batch size>", "<your batch size>", 1),
        ("max_batch_size: {batch}", "{batch}", 1),
    ],
)  # fmt: skip
def test_a_template_is_said_to_be_one_and_no_more(text: str, first: str, line: int, tmp_path: Path) -> None:
    report = lint_example(f"{text}\n-- 1/model.py\nnothing of use", tmp_path / "r")
    assert [d.rule for d in report.diagnostics] == ["unrendered-template"]
    assert f"'{first}'" in report.diagnostics[0].message
    assert report.diagnostics[0].span.line >= line
    assert not report.ok


@pytest.mark.parametrize(
    "text",
    [
        "# ${NAME} is not ours\nmax_batch_size: many",
        "max_batch_size: TRUE",
        "max_batch_size: NONE",
        "max_batch_size: many # as many as there are\ninput { name: 'x' dims: [ # sizes\n 4 ] }",
        "name: M",
        "max_batch_size: MAX_BATCH\nnonsense: 1",
        "input { name: 'x' data_type: TYPE_FLOAT_32 dims: 1 }",
        "parameters { key: 'a' value { string_value: '{{ x }}' } } max_batch_size: x",
    ],
)
def test_a_mistake_is_no_template(text: str, tmp_path: Path) -> None:
    report = lint_example(f"backend: 'python'\n{text}\n-- 1/model.py\nclass TritonPythonModel: ...", tmp_path / "r")
    assert "unrendered-template" not in [d.rule for d in report.diagnostics]
    assert not report.ok


@pytest.mark.parametrize("text", ["@DIR@", "%DIR%", "#dir", "<ENGINE_DIR>", "$DIR", "{{ dir }}"])
def test_every_form_of_a_placeholder_is_seen_between_quotes(text: str, tmp_path: Path) -> None:
    block = f"backend: 'python'\nparameters {{ key: 'd' value {{ string_value: '{text}' }} }}"
    assert [d.rule for d in lint_example(block, tmp_path / "r").diagnostics] == ["unfilled-placeholder"]


@pytest.mark.parametrize("text", ["<unk>", "<s>", "#fff", "#00ff7f", "a#b", "# heading", "50%", "me@example.com"])
def test_a_token_a_colour_or_an_address_is_no_placeholder(text: str, tmp_path: Path) -> None:
    block = f"backend: 'python'\nparameters {{ key: 'd' value {{ string_value: '{text}' }} }}"
    assert not lint_example(block, tmp_path / "r").diagnostics


def test_placeholders_between_quotes_are_one_finding(tmp_path: Path) -> None:
    keys = "abcde"
    text = "\n".join(f"parameters {{ key: '{k}' value {{ string_value: '${{{k}}}' }} }}" for k in keys)
    report = lint_example(f"backend: 'python'\n{text}", tmp_path / "r")
    found = [d for d in report.diagnostics if d.rule == "unfilled-placeholder"]
    assert [d.message for d in found] == ["'${a}' is a placeholder that was not filled in, and so are 4 others below"]
