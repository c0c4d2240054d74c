"""Tensors of an ensemble that nothing gives: the finding is at the root, and its remedy makes no cycle."""

from __future__ import annotations

from pathlib import Path

from example_files import lint_example

from triton_kit.linter.diagnostic import Diagnostic

HEAD = """platform: "ensemble"
input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
ensemble_scheduling { step [ %s ] }
-- ../a x FP32 [4] -> y FP32 [4], ids FP32 [4]
-- ../b x FP32 [4], k FP32 [4] -> y FP32 [4]"""
FIRST = (
    '{ model_name: "a" model_version: -1 input_map { key: "x" value: "in" } output_map { key: "y" value: "mid" } %s }'
)
SECOND = """{ model_name: "b" model_version: -1 input_map [ { key: "x" value: "mid" }, { key: "k" value: "%s" } ]
  output_map { key: "y" value: "out" } }"""


def found(first: str, root: str, tmp_path: Path) -> Diagnostic:
    report = lint_example(HEAD % f"{FIRST % first}, {SECOND % root}", tmp_path / "r")
    (only,) = [d for d in report.diagnostics if d.model == "m" and str(d.severity) == "error"]
    return only


def test_what_nothing_gives_is_reported_where_it_is_read(tmp_path: Path) -> None:
    d = found("", "start", tmp_path)
    assert d.rule == "ensemble-output-not-written"
    assert d.message.startswith("'start' is read by step 1, and nothing gives it")
    assert d.help == "add 'start' to the ensemble's inputs, or a step whose output_map gives it"
    assert [r.message for r in d.related] == ["the ensemble output 'out' depends on it"]


def test_an_output_of_a_member_with_that_name_is_to_be_mapped(tmp_path: Path) -> None:
    help_ = found("", "ids", tmp_path).help
    assert help_ == '\'a\' has an output of that name: add output_map { key: "ids" value: "ids" } to step 0'


def test_a_key_that_comes_twice_is_the_root(tmp_path: Path) -> None:
    d = found('output_map { key: "ids" value: "i" } output_map { key: "ids" value: "j" }', "i", tmp_path)
    assert d.help == "give each key once: the key 'ids' of output_map is given twice"


def test_a_name_that_would_make_a_cycle_is_not_suggested(tmp_path: Path) -> None:
    assert "out'?" not in (found("", "ou", tmp_path).help or "")


def test_members_that_are_refused_are_one_finding(tmp_path: Path) -> None:
    text = HEAD % f"{FIRST % ''}, {SECOND % 'in'}"
    text = text.replace("-- ../a x", "-- ../a/config.pbtxt\nmax_batch_size: -1\n-- ../a/1/model.onnx x")
    text = text.replace("-- ../b x", "-- ../b/config.pbtxt\nmax_batch_size: -1\n-- ../b/1/model.onnx x")
    report = lint_example(text, tmp_path / "r")
    (d,) = [d for d in report.diagnostics if d.rule == "step-model-refused"]
    assert d.message == "'a', 'b' will not load, and the ensemble with them"
    assert len(d.related) == 2


def test_a_member_that_its_own_code_makes_decoupled_excludes_the_cache(tmp_path: Path) -> None:
    text = """platform: "ensemble"
response_cache { enable: true }
input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
ensemble_scheduling {
  step { model_name: "d" model_version: -1 input_map { key: "x" value: "in" } output_map { key: "y" value: "out" } }
}
-- ../d/config.pbtxt
backend: "python"
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
-- ../d/1/model.py
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.set_model_transaction_policy({"decoupled": True})
        return config
    def execute(self, requests):
        return None"""
    said = [d.message for d in lint_example(text, tmp_path / "r").diagnostics if d.rule == "cache-with-decoupled"]
    assert said == ["the response cache excludes decoupled models, and the ensemble is one through 'd'"]
