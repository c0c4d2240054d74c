"""How many configurations are laid out, written and told in JSON: whole texts."""

from __future__ import annotations

import json

import pytest
import random_configs

from triton_kit.errors import TkError
from triton_kit.repository.json_format import as_json
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump
from triton_kit.repository.text_format.layout import layout


@pytest.mark.parametrize("seed", range(12))
def test_a_configuration_in_any_spelling(seed, snapshot):
    text = random_configs.make(seed)
    document = parse(text)
    assert not document.problems
    told = json.dumps(as_json(document.message), indent=1, ensure_ascii=False)
    assert f"{layout(text)}\n=== written anew\n{dump(document.message)}\n=== JSON\n{told}" == snapshot


def test_what_is_said_of_damaged_ones(snapshot):
    said = []
    for seed in range(60):
        document = parse(random_configs.make_damaged(seed))
        said += [f"{seed}: {p.span.line}:{p.span.column}: {p.message} | {p.help}" for p in document.problems]
    assert "\n".join(said) == snapshot


WRITTEN = {
    "enum by number": {"instance_group": [{"kind": 1}]},
    "unknown number": {"instance_group": [{"kind": 99}]},
    "least number": {"instance_group": [{"kind": -(2**31)}]},
    "most number": {"instance_group": [{"kind": 2**31 - 1}]},
    "enum below int32": {"instance_group": [{"kind": -(2**31) - 1}]},
    "enum beyond int32": {"instance_group": [{"kind": 2**31}]},
    "enum of truth": {"instance_group": [{"kind": True}]},
    "enum misspelt": {"instance_group": [{"kind": "KIND_GPUS"}]},
    "most int32": {"max_batch_size": 2**31 - 1},
    "beyond int32": {"max_batch_size": 2**31},
    "least uint64": {"dynamic_batching": {"max_queue_delay_microseconds": 0}},
    "below uint64": {"dynamic_batching": {"max_queue_delay_microseconds": -1}},
    "text for a number": {"max_batch_size": "8"},
    "number for a text": {"name": 8},
    "truth for a number": {"max_batch_size": True},
    "number for truth": {"dynamic_batching": {"preserve_ordering": 1}},
    "no list": {"input": {"name": "x"}},
    "no mapping": {"parameters": ["a"]},
    "unknown field": {"inptu": []},
    "unknown inner field": {"input": [{"nam": "x"}]},
    "two of one": {"version_policy": {"latest": {}, "all": {}}},
    "empty lists": {"input": [], "parameters": {}, "instance_group": [{"gpus": []}]},
    "long line": {"parameters": {"k": {"string_value": "v" * 90}}},
    "escapes": {"name": 'a"b\\c\n\t\x01é'},
    "floats": {"instance_group": [{"rate_limiter": {"resources": [{"name": "r", "count": 2}]}}]},
}


def test_values_as_text_or_why_not(snapshot):
    said = {}
    for name, value in WRITTEN.items():
        try:
            said[name] = dump(value)
        except TkError as error:
            said[name] = f"{error.message} | {error.hint}"
    assert said == snapshot
