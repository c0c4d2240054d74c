"""What is written is read back, layout changes looks alone, and numbers that JSON lacks are told by name."""

from __future__ import annotations

import math
import string

import random_configs
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.repository.json_format import as_json
from triton_kit.repository.schema import RANGES, Field, MessageType, message_type
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump
from triton_kit.repository.text_format.layout import layout

TEXT = st.text(alphabet=string.printable + "é\x00\x7f😀", max_size=6)
FLOAT32 = st.floats(width=32)


def scalars(field: Field) -> st.SearchStrategy:
    """Values of a field that is not a message."""
    match field.kind:
        case "string":
            return TEXT
        case "bytes":
            return st.binary(max_size=5)
        case "bool":
            return st.booleans()
        case "enum":
            return st.sampled_from(sorted(field.enum.values))
        case "float":
            return FLOAT32
        case "double":
            return st.floats()
    return st.integers(*RANGES[field.kind]) | st.sampled_from(RANGES[field.kind])


@st.composite
def messages(draw, type_: MessageType, depth: int = 0):
    """A message of that type as plain values, of each oneof at most one field."""
    found, taken = {}, set()
    names = sorted(type_.fields)
    for name in draw(st.lists(st.sampled_from(names), max_size=4 if depth else 7, unique=True)) if names else ():
        field = type_.fields[name]
        if field.oneof in taken or (depth > 2 and field.kind == "message"):
            continue
        if field.oneof:
            taken.add(field.oneof)
        if field.map:
            inner = field.value
            values = messages(inner.message, depth + 1) if inner.kind == "message" else scalars(inner)
            found[name] = draw(st.dictionaries(scalars(field.key), values, min_size=1, max_size=2))
        else:
            one = messages(field.message, depth + 1) if field.kind == "message" else scalars(field)
            found[name] = draw(st.lists(one, min_size=1, max_size=2)) if field.repeated else draw(one)
    return found


def same(one, other) -> bool:
    """Equality, with NaN equal to itself."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@given(messages(message_type("ModelConfig")))
def test_what_is_written_reads_back_as_it_was(values):
    text = dump(values)
    document = parse(text)
    assert not document.problems, text
    assert same(document.message.to_dict(), values)
    assert dump(document.message) == text


@given(st.integers(0, 10**9))
def test_layout_is_stable_and_changes_no_value_and_no_comment(seed):
    text = random_configs.make(seed)
    laid = layout(text)
    assert layout(laid) == laid
    assert same(parse(laid).message.to_dict(), parse(text).message.to_dict())
    assert laid.count("# note") == text.count("# note")
    assert not [line for line in laid.splitlines() if line != line.rstrip()]


def test_numbers_that_json_lacks_are_told_by_name():
    control = "sequence_batching { control_input { name: 'c' control { fp32_false_true: [ nan, inf, -inf, 0.5 ] } } }"
    told = as_json(parse(control).message)["sequence_batching"]["control_input"][0]["control"][0]["fp32_false_true"]
    assert told == ["NaN", "Infinity", "-Infinity", 0.5]
