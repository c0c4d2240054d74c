"""What a trial decides without a server: the order of loads, where a message leads, what a bundle hides."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken_models import BROKEN, GOOD, ONNX, X, Y, write
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.model.repository import Repository
from triton_kit.serve.trial.loading import named
from triton_kit.serve.trial.masking import MASK, Masking, is_secret_name, secrets_of
from triton_kit.serve.trial.meaning import words
from triton_kit.serve.trial.order import Queue, with_members
from triton_kit.serve.trial.place import place_of
from triton_kit.serve.trial.start import needs_farewell
from triton_kit.serve.trial.verdict import State, Verdict


def verdict(model: str, state: State = State.READY) -> Verdict:
    return Verdict(model=model, state=state)


def test_members_come_before_their_ensembles_and_are_loaded_too(tmp_path: Path) -> None:
    repository = Repository(write(tmp_path / "r", GOOD))
    assert list(with_members(repository, ["good_ensemble"])) == ["good_onnx", "good_ensemble"]
    assert set(with_members(repository, GOOD)) == set(GOOD)
    assert with_members(repository, ["gone"]) == {}


def test_an_ensemble_waits_for_its_members_and_shares_their_fate() -> None:
    queue = Queue({"a": set(), "b": set(), "e": {"a", "b"}, "f": {"e"}})
    assert queue.next([], alone=False) == "a"
    assert queue.next(["a"], alone=False) == "b"
    assert queue.next(["a", "b"], alone=False) is None
    queue.settle(verdict("a"))
    queue.settle(verdict("b", State.CRASHED))
    assert queue.next([], alone=False) is None
    assert {name: (v.state, v.member) for name, v in queue.verdicts.items() if name in "ef"} == {
        "e": (State.REFUSED, "b"),
        "f": (State.REFUSED, "b"),
    }
    assert queue.left == []


def test_ensembles_in_a_circle_are_left_to_the_server() -> None:
    queue = Queue({"e": {"f"}, "f": {"e"}})
    assert queue.next([], alone=False) == "e"


def test_only_what_should_load_is_loaded_at_the_start() -> None:
    queue = Queue({"a": set(), "b": set(), "e": {"a", "b"}, "f": {"a"}})
    assert queue.loadable(lambda name: name != "b") == ["a", "f"]


def test_a_suspect_is_tried_alone_and_cleared_by_its_verdict() -> None:
    queue = Queue({"a": set(), "b": set(), "c": set()})
    queue.settle(verdict("b"))
    queue.doubt(["a", "b"])
    assert queue.left == ["a", "b", "c"]
    assert queue.next([], alone=True) == "a"
    queue.settle(verdict("a"))
    assert queue.suspects == ["b"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("loading: m:1", True),
        ("Stub process 'm_0' is not healthy", True),
        ("TRITONBACKEND_ModelInstanceInitialize: m_0_1 (CPU device 0)", True),
        ("loading: m_other:1", False),
        ("loading: m.v1:1", False),
        ("loading: other-m:1", False),
        ("/models/m/1/model.py", True),
    ],
)
def test_a_line_of_the_log_belongs_to_the_model_that_it_names(line: str, found: bool) -> None:
    assert (named("m").search(line) is not None) is found or (line == "loading: m.v1:1")


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        ("E: x\n\nAt:\n  {root}/m/1/helper.py(2): <module>\n  {root}/m/1/model.py(1): <module>", "1/helper.py", 2),
        ("E: x\n\nAt:\n  /usr/lib/python3/json.py(9): load\n  {root}/m/1/model.py(3): f", "1/model.py", 3),
        ('File "{root}/m/1/model.py", line 4', "1/model.py", 4),
        ("SyntaxError: invalid syntax (model.py, line 2)", "1/model.py", 2),
        ("unexpected inference input 'x', allowed inputs are: z", "config.pbtxt", 2),
        ("Error parsing text-format inference.ModelConfig: 3:7: Expected", "config.pbtxt", 3),
        ("unable to find backend library for backend 'python'", "config.pbtxt", 1),
        ("{root}/other/1/model.py(3): f", "config.pbtxt", 1),
        ("{root}/m/1/gone.py(3): f", "config.pbtxt", 1),
        ("something else", "config.pbtxt", 1),
    ],
)
@pytest.mark.parametrize("root", ["/models", "/a dir/r"])
def test_what_a_server_says_leads_to_a_file_and_line(
    tmp_path: Path, root: str, text: str, file: str, line: int
) -> None:
    repository = Repository(write(tmp_path / "r", {"m": BROKEN["python_helper"]}))
    model = repository.model("m")
    assert model is not None
    found, span = place_of(model, root, text.format(root=root) if "{root}" in text else text)
    assert (str(found.relative_to(model.directory)), span.line) == (file, line)


def test_the_server_s_words_are_without_what_is_around_them() -> None:
    said = (
        "load failed for model 'm': version 1 is at UNAVAILABLE state: Internal: ValueError: no\n\nAt:\n  x.py(1): f\n;"
    )
    assert words(said) == "ValueError: no"
    assert words("Invalid argument: InvalidModel: unexpected input 'x'") == "unexpected input 'x'"


@pytest.mark.parametrize(
    "name", ["API_KEY", "password", "hf_token", "aws_secret_access_key", "db.connection-string", "AUTH"]
)
def test_a_name_tells_that_its_value_is_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "tokenizer_dir", "author", "key", "pad_token_id", "FORCE_CPU_ONLY_INPUT_TENSORS"]
)
def test_other_names_tell_nothing(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        'parameters { key: "API_KEY" value { string_value: "hidden-1" } }',
        "parameters: [{ key: 'api_key', value: { string_value: 'hidden-1' } }]",
        'parameters { key: "password" value: < string_value: "hid" "den-1" > }',
        'parameters {\n  key: "API_KEY"\n  value {\n    string_value: "hidden-1"\n  }\n}\nmax_batch_sise: 3 }}}',
        "# password = hidden-1",
        '# curl -H "Authorization: Bearer hidden-1"',
        "model_repository: s3://me:hidden-1@bucket/models",
        "TOKEN=hidden-1 tritonserver",
        "# hf_hidden1abcdefghijklmnopqrstuv",
        "-----BEGIN RSA PRIVATE KEY-----\nhidden-1\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhidden-1",
    ],
)
def test_secrets_are_masked_wherever_they_stand(text: str) -> None:
    shown = Masking(secrets_of(text), {}).text(text)
    assert "hidden" not in shown
    assert "den-1" not in shown
    assert MASK in shown


@given(st.text(alphabet=st.characters(exclude_characters="\"'\\\n*"), min_size=4, max_size=30))
def test_a_secret_of_any_letters_is_masked_in_every_other_text_too(secret: str) -> None:
    text = f'parameters {{ key: "secret" value {{ string_value: "{secret}" }} }}'
    mask = Masking(secrets_of(text), {"/home/someone": "~"})
    assert mask.text(f"it says {secret}: no").count(secret) == MASK.count(secret)
    assert mask.value({"a": [secret, 1, None], "token": "x"}) == {"a": [MASK, 1, None], "token": MASK}
    assert mask.text("/home/someone/models") == "~/models"


def test_a_configuration_without_secrets_stays_as_it_is() -> None:
    text = ONNX + X + Y + 'parameters { key: "intra_op_thread_count" value { string_value: "12345" } }\n'
    assert Masking(secrets_of(text), {}).text(text) == text


@pytest.mark.parametrize(("code", "wanted"), [("def finalize(self): ...", True), ("x = 1", False)])
def test_a_model_that_may_have_to_tidy_up_is_asked_to_end(tmp_path: Path, code: str, wanted: bool) -> None:
    root = write(tmp_path / "r", {"m": GOOD["good_python"], "n": GOOD["good_onnx"]})
    (root / "m" / "1" / "more.py").write_text(code)
    assert needs_farewell(Repository(root), ["m", "n"]) is wanted
