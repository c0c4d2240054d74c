"""Fields laid over a text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triton_kit.errors import TkError
from triton_kit.project.config_overlay import overlay, statements
from triton_kit.repository.text_format.document import parse

PIECES = [
    'backend: "x"',
    "backend: 'a' \"b\" # two strings",
    "max_batch_size: 8",
    "max_batch_size : -  1,",
    "max_batch_size:8;",
    "input { name: 'a}' dims: 1 }",
    "input [ { name: 'b' }, { name: 'c' dims: [1, 2] } ]",
    "input: < name: 'd' >",
    "input: { name: 'e' } ;",
    "# a comment with { in it",
    "  optimization { graph { level: 1 } }  # behind",
    "parameters { key: 'k' value { string_value: '\"{' } }",
    "parameters: { key: 'l' value: { string_value: '#' } },",
    "version_policy: { latest { num_versions: 2 } }",
    "cc_model_filenames { key: 'a' value: 'b' } runtime: 'r'",
    "",
]


def valid(text: str) -> dict[str, object] | None:
    document = parse(text)
    return None if document.problems else document.message.to_dict()


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(["\n", " \n\n", "\n\t"]))
def test_the_statements_of_a_text_are_its_fields(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    if (whole := valid(text)) is None:
        return
    assert dict.fromkeys(name for name, _, _ in statements(text)).keys() == whole.keys()
    for name, start, end in statements(text):
        assert text[start:].startswith(name)
        alone = valid(text[start:end])
        assert alone is not None
        assert list(alone) == [name]


CHANGES = st.dictionaries(
    st.sampled_from(["backend", "max_batch_size", "input", "optimization", "parameters", "version_policy", "runtime"]),
    st.sampled_from(
        [
            None,
            "y",
            0,
            5,
            [{"name": "z"}],
            {"graph": {"level": 2}},
            {"k": {"string_value": "new"}},
            {"all": {}},
            {"0": {"name": "q"}},
        ]
    ),
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=7), CHANGES)
def test_laying_over_changes_what_it_names_and_nothing_else(pieces: list[str], changes: dict[str, object]) -> None:
    text = "\n".join(pieces)
    if (before := valid(text)) is None:
        return
    try:
        changed = overlay(text, changes)
    except TkError:
        return
    after = valid(changed)
    assert after is not None
    for name in before.keys() | after.keys():
        if name not in changes:
            assert after.get(name) == before.get(name)
    for name, value in changes.items():
        if value is None:
            assert name not in after
        elif not isinstance(value, dict):
            assert after[name] == value
    assert overlay(changed, changes) == changed


def test_no_change_no_difference() -> None:
    text = "# mine\n\nbackend:'x'   # odd\n"
    assert overlay(text, {}) == text
    assert overlay(text, {"backend": "x"}) == text


@pytest.mark.parametrize("config", [{"backend": 3}, {"nothing": 1}, {"input": {"7": {}}}, {"optimization": "x"}])
def test_what_the_schema_refuses_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(TkError):
        overlay("backend: 'x'\n", config)
