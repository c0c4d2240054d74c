"""The reader against other judges: a real server, protobuf's C++ parser, protobuf's Python parser."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from as_protobuf import fill, same
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from random_configs import make, make_damaged

from triton_kit.repository.schema import model_config_class
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump

DATA = Path(__file__).parent / "data"


def verdicts(name: str) -> list[tuple[str, bool]]:
    """Texts, and whether the judge took them."""
    lines = lzma.decompress((DATA / name).read_bytes()).decode().splitlines()
    return [tuple(json.loads(line)) for line in lines]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("server_verdicts.jsonl.xz", id="tritonserver 2.51.0"),
        pytest.param("protoc_verdicts.jsonl.xz", id="the C++ parser of protobuf 33"),
    ],
)
def test_takes_and_refuses_the_files_that_the_judge_takes_and_refuses(name: str) -> None:
    cases = verdicts(name)
    assert len(cases) > 500
    wrong = [text for text, taken in cases if bool(parse(text.encode("utf-8", "surrogateescape")).problems) is taken]
    assert wrong == []


def python_takes(text: str) -> object | None:
    """The message that protobuf's Python parser makes of a text; None where it refuses.

    It lets Python unescape strings, which only warns of an escape that there is not.
    """
    try:
        return text_format.Parse(text, model_config_class()())
    except (text_format.ParseError, UnicodeError, ValueError, DeprecationWarning):
        return None


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_reads_every_spelling_as_protobuf_does(seed: int) -> None:
    text = make(seed)
    document = parse(text)
    theirs = python_takes(text.replace("- 5", "-5"))
    assert theirs is not None
    assert document.problems == ()
    assert same(fill(model_config_class()(), document.message), theirs)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_what_it_takes_of_a_damaged_file_has_the_values_that_protobuf_reads(seed: int) -> None:
    text = make_damaged(seed)
    document = parse(text)
    theirs = python_takes(text.replace("- 5", "-5"))
    if theirs is not None and not document.problems:
        assert same(fill(model_config_class()(), document.message), theirs)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_what_is_written_reads_back_as_it_was_here_and_in_protobuf(seed: int) -> None:
    document = parse(make(seed))
    text = dump(document.message)
    again = parse(text)
    assert again.problems == ()
    if "nan" not in text:
        assert again.message == document.message
    assert same(python_takes(text), fill(model_config_class()(), document.message))
    assert dump(again.message) == text


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        # Where protobuf's Python parser differs, the server's C++ parser is followed.
        ("max_batch_size: - 5", True),
        ("max_batch_size: 0 max_batch_size: 8", True),
        ('name: "" name: "b"', True),
        ("max_batch_size: 8 max_batch_size: 0", False),
        ('parameters { key: "" key: "a" }', False),
        ("sequence_batching { direct { minimum_slot_utilization: -0.0 minimum_slot_utilization: 1 } }", False),
        ("sequence_batching { direct { minimum_slot_utilization: 0 minimum_slot_utilization: 1 } }", True),
        ("model_warmup { inputs { value { zero_data: false zero_data: true } } }", False),
        ("model_warmup { inputs { value { zero_data: false random_data: true } } }", False),
        ("optimization {} optimization {}", False),
        ('metric_tags { key: "a" value: "1" } metric_tags { key: "a" value: "2" }', True),
        ("max_batch_size: 010", True),
        ("max_batch_size: 0x10", True),
        ("max_batch_size: 08", False),
        ("max_batch_size: +8", False),
        ("max_batch_size: 8.0", False),
        ("dynamic_batching { priority_levels: -0 }", False),
        ("sequence_batching { direct { minimum_slot_utilization: 010 } }", False),
        ("sequence_batching { direct { minimum_slot_utilization: 0x1 } }", False),
        ("sequence_batching { direct { minimum_slot_utilization: 0f } }", True),
        ("sequence_batching { direct { minimum_slot_utilization: inff } }", False),
        ("dynamic_batching { preserve_ordering: 01 }", True),
        ("dynamic_batching { preserve_ordering: 2 }", False),
        ("dynamic_batching { preserve_ordering: TRUE }", False),
        ("input { data_type: 99 }", True),
        ("input { data_type: -1 }", True),
        ("input { data_type: 2147483648 }", False),
        ('name: "\\x6d\\101\\u00e9\\U0001f600"', True),
        ('name: "\\X6D"', False),
        ('name: "\\400\\U00110000\\ud800"', True),
        ('name: "\x01\x1b\t"', True),
        ('name: "a\0b"', False),
        ("# a\0b\n", False),
        ("# \x01 \xe9\n", True),
        ('# a\rname: "x" junk\n', True),
        ('\ufeffname: "x"', False),
        ('name: "a",; max_batch_size: 1', False),
        ('name: "a", max_batch_size: 1;', True),
        ("input < dims: [] >", True),
        ("input < dims: [] }", False),
        ("input: [], output []", True),
        ("input { dims [ 1 ] }", False),
        ("max_batch_size: 8name: 'x'", False),
        ("1: 'x'", False),
        ("[a.b]: 1", False),
        ("", True),
        ("# only a comment", True),
        (" \t\r\n\v\f", True),
    ],
)
def test_follows_the_cpp_parser(text: str, taken: bool) -> None:
    assert (parse(text).problems == ()) is taken


def test_bytes_that_are_not_utf8_are_read_as_surrogate_escapes_and_written_back() -> None:
    message = parse(b'name: "a\xff\\303" "\\251"').message
    assert message.name == "a\udcff\xe9"
    assert parse(dump(message)).message == message
