"""What holds of any policy, any text that says one, any order of moves, and any choice of what is pruned."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from versioned_models import CONFIG, make_model

from triton_kit.errors import UsageError
from triton_kit.project.context import find_context
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.state.process_identity import born
from triton_kit.runtime.state.registry import Running, record
from triton_kit.runtime.types import Endpoints
from triton_kit.versions import config_edit, yaml_edit
from triton_kit.versions.comparison import EXACT, Expected, Tolerance, compare
from triton_kit.versions.loaded_versions import NamedServer, find_named_server
from triton_kit.versions.log import Entry, State, history, read_log
from triton_kit.versions.model_folder import ModelFolder, state_of, versions_of
from triton_kit.versions.moves import pin, promote, rollback
from triton_kit.versions.policy import Policy, from_value, read_policy, specific
from triton_kit.versions.removal import choose, prune

NUMBERS = st.integers(1, 6)
POLICIES = st.one_of(
    st.just(Policy()),
    st.just(Policy(kind="all")),
    st.integers(1, 5).map(lambda n: Policy(kind="latest", numbers=(n,))),
    st.lists(NUMBERS, min_size=1, max_size=4).map(specific),
)


def naively_served(policy: Policy, there: set[int]) -> set[int]:
    """What the server loads, in its own words: the n greatest, all, or those named that are there."""
    match policy.kind:
        case "none":
            return {n for n in there if n == max(there)}
        case "latest":
            return {n for n in there if sum(other > n for other in there) < policy.numbers[0]}
        case "all":
            return there
        case "specific":
            return there & set(policy.numbers)


@given(POLICIES, st.sets(NUMBERS))
def test_a_policy_serves_what_the_server_would_load(policy, there):
    assert policy.serves(there) == tuple(sorted(naively_served(policy, there)))


@given(POLICIES)
def test_a_policy_is_read_back_from_each_of_its_forms(policy):
    assert from_value(policy.value) == policy
    assert read_policy(parse(policy.field).message) == policy


@given(POLICIES, POLICIES, st.sampled_from(("", "\n", "# a\n", "max_batch_size: 4 # b\n", 'name: "m"\n\n# c')))
def test_another_policy_leaves_the_rest_of_a_configuration_as_it_was(old, new, rest):
    text = f"{old.field}\n{rest}" if old.field else rest
    written = config_edit.with_policy(text, new, name="c")
    document = parse(written)
    assert not document.problems
    assert read_policy(document.message) == new
    others = {k: v for k, v in document.message.to_dict().items() if k != "version_policy"}
    assert others == {k: v for k, v in parse(text).message.to_dict().items() if k != "version_policy"}
    assert written.count("#") == text.count("#")
    assert config_edit.with_policy(written, new, name="c") == written


@given(POLICIES, POLICIES, st.booleans())
def test_another_policy_leaves_the_rest_of_a_yaml_as_it_was(old, new, config):
    import yaml

    section = "config" if config and old.value else "values"
    text = yaml.safe_dump({"template": "t", section: {"a": 1, **({"version_policy": old.value} if old.value else {})}})
    found = yaml.safe_load(yaml_edit.with_policy(text, new, file=Path("model.yaml")))
    assert found.pop("template") == "t"
    inner = found.pop(section)
    assert inner.pop("version_policy", None) == new.value
    assert (inner, found) == ({"a": 1}, {})


@given(
    st.sets(st.integers(0, 20)),
    st.integers(1, 6),
    st.dictionaries(st.integers(0, 20), st.just(("why",))),
    st.booleans(),
)
def test_what_is_pruned_is_old_and_nobody_needs_it(there, keep, reasons, force):
    found = choose(there, keep, reasons, force=force)
    newest = set(sorted(there)[-keep:])
    old = there - newest
    assert set(found.gone) == (old if force else old - reasons.keys())
    assert set(found.kept) == (set() if force else old & reasons.keys())
    assert list(found.gone) == sorted(found.gone)


class Moves(RuleBasedStateMachine):
    """Promote, pin, roll back and prune; a stack of what was served says what a rollback gives."""

    @initialize()
    def start(self):
        self.folder = Path(tempfile.mkdtemp())
        self.model = make_model(self.folder / "models", *range(1, 6), config=CONFIG)
        self.here = find_context()
        self.place = ModelFolder(path=self.model, lint_options=self.here.lint_options)
        self.stack = [(Policy(), (5,))]

    def _arrived(self, policy):
        if policy != self.stack[-1][0]:
            self.stack.append((policy, tuple(sorted(set(policy.numbers)))))

    def _there(self, numbers):
        return set(numbers) <= versions_of(self.place).keys()

    @rule(version=st.integers(1, 5))
    def promote(self, version):
        if self._there([version]):
            promote(self.here, self.place, version)
            self._arrived(specific([version]))
        else:
            with pytest.raises(UsageError, match="no version"):
                promote(self.here, self.place, version)

    @rule(versions=st.lists(st.integers(1, 5), min_size=1, max_size=3))
    def pin(self, versions):
        if self._there(versions):
            pin(self.here, self.place, versions)
            self._arrived(specific(versions))

    @rule()
    def rollback(self):
        if len(self.stack) > 1 and self._there(self.stack[-2][1]):
            self.stack.pop()
            assert rollback(self.here, self.place).after.served == self.stack[-1][1]
        else:
            with pytest.raises(UsageError, match="go back"):
                rollback(self.here, self.place)

    @precondition(lambda self: len(versions_of(self.place)) > 3)
    @rule(keep=st.integers(1, 3), dry=st.booleans())
    def prune(self, keep, dry):
        before, served = set(versions_of(self.place)), set(self.stack[-1][1])
        target = set(self.stack[-2][1]) if len(self.stack) > 1 else set()
        target = target if target <= before else set()
        found = prune(self.here, self.place, keep, loaded={2: ["a server"]}, dry_run=dry)
        after = set(versions_of(self.place))
        assert before - after == (set() if dry else set(found.gone))
        assert set(found.gone) == before - set(sorted(before)[-keep:]) - served - target - {2}

    @invariant()
    def what_is_served_is_what_the_stack_says(self):
        if hasattr(self, "place"):
            state = state_of(self.place)
            assert (state.policy, state.served) == self.stack[-1]
            assert all(one.done for one in read_log(self.model))

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


TestMoves = Moves.TestCase
TestMoves.settings = settings(max_examples=8, stateful_step_count=12, deadline=None)


def test_a_rollback_that_the_states_do_not_explain_keeps_the_history_whole():
    def state(*numbers):
        return State(policy=specific(numbers), served=tuple(numbers))

    def step(action, before, after):
        return Entry(time="t", action=action, versions=(), before=before, after=after)

    one, two, three = state(1), state(2), state(3)
    assert history([step("rollback", one, two)], three) == [two, three]
    assert history([step("promote", one, two), step("rollback", two, three)], three) == [three]
    assert history([step("promote", one, two), step("pin", two, three), step("rollback", three, one)], one) == [one]
    assert history([], one) == [one]


def test_a_server_that_is_named_by_its_address_is_asked_over_http_with_what_opens_it():
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        endpoints = Endpoints(http="http://127.0.0.1:8000", grpc="127.0.0.1:8001", metrics="http://127.0.0.1:8002")
        record(
            Running(
                name="one",
                runtime="local",
                repository=Path("/models"),
                release="24.10",
                image=None,
                endpoints=endpoints,
                started=1.0,
                pid=sleeper.pid,
                born=born(sleeper.pid),
                headers={"token": "over HTTP"},
                metadata={"token": "over gRPC"},
            )
        )
        assert find_named_server("127.0.0.1:8000", None) == NamedServer(
            name="127.0.0.1:8000", url="127.0.0.1:8000", headers={"token": "over HTTP"}
        )
        assert find_named_server("127.0.0.1:8001", None) == NamedServer(
            name="127.0.0.1:8001", url="127.0.0.1:8001", headers={}
        )
        sleeper.kill()
    assert find_named_server("", None) is None


@pytest.mark.parametrize(("asked", "kept"), [(0, {0: ("the ensemble pipeline asks for it",)}), (-1, {})])
def test_a_version_0_that_an_ensemble_asks_for_is_kept_and_the_latest_is_no_number(tmp_path, monkeypatch, asked, kept):
    monkeypatch.chdir(tmp_path)
    model = make_model(tmp_path, 0, 1, 2)
    (tmp_path / "pipeline/1").mkdir(parents=True)
    (tmp_path / "pipeline/config.pbtxt").write_text(
        'platform: "ensemble"\nmax_batch_size: 4\n'
        'input { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }\noutput { name: "b" data_type: TYPE_FP32 dims: [ 4 ] }\n'
        f'ensemble_scheduling {{ step {{ model_name: "m" model_version: {asked} input_map {{ key: "x" value: "a" }}\n'
        'output_map { key: "y0" value: "b" } } }\n'
    )
    here = find_context()
    found = prune(here, ModelFolder(path=model, lint_options=here.lint_options), 1, loaded={}, dry_run=True)
    assert found.kept == kept
    assert found.gone == ((1,) if kept else (0, 1))


FLOATS = st.sampled_from((0.0, -0.0, 1.0, -1.0, 1.05, 1.1, 1.2, 100.0, 1e30, float("inf"), float("-inf"), float("nan")))


def within(expected, got, tolerance):
    """numpy.isclose in plain words, exact where both tolerances are 0."""
    if expected != expected or got != got:
        return expected != expected and got != got
    if expected == got:
        return True
    if abs(expected) == float("inf") or abs(got) == float("inf"):
        return False
    limit = tolerance.atol + tolerance.rtol * abs(expected)
    return limit > 0 and abs(expected - got) <= limit


@given(
    st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=6),
    st.sampled_from(
        (EXACT, Tolerance(rtol=0.1, atol=0.0), Tolerance(rtol=0.0, atol=0.1), Tolerance(rtol=0.0, atol=2.0))
    ),
)
def test_outputs_agree_where_each_number_is_near_enough(pairs, tolerance):
    expected, got = (np.array(side) for side in zip(*pairs, strict=True))
    found = compare("y", Expected(array=expected, tolerance=tolerance), got, "FP64")
    wrong = [i for i, (a, b) in enumerate(pairs) if not within(a, b, tolerance)]
    if not wrong:
        assert found is None
        return
    assert found is not None
    assert (found.kind, found.wrong, found.total) == ("values", len(wrong), len(pairs))
    assert found.index[0] in wrong
    finite = [abs(a - b) for a, b in pairs if np.isfinite(a) and np.isfinite(b)]
    assert found.max_abs == (max(finite) if finite else None)
