"""Another policy in a text: what else the text says, and every comment, stays."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from triton_kit.errors import UsageError
from triton_kit.project import yaml_file
from triton_kit.repository.text_format.document import parse
from triton_kit.versions import yaml_edit
from triton_kit.versions.config_edit import with_policy
from triton_kit.versions.policy import Policy, from_value, read_policy, specific

TWO = specific([2])
NONE = Policy()

LAYOUTS = [
    "",
    "# only a comment",
    'backend: "onnxruntime"\n',
    'backend: "onnxruntime"',
    'backend: "onnxruntime"\r\nmax_batch_size: 4\r\n',
    "version_policy { latest { num_versions: 2 } }\n",
    "version_policy: { all { } }\n",
    "version_policy { }\n",
    "version_policy < specific < versions: 1 versions: 3 > >\n",
    "version_policy { specific { versions: [ 1, 3 ] } } # why\nmax_batch_size: 4\n",
    "# before\nversion_policy {\n  # the good ones\n  specific {\n    # old\n    versions: [ 1, # one\n 3 ]\n  }\n}\n",
    "version_policy {\n  # all of them\n}\nmax_batch_size: 4\n",
    'max_batch_size: 4, version_policy { all {} }, backend: "onnxruntime"',
    'max_batch_size: 4; version_policy { latest { num_versions: 1 } }; backend: "x"\n',
    'name: "version_policy { all {} }" version_policy:{specific:{versions:[7]}}backend:"x"',
    "version_policy { latest { num_versions: 3 # three\n} } max_batch_size: 4\n",
    'parameters { key: "a" value { string_value: "#" } }\nversion_policy { latest { } }\n',
]
POLICIES = [NONE, TWO, specific([1, 3]), Policy(kind="all"), Policy(kind="latest", numbers=(2,))]


@pytest.mark.parametrize("text", LAYOUTS)
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_the_policy_is_another_one_and_all_else_is_the_same(text, policy):
    new = with_policy(text, policy, name="config.pbtxt")
    before, after = parse(text.encode()), parse(new.encode())
    assert after.problems == before.problems == ()
    assert read_policy(after.message) == policy
    others = [[f for f in d.message.fields() if f[0] != "version_policy"] for d in (before, after)]
    assert others[0] == others[1]
    assert sorted(c.text for c in after.source.comments) == sorted(c.text for c in before.source.comments)
    assert with_policy(new, policy, name="config.pbtxt") == new


def test_only_the_policy_changes_where_the_layout_is_plain():
    text = "# top\nbackend: 'x'  # it\nversion_policy { specific { versions: [ 1 ] } }  # pinned\n\nmax_batch_size: 4\n"
    assert with_policy(text, TWO, name="c") == text.replace("[ 1 ]", "[ 2 ]")
    assert "# pinned" in with_policy(text, NONE, name="c")


def test_a_file_that_is_crlf_stays_so():
    assert with_policy("a\r\n".replace("a", "max_batch_size: 1"), TWO, name="c").count("\r\n") == 2


@pytest.mark.parametrize("text", ["max_batch_sise: 1\n", "version_policy {", "version_policy: all\n", "\udc80"])
def test_a_text_that_cannot_be_read_in_full_is_left_alone(text):
    with pytest.raises(UsageError, match=r"^c:1:"):
        with_policy(text, TWO, name="c")


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_policy_comes_back_from_the_log_as_it_was(policy):
    assert from_value(policy.value) == policy


YAMLS = [
    "",
    "# nothing yet\n",
    "template: onnxruntime\n",
    "template: x\nvalues:\n  max_batch_size: 4  # four\n  input:\n  - name: x\n\n# end\nconfig: {name: m}\n",
    "values: {max_batch_size: 4}\n",
    "values: {}\n",
    "values: {  }  # none\ntemplate: x\n",
    "values:\n  version_policy: {latest: {num_versions: 2}}  # two\n  max_batch_size: 4\n",
    "values:\n  version_policy:\n    specific:\n      versions: [1]  # one\n\n  # batch\n  max_batch_size: 4",
    "config:\n    version_policy:\n        all: {}\n    name: m\n",
    "values:\n  text: |\n    a\n    b\n",
    "values:\n  last:\n",
]


def changed(text: str, policy: Policy) -> str | None:
    """The text with the policy; None where it is refused, which only a mapping in braces may be."""
    if "{" in text and policy == NONE:
        with contextlib.suppress(UsageError):
            return yaml_edit.with_policy(text, policy, file=Path("model.yaml"))
        return None
    return yaml_edit.with_policy(text, policy, file=Path("model.yaml"))


@pytest.mark.parametrize("text", YAMLS)
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_model_yaml_keeps_its_values_and_comments(text, policy):
    file = Path("model.yaml")
    new = changed(text, policy)
    if new is None:
        return
    before, after = (yaml_file.load(t, file).value or {} for t in (text, new))
    section = "config" if "version_policy" in (before.get("config") or {}) else "values"
    assert ((after.get(section) or {}).get("version_policy")) == policy.value
    for name in {*before, *after} - {section}:
        assert before[name] == after[name]
    rest = [{k: v for k, v in (d.get(section) or {}).items() if k != "version_policy"} for d in (before, after)]
    assert rest[0] == rest[1]
    for comment in ("# nothing yet", "# four", "# end", "# none", "# two", "# one", "# batch"):
        assert (comment in text) == (comment in new)


def test_most_layouts_of_model_yaml_can_be_changed():
    for text in YAMLS:
        assert "[2]" in yaml_edit.with_policy(text, TWO, file=Path("model.yaml"))
