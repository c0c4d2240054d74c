"""Writing configurations: the canonical form, and what is refused."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Any

import pytest

from triton_kit.errors import UsageError
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump, escape

CANONICAL = """\
name: "m"
backend: "onnxruntime"
max_batch_size: 8
input [
  {
    name: "x"
    data_type: TYPE_FP32
    dims: [ 3, 224, -1 ]
  },
  {
    name: "y"
    reshape { }
  }
]
dynamic_batching { preferred_batch_size: [ 4, 8 ] }
instance_group [
  {
    kind: KIND_GPU
    count: 1
  }
]
parameters {
  key: "a"
  value { string_value: "b" }
}
"""


def test_writes_the_canonical_form() -> None:
    assert dump(parse(CANONICAL).message) == CANONICAL


def test_writes_plain_values() -> None:
    values = {
        "max_batch_size": 8,
        "dynamic_batching": {"preferred_batch_size": [4, 8]},
        "name": "m",
        "backend": "onnxruntime",
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": (3, 224, -1)}, {"name": "y", "reshape": {}}],
        "instance_group": [{"count": 1, "kind": "KIND_GPU"}],
        "parameters": {"a": {"string_value": "b"}},
        "platform": None,
    }
    assert dump(values) == CANONICAL
    assert dump({}) == ""
    assert dump(parse(CANONICAL).message.to_dict()) == CANONICAL


@pytest.mark.parametrize(
    "text", ['a"b\\c', "\n\r\t\0\x01\x7f", "é😀", "\udcff", chr(0xD800), "'", "${x}", "7\x001"],
    ids=["quote", "control", "emoji", "low surrogate", "high surrogate", "apostrophe", "placeholder", "digit after zero"],
)  # fmt: skip
def test_an_escaped_string_reads_back(text: str) -> None:
    value = parse(f'name: "{escape(text)}"')
    assert value.problems == ()
    # A lone surrogate is not text; as bytes it stays what it is.
    assert value.message.name == (text if text != chr(0xD800) else "\udced\udca0\udc80")


@pytest.mark.parametrize("number", [0.1, 1e-45, 3.4028235e38, 0.5, 16777216, 1 / 3, -0.0, float("inf")])
def test_a_float_is_written_in_its_shortest_form_that_reads_back(number: float) -> None:
    text = dump({"sequence_batching": {"direct": {"minimum_slot_utilization": number}}})
    message = parse(text).message
    assert dump(message) == text
    assert len(text) < 75


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"nmae": "x"}, "config.nmae is not a field of a model configuration", "did you mean name?"),
        (
            {"dynamic_batching": {"prefered_batch_size": [1]}},
            "config.dynamic_batching.prefered_batch_size is not a field of dynamic_batching",
            "did you mean preferred_batch_size?",
        ),
        ({"input": [{}, {"data_type": "FP32"}]}, "config.input[1].data_type: FP32 is not a value of DataType", "write TYPE_FP32"),
        ({"max_batch_size": "8"}, "config.max_batch_size takes an integer, not '8'", "give an integer"),
        ({"max_batch_size": True}, "config.max_batch_size takes an integer, not True", "give an integer"),
        ({"max_batch_size": 2**31}, "config.max_batch_size is 2147483648, out of its range", "give a number from -2147483648 to 2147483647"),
        ({"input": {}}, "config.input takes a list, not {}", "give a list"),
        ({"name": 1}, "config.name takes a string, not 1", "give a string"),
        ({"optimization": 1}, "config.optimization takes a mapping of fields, not 1", "give a mapping of fields"),
        ({"parameters": []}, "config.parameters takes a mapping, not []", "give a mapping"),
        ({"parameters": {"a": "b"}}, "config.parameters.a takes a mapping of fields, not 'b'", "give a mapping of fields"),
        ({"dynamic_batching": {}, "sequence_batching": {}}, "config.sequence_batching and config.dynamic_batching exclude each other", "keep one of the two"),
    ],
)  # fmt: skip
def test_refuses_what_does_not_fit_with_the_way_to_it(values: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        dump(values)
    assert (caught.value.message, caught.value.hint) == (message, hint)
