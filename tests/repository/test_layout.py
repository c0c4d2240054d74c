"""The canonical layout: what it looks like, and that it changes nothing else."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.layout import WIDTH, layout

LOOKS = {
    "one field a line, blanks and separators tidied": (
        "name:'m';backend :\"python\",max_batch_size:8",
        'name: "m"\nbackend: "python"\nmax_batch_size: 8\n',
    ),
    "a message takes no colon and braces": ("version_policy: < latest: < > >", "version_policy { latest { } }\n"),
    "what was written on one line stays on it": (
        "instance_group [{count:1 kind:KIND_CPU}]",
        "instance_group [ { count: 1 kind: KIND_CPU } ]\n",
    ),
    "what was spread stays spread": (
        'input {\nname: "x" data_type: TYPE_FP32 dims: [1,\n2] }',
        'input {\n  name: "x"\n  data_type: TYPE_FP32\n  dims: [ 1, 2 ]\n}\n',
    ),
    "a list of messages puts each element on lines of its own": (
        'input [ {\n  name: "x"\n}, {\n  name: "y"\n} ]',
        'input [\n  {\n    name: "x"\n  },\n  {\n    name: "y"\n  }\n]\n',
    ),
    "what does not fit on a line is spread": (
        'parameters { key: "a_key_of_some_length_that_is_long" value { string_value: "a value of some length" } }',
        """\
