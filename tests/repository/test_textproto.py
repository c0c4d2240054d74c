"""What the reader makes of a text: values, places, comments, and what is wrong."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import copy
from typing import Any

import pytest

from triton_kit.repository.text_format.document import Document, Message, parse
from triton_kit.repository.text_format.source import Route, Span

CONFIG = """\
# the model
name: "m" # its name
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 3, 224, -1 ] }, # one
  { name: 'y' dims: 1 dims: 2 } ]
output: { name: "z" # not the end
  "é" data_type: TYPE_INT64 reshape { shape: [] } }
parameters { key: "a" value { string_value: "b" } }
parameters [ { key: "c" value: { string_value: "#" } } ]
ensemble_scheduling { step { input_map { key: "k" value: "v" } input_map { value: "w" } } }
instance_group [ { kind: KIND_GPU, count: 0x2; gpus: [ 0, # first
  1 ] profile: [ "p", "q" ] } ]
"""


def sliced(document: Document, span: Span) -> str:
    """The text of a span."""
    lines = document.source.text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def said(text: str) -> list[str]:
    """The messages about a text."""
    return [problem.message for problem in parse(text).problems]


def test_reads_values() -> None:
    message = parse(CONFIG).message
    assert message.name == "m"
    assert message.max_batch_size == 8
    assert [i.name for i in message.input] == ["x", "y"]
    assert message.input[0].dims == [3, 224, -1]
    assert message.input[1].dims == [1, 2]
    assert message.output[0].name == "zé"
    assert message.parameters["a"].string_value == "b"
    assert message.ensemble_scheduling.step[0].input_map == {"k": "v", "": "w"}
    assert message.instance_group[0].to_dict() == {
        "kind": "KIND_GPU", "count": 2, "gpus": [0, 1], "profile": ["p", "q"],
    }  # fmt: skip


def test_an_absent_field_reads_as_its_default() -> None:
    message = parse("").message
    assert (message.name, message.max_batch_size, message.input, message.parameters) == ("", 0, [], {})
    assert message.dynamic_batching.preferred_batch_size == []
    assert message.optimization.priority == "PRIORITY_DEFAULT"
    assert not message.dynamic_batching
    assert parse("dynamic_batching { }").message.dynamic_batching
    with pytest.raises(AttributeError, match="has no field bogus"):
        _ = message.bogus
    with pytest.raises(AttributeError):
        message.has("bogus")


def test_a_field_is_set_when_it_was_written() -> None:
    message = parse('max_batch_size: 0 optimization {} input [] name: "x"').message
    assert [message.has(n) for n in ("max_batch_size", "optimization", "input", "name", "backend")] == [
        True, True, False, True, False,
    ]  # fmt: skip
    assert [name for name, _ in message.fields()] == ["name", "max_batch_size", "optimization"]


def test_equality_is_that_of_proto3() -> None:
    assert parse("max_batch_size: 0").message == parse("").message
    assert parse("optimization {}").message != parse("").message
    assert parse('input { name: "a" }').message == parse('input [ < name: "a" > ]').message
    assert parse("max_batch_size: 1").message != {}


def test_a_message_can_be_copied_and_shown() -> None:
    message = parse('input { name: "a" }').message
    assert copy.deepcopy(message) == message
    assert repr(message) == "ModelConfig(input=[ModelInput(name='a')])"


def test_every_field_of_the_schema_is_an_attribute() -> None:
    from triton_kit.repository.schema import message_names, message_type

    for name in message_names():
        for field in message_type(name).fields:
            assert not hasattr(Message, field), f"{name}.{field} is hidden by a method"


@pytest.mark.parametrize(
    ("at", "value", "key", "statement"),
    [
        (("name",), '"m"', "name", 'name: "m"'),
        (("input", 0), '{ name: "x" data_type: TYPE_FP32 dims: [ 3, 224, -1 ] }', "input", None),
        (("input", 0, "dims"), "[ 3, 224, -1 ]", "dims", "dims: [ 3, 224, -1 ]"),
        (("input", 0, "dims", 1), "224", "dims", None),
        (("input", 0, "data_type"), "TYPE_FP32", "data_type", "data_type: TYPE_FP32"),
        (("input", 1), "{ name: 'y' dims: 1 dims: 2 }", "input", None),
        (("input", 1, "dims", 1), "2", "dims", "dims: 2"),
        (("output", 0, "name"), '"z" # not the end\n  "é"', "name", 'name: "z" # not the end\n  "é"'),
        (("output", 0, "reshape", "shape"), "[]", "shape", "shape: []"),
        (("parameters", "a"), '{ string_value: "b" }', '"a"', 'parameters { key: "a" value { string_value: "b" } }'),
        (("parameters", "a", "string_value"), '"b"', "string_value", 'string_value: "b"'),
        (("parameters", "c", "string_value"), '"#"', "string_value", 'string_value: "#"'),
        (("parameters", "c"), '{ string_value: "#" }', '"c"', '{ key: "c" value: { string_value: "#" } }'),
        (("ensemble_scheduling", "step", 0, "input_map", "k"), '"v"', '"k"', 'input_map { key: "k" value: "v" }'),
        (("ensemble_scheduling", "step", 0, "input_map", ""), '"w"', "input_map", 'input_map { value: "w" }'),
        (("instance_group", 0, "count"), "0x2", "count", "count: 0x2"),
        (("instance_group", 0, "gpus", 1), "1", "gpus", None),
        (("instance_group", 0, "profile", 1), '"q"', "profile", None),
        # What is absent is at its nearest parent.
        (("input", 1, "data_type"), "{ name: 'y' dims: 1 dims: 2 }", "input", None),
        (("input", 1, "dims", 7), "1", "dims", "dims: 1"),
        (("parameters", "a", "bogus", 3), '{ string_value: "b" }', '"a"', None),
    ],
)
def test_finds_the_place_of_a_route(at: Route, value: str, key: str, statement: str | None) -> None:
    document = parse(CONFIG)
    assert document.problems == ()
    assert sliced(document, document.source.locate(at)) == value
    assert sliced(document, document.source.locate(at, key=True)) == key
    inner, outer = document.source.offsets(at)
    assert CONFIG[slice(*inner)] == value
    if at != ("parameters", "a", "bogus", 3):
        assert CONFIG[slice(*outer)] == (statement or value) or statement is None


def test_a_route_to_nothing_is_the_whole_text() -> None:
    document = parse(CONFIG)
    assert document.source.locate(()) == document.source.locate(("backend",)) == Span(
        line=1, column=1, end_line=13, end_column=1
    )  # fmt: skip
    assert document.source.locate(("bogus", 1, "x")).line == 1


def test_columns_count_characters() -> None:
    document = parse('name: "é😀" backend: "b"'.encode())
    assert document.source.locate(("backend",)).column == 21


def test_comments_are_found_outside_strings() -> None:
    comments = parse(CONFIG).source.comments
    assert [(c.text, c.trailing, c.span.line) for c in comments] == [
        ("# the model", False, 1), ("# its name", True, 2), ("# one", True, 4), ("# not the end", True, 6),
        ("# first", True, 11),
    ]  # fmt: skip
    assert parse("").source.comments == ()


WRONG: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("maxBatchSize: 8", [("unknown-field", "maxBatchSize", "write max_batch_size")]),
    ("max-batch-size: 8", [("unknown-field", "max-batch-size", "write max_batch_size")]),
    ('Name: "x"', [("unknown-field", "Name", "write name")]),
    ("dynamic_batching { prefered_batch_size: 4 }", [("unknown-field", "prefered_batch_size", "did you mean preferred_batch_size?")]),
    ("max_queue_delay_microseconds: 1", [("unknown-field", "max_queue_delay_microseconds", "move it into dynamic_batching { ... }")]),
    ("input { max_batch_size: 8 }", [("unknown-field", "max_batch_size", "move it out of input, to the top level")]),
    ("input { dtype: TYPE_FP32 }", [("unknown-field", "dtype", "did you mean data_type?")]),
    ("input { data_type: FP32 }", [("unknown-enum", "FP32", "write TYPE_FP32")]),
    ("input { data_type: float32 }", [("unknown-enum", "float32", "write TYPE_FP32")]),
    ("input { data_type: TYPE_BYTES }", [("unknown-enum", "TYPE_BYTES", "write TYPE_STRING")]),
    ("input { data_type: TYPE-FP32 }", [("unknown-enum", "TYPE-FP32", "write TYPE_FP32")]),
    ("instance_group { kind: GPU }", [("unknown-enum", "GPU", "write KIND_GPU")]),
    ('input { data_type: "TYPE_FP32" }', [("type", '"TYPE_FP32"', "remove the quotes")]),
    ('max_batch_size: "8"', [("type", '"8"', "remove the quotes")]),
    ("max_batch_size: 8.0", [("type", "8.0", "write 8")]),
    ("max_batch_size: 08", [("syntax", "08", "write 8")]),
    ("max_batch_size: --8", [("type", "--8", "write a number")]),
    ("max_batch_size: 9999999999", [("range", "9999999999", "write a number from -2147483648 to 2147483647")]),
    ("max_batch_size: 8name: 'x'", [("syntax", "8", "put a space between them")]),
    ("max_batch_size: 8 8", [("syntax", "8", "write the field's name, not a number")]),
    ("input { dims: 3, 224, 224 }", [("syntax", "224", "write dims: [ ... ] for several values")]),
    ("input { dims [ 1, 2 ] }", [("syntax", "dims", "write a : after the name")]),
    ("input { dims: [ 1, 2, ] }", [("syntax", ",", "remove the comma")]),
    ("input { dims: [ 1 2 3 ] }", [("syntax", "2", "write a comma")]),
    ("input { dims: [ 1; 2 ] }", [("syntax", ";", "write a comma")]),
    ("input [ { name: 'a' }, ]", [("syntax", ",", "remove the comma")]),
    ("input [ { name: 'a' } { name: 'b' } ]", [("syntax", "{", "write a comma")]),
    ("input [ name: 'a' } ]", [("syntax", "[", "write { before it")]),
    ("input [ { name: 'a' }, name: 'b' dims: 1 } ]", [("syntax", "n", "write { before it")]),
    ("input [ { name: 'a' dims: [ 1 ] ] max_batch_size: 4", [("syntax", "{", "write a } where it ends")]),
    ("input [ { name: 'a' dims: [ 1 ], { name: 'b' } ] max_batch_size: 4", [("syntax", "{", "write a } where it ends")]),
    ("input { name: 'a' }, { name: 'b' } max_batch_size: 4",
     [("syntax", "{", "write input before it, or one list: input [ { ... }, { ... } ]")]),
    ("input { name: 'a' }, { name: 'b' }, { name: 'c' } ] max_batch_size: 4",
     [("syntax", "{", "write input: [ before the first block")]),
    ("ensemble_scheduling { step [ { model_name: 'a' output_map { key: 'x' value: 'y' }, { key: 'z' value: 'w' } } ] }",
     [("syntax", "{", "write output_map before it, or one list: output_map [ { ... }, { ... } ]")]),
    ("input [ { { name: 'a' } ]", [("syntax", "{", "remove it, or write NAME: VALUE")]),
    ("input [ { name: 'a' } }, { name: 'b' } ]", [("syntax", "}", "remove it")]),
    ("name = 'x'", [("syntax", "=", "write a : instead")]),
    ("name => 'x'", [("syntax", "=>", "write a : instead")]),
    ("name 'x'", [("syntax", "name", "write a : after the name")]),
    ("name: foo", [("type", "foo", 'write "foo"')]),
    ("name: a/b.onnx", [("type", "a/b.onnx", 'write "a/b.onnx"')]),
    ("name: \u201cx\u201d", [("encoding", "\u201cx\u201d", 'write plain " quotes')]),
    ("name: [ 'x' ]", [("type", "[", "remove the brackets")]),
    ("name: { }", [("type", "{", "write name: VALUE")]),
    ('name: "\\d"', [("syntax", "\\d", "write \\\\d for a backslash")]),
    ("name:\nmax_batch_size: 8", [("syntax", "name", "write a string after it")]),
    ("max_batch_size:\ninput [ { name: 'x' } ]", [("syntax", "max_batch_size", "write an integer after it")]),
    ('name: "abc\nmax_batch_size: 8', [("syntax", '"abc', 'write a " where it ends')]),
    ('parameters { value { string_value: "a\n b" } }', [("syntax", '"a', "write \\n for a line break")]),
    ("// c\n// d\nname: 'x'", [("syntax", "//", "write # before a comment")]),
    ("/* c\n */ name: 'x'", [("syntax", "/*", "write # before a comment")]),
    ("; c is for comment\nname: 'x'", [("syntax", ";", "remove it")]),
    ('{ "name": "x", "input": [] }', [("syntax", "{", "write fields as name: value, without quotes around names and without the outer braces")]),
    ('"name": "x"', [("syntax", '"name"', "write the name of a field without quotes")]),
    ('metric_tags { "a": "b" }', [("syntax", '"a"', 'write key: "a" value: ...')]),
    ("\ufeffname: 'x'", [("encoding", "\ufeff", "save it as UTF-8 without BOM")]),
    ("name: 'x'\u00a0max_batch_size: 8", [("encoding", "\u00a0", "replace it with a plain space")]),
    ("name: 'x'\0", [("encoding", "\0", "remove it")]),
    ("version_policy: all", [("type", "all", "write version_policy { all { } }")]),
    ("dynamic_batching: true", [("type", "true", "write dynamic_batching { ... }")]),
    ('parameters { key: "a" value: "b" }', [("type", '"b"', 'write value { string_value: "b" }')]),
    ("dynamic_batching\noptimization { }", [("syntax", "dynamic_batching", "write dynamic_batching { ... }")]),
    ("optimization [ { } ]", [("type", "[", "write optimization { ... }")]),
    ("dynamic_batching { preserve_ordering: TRUE }", [("type", "TRUE", "write true")]),
    ("dynamic_batching { preserve_ordering: yes }", [("type", "yes", "write true")]),
    ("dynamic_batching { priority_levels: -1 }", [("range", "-1", "write 1")]),
    ("name: 'a'\nname: 'b'", [("duplicate", "name", "remove one of the two")]),
    ("dynamic_batching {} sequence_batching {}", [("oneof", "sequence_batching", "keep one of the two")]),
    ("input {\n name: 'a'\n\noutput {\n name: 'b'\n}", [("syntax", "{", "write a } where it ends")]),
    ("name: 'a'\n}\ninput { }", [("syntax", "}", "remove it")]),
    ("input < name: 'x' }", [("syntax", "}", "write >")]),
    ("name: 'a';; max_batch_size: 8", [("syntax", ";", "remove it")]),
    ("max_batch_size: ${m}\nname: ${n}\ninput { dims: [ ${d}, 2 ] }", [("syntax", "${m}", "fill the template first")]),
    ("{% if x %}\nname: {{ n }}\n{% endif %}", [("syntax", "{% if x %}", "fill the template first")]),
    ("input [ {% for i in y %} { name: '{{ i }}' } {% endfor %} ]", [("syntax", "{% for i in y %}", "fill the template first")]),
    ("<<<<<<< HEAD\nname: 'x'\n=======\n>>>>>>> b", [("syntax", "<<<<<<<", "choose one side, and remove the conflict's marks")]),
    ("[a.b]: 2 name: 'x'", [("syntax", "[a.b]", "write the name of a field")]),
    ("1: 'x'", [("syntax", "1", "write the field's name, not a number")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_one_mistake_is_one_message_with_its_remedy(text: str, expected: list[tuple[str, str, str]]) -> None:
    document = parse(text)
    assert [(p.kind, sliced(document, p.span), p.help) for p in document.problems] == expected
    assert not any(p.message.endswith(".") for p in document.problems)


def test_all_mistakes_of_a_file_are_told_and_the_rest_is_read() -> None:
    document = parse(
        """name = "m"