parameters {
  key: "a_key_of_some_length_that_is_long"
  value { string_value: "a value of some length" }
}
""",
    ),
    "a long list of numbers fills its lines": (
        "dynamic_batching {\npreferred_batch_size: [" + ",".join(str(n) for n in range(100, 125)) + "] }",
        "dynamic_batching {\n  preferred_batch_size: [\n    "
        + ", ".join(str(n) for n in range(100, 115))
        + ",\n    "
        + ", ".join(str(n) for n in range(115, 125))
        + "\n  ]\n}\n",
    ),
    "a list of numbers over several lines is joined": ("output { dims: [\n 1,\n 2\n] }", "output { dims: [ 1, 2 ] }\n"),
    "an empty list keeps its colon, since it may be of scalars": (
        "input []\noutput { dims: [ ] }",
        "input [ ]\noutput { dims: [ ] }\n",
    ),
    "octal and hexadecimal stay": ("max_batch_size: 0x10", "max_batch_size: 0x10\n"),
    "a sign is at its number": ("output { dims: - 1 dims:-\n1 }", "output { dims: -1 dims: -1 }\n"),
    "a string that holds a double quote keeps its single ones": ("name: 'a\"b'", "name: 'a\"b'\n"),
    "adjacent strings on one line stay on it": ("name: 'a' \"b\"", 'name: "a" "b"\n'),
    "adjacent strings on several lines are below the name": (
        "name: 'a' # first\n # second\n 'b' # last",
        'name:\n  "a"  # first\n  # second\n  "b"  # last\n',
    ),
    "at most one empty line, none at either end": (
        '\n\n\nname: "m"\n\n\n\nbackend: "b"\n\n\n',
        'name: "m"\n\nbackend: "b"\n',
    ),
    "no empty line behind a brace or before one": (
        'input {\n\n  name: "x"\n\n}',
        'input {\n  name: "x"\n}\n',
    ),
    "comments: before, behind, dangling, at the end": (
        "# head\n\n#  second\nname: 'm' # why\ndynamic_batching { # opens\n # alone\n} # closes\n\n# bye",
        '# head\n\n#  second\nname: "m"  # why\ndynamic_batching {  # opens\n  # alone\n}  # closes\n\n# bye\n',
    ),
    "comments within a list": (
        "output { dims: [ # rows\n 1, # one\n # columns\n 2 # two\n # end\n] }",
        "output {\n  dims: [  # rows\n    1,  # one\n    # columns\n    2  # two\n    # end\n  ]\n}\n",
    ),
    "comments between messages of a list": (
        'input [ # all\n { name: "x" }, # first\n # then\n { name: "y" } # second\n # no more\n]',
        'input [  # all\n  { name: "x" },  # first\n  # then\n  { name: "y" }  # second\n  # no more\n]\n',
    ),
    "a comment between a name and its value goes before the field": (
        "name # a\n : # b\n 'm' # c",
        '# a\n# b\nname: "m"  # c\n',
    ),
    "a comment before a separator stays with what it was behind": (
        "name: 'm' # a\n , # b\n backend: 'x'",
        'name: "m"  # a\n# b\nbackend: "x"\n',
    ),
    "line ends of other systems become line feeds": (
        '# c\r\nname: "m"\r\n\r\nbackend: "b"\r\n',
        '# c\nname: "m"\n\nbackend: "b"\n',
    ),
    "blanks at line ends go": ('name: "m" \t \n# c \t\n', 'name: "m"\n# c\n'),
    "nothing stays nothing": ("\n \n", ""),
    "what is not a number": (
        "sequence_batching: {direct: {minimum_slot_utilization: -nan}}",
        "sequence_batching { direct { minimum_slot_utilization: -nan } }\n",
    ),
    "only a comment": ("   # c", "# c\n"),
}


@pytest.mark.parametrize(("text", "wanted"), LOOKS.values(), ids=LOOKS)
def test_the_layout(text: str, wanted: str) -> None:
    assert not parse(text).problems
    assert layout(text) == wanted
    check(text)


def comments(text: str) -> list[str]:
    return [c.text.rstrip(" \t\r\v\f") for c in parse(text).source.comments]


def check(text: str) -> str:
    """What holds for every layout of every text."""
    new = layout(text)
    before, after = parse(text), parse(new)
    assert not before.problems
    assert not after.problems
    # Unlike ==, this takes nan for the same as nan.
    assert repr(after.message.to_dict()) == repr(before.message.to_dict())
    assert comments(new) == comments(text)
    assert layout(new) == new
    if new:
        assert new.endswith("\n")
        assert new[0] != "\n"
        assert not new.endswith("\n\n")
    assert "\n\n\n" not in new
    for line in new.split("\n"):
        assert line == line.rstrip(" \t\r\v\f")
        code = re.sub(r"(?:^|  )#.*", "", line)
        values = re.fullmatch(r" *(?:\w+: )?(?:\"[^\"]*\"|'[^']*'|[-+.\w]+),?", code)
        assert len(code) <= WIDTH or values or "#" in line, line
    return new


PIECES = st.sampled_from(
    [" ", "  ", "\t", "\n", "\r\n", "\n\n\n", "\f", " # c\n", "\n  # own\n", "#!x\r\n", " #\n", "\n\n# ü \n"]
)
GAPS = st.lists(PIECES, max_size=3).map("".join)
SPACES = st.sampled_from([" ", " ", " ", "\n", "\n\n", " # k\n", "\n# l\n"])


@st.composite
def scalars(draw: st.DrawFn, kind: str) -> str:
    if kind == "string":
        quoted = st.sampled_from(
            ['"a"', "'b'", "'q\"'", '"it\'s"', '"\\n\\x41"', '"# no comment"', "'" + "w" * 50 + "'"]
        )
        parts = draw(st.lists(quoted, min_size=1, max_size=3))
        return "".join(draw(GAPS) + part for part in parts)
    if kind == "int":
        sign = draw(st.sampled_from(["", "-", "- "])) if draw(st.booleans()) else ""
        return sign + draw(st.sampled_from(["0", "1", "017", "0x1F", "1000000007"]))
    if kind == "float":
        return draw(st.sampled_from(["1", ".5", "1.", "1.5e-3", "inf", "-inf", "2f", "-0.0"]))
    if kind == "bool":
        return draw(st.sampled_from(["true", "False", "1", "t"]))
    return draw(st.sampled_from(["TYPE_FP32", "TYPE_STRING", "11"]))


SHAPES: dict[str, dict[str, str]] = {
    "": {"input": "*input", "output": "*output", "instance_group": "*group", "dynamic_batching": "batching"},
    "input": {"name": "string", "data_type": "enum", "dims": "*int", "reshape": "reshape", "is_shape_tensor": "bool"},
    "output": {"name": "string", "data_type": "enum", "dims": "*int", "label_filename": "string"},
    "reshape": {"shape": "*int"},
    "group": {
        "name": "string",
        "count": "int",
        "profile": "*string",
        "passive": "bool",
        "secondary_devices": "*device",
    },
    "device": {"device_id": "int"},
    "batching": {"preserve_ordering": "bool", "priority_levels": "natural", "default_queue_policy": "policy"},
    "policy": {"allow_timeout_override": "bool", "max_queue_size": "natural"},
}


@st.composite
def fields(draw: st.DrawFn, shape: str) -> str:
    """The fields of a message in any spelling: a single one at most once, a repeated one as often as it likes."""
    text = draw(GAPS)
    names = draw(st.lists(st.sampled_from(sorted(SHAPES[shape])), max_size=4))
    seen = set()
    for name in names:
        kind = SHAPES[shape][name]
        if kind[0] != "*" and name in seen:
            continue
        seen.add(name)
        text += name + draw(GAPS) + draw(values(kind)) + draw(SPACES)
        text += draw(st.sampled_from(["", "", ",", ";"])) + draw(GAPS)
    return text


@st.composite
def values(draw: st.DrawFn, kind: str) -> str:
    name = kind.lstrip("*")
    listed = kind[0] == "*" and draw(st.booleans())
    if name in SHAPES:
        colon = draw(st.sampled_from(["", ":"])) + draw(GAPS)
        one = messages(name)
    else:
        colon = ":" + draw(GAPS)
        one = scalars(name) if name != "natural" else st.sampled_from(["0", "7", "0x10"])
    if not listed:
        return colon + draw(one)
    items = draw(st.lists(st.tuples(GAPS, one, GAPS).map("".join), max_size=4))
    return colon + "[" + (",".join(items) or draw(GAPS)) + "]"


@st.composite
def messages(draw: st.DrawFn, shape: str) -> str:
    opener, closer = draw(st.sampled_from(["{}", "<>"]))
    return opener + draw(fields(shape)) + closer


@settings(max_examples=400, deadline=None)
@given(fields(""))
def test_every_spelling_keeps_its_meaning_and_comments_and_is_laid_out_once(text: str) -> None:
    if not parse(text).problems:
        check(text)


@settings(max_examples=200, deadline=None)
@given(fields(""))
def test_protobuf_itself_reads_the_same_before_and_after(text: str) -> None:
    from google.protobuf import text_format
    from tritonclient.grpc.model_config_pb2 import ModelConfig

    # Its Python reader knows less than the one in C++: no blank behind a sign, for one.
    before = None
    with suppress(text_format.ParseError):
        before = text_format.Parse(text, ModelConfig())
    if before is not None and not parse(text).problems:
        assert text_format.Parse(layout(text), ModelConfig()) == before


def test_most_generated_texts_are_valid() -> None:
    """Otherwise the two tests above would say little."""
    valid = []

    @settings(max_examples=100, deadline=None, database=None)
    @given(fields(""))
    def count(text: str) -> None:
        valid.append(not parse(text).problems)

    count()
    assert sum(valid) > 0.5 * len(valid)


def test_bytes_that_are_no_text_stay_in_comments() -> None:
    text = b"# caf\xe9\nname: 'm' # \xff\n".decode("utf-8", "surrogateescape")
    assert layout(text).encode("utf-8", "surrogateescape") == b'# caf\xe9\nname: "m"  # \xff\n'


def test_the_sample_repository_is_in_canonical_layout(sample: Path) -> None:
    for path in sample.glob("*/config.pbtxt"):
        text = path.read_text()
        assert check(text) == text, path


def test_time_grows_with_the_text() -> None:
    piece = 'input [ { name: "x" dims: [ 1, 2 ] } ] # c\n\n\nparameters { key: "a" value {\nstring_value: "x" } }\n'
    layout(piece * 100)
    took = {n: min(timed(piece * n) for _ in range(3)) for n in (200, 3200)}
    assert took[3200] < 16 * 4 * took[200]


def timed(text: str) -> float:
    start = time.process_time()
    layout(text)
    return time.process_time() - start