maxbatch: 8
input [
  { name: "x" data_type: FP32 dims: [ 1 2 ] shape: [ 3 ] },
  { name: y dims: "1" }
  { name: "z" bogus { a { b: "}" } } optional: yes }
]
output { dims: [ 4, ] }
instance_group [ { count: 1.5 gpus [ 0 ] } ]
version_policy: latest
"""
    )
    assert [(p.span.line, p.kind) for p in document.problems] == [
        (1, "syntax"), (2, "unknown-field"), (4, "unknown-enum"), (4, "syntax"), (4, "unknown-field"), (5, "type"),
        (5, "type"), (6, "syntax"), (6, "unknown-field"), (6, "type"), (8, "syntax"), (9, "type"), (9, "syntax"),
        (10, "type"),
    ]  # fmt: skip
    message = document.message
    assert message.name == "m"
    assert [i.name for i in message.input] == ["x", "", "z"]
    assert message.input[0].dims == [1, 2]
    assert message.output[0].dims == [4]
    assert message.instance_group[0].gpus == [0]


def test_a_duplicate_names_the_place_of_the_first() -> None:
    problem = parse('name: "a"\n\nname: "b"').problems[0]
    assert problem.at == ("name",)
    assert problem.related == (("name is set here", Span(line=1, column=1, end_line=1, end_column=5)),)


def test_problems_have_routes() -> None:
    document = parse('input { } input { dims: [ "1" ] } parameters { key: "k" value { string_value: 1 } }')
    assert [p.at for p in document.problems] == [("input", 1, "dims"), ("parameters", "k", "string_value")]


HOSTILE: dict[str, Any] = {
    "braces": "{" * 1_000_000,
    "closers": "}" * 1_000_000,
    "nested": "input{" * 100_000,
    "nested unknown": "a{" * 300_000,
    "brackets": "[ " * 500_000,
    "quotes": '"' * 1_000_000,
    "escapes": '\\"' * 500_000,
    "words": "a" * 1_000_000,
    "comment": "#" * 1_000_000,
    "space": "name" + " " * 1_000_000 + "}",
    "templates": "${" * 500_000,
    "braces of templates": "{{" * 500_000,
    "comments of C": "/*" * 500_000,
    "bytes": bytes(range(256)) * 4000,
    "list": "input { dims: [" + "1 " * 300_000,
    "open strings": 'name: "\n' * 100_000,
    "assignments": "name = " * 100_000,
    "unclosed": "optimization { x " * 50_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_megabyte_of_garbage_is_refused_and_no_more(kind: str) -> None:
    document = parse(HOSTILE[kind])
    assert document.problems or kind == "comment"
    assert len(document.problems) <= 1000


def test_a_long_good_file_is_read_whole() -> None:
    text = "".join(f'input {{ name: "{i}" dims: [ {i}, 1 ] }} # {i}\n' for i in range(20_000))
    document = parse(text)
    assert document.problems == ()
    assert len(document.message.input) == len(document.source.comments) == 20_000
    assert document.source.locate(("input", 19_999, "dims", 0)).line == 20_000


def test_reads_another_message_of_the_schema() -> None:
    assert parse("dims: [ 1 ]", message="ModelInput").message.dims == [1]
    with pytest.raises(KeyError):
        parse("", message="Bogus")
