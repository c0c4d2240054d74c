"""What --fix fixes: the Bad side of each page, typing mistakes, and nothing that it cannot make better."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from example_files import blocks, lint_example, onnx_file, read_example
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triton_kit.linter.diagnostic import Report, Severity
from triton_kit.linter.engine import lint
from triton_kit.linter.fix.application import write_fixes
from triton_kit.linter.fix.plan import Fixes, plan_fixes
from triton_kit.linter.options import options
from triton_kit.linter.rule import RULES, load_rules
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.edit_distance import slips

load_rules()

FIXABLE = (
    "backend-is-no-backend",
    "encoding",
    "name-mismatch",
    "onnx-data-type",
    "onnx-dims",
    "onnx-unknown-tensor",
    "step-maps-unknown-tensor",
    "step-version-not-loaded",
    "syntax",
    "unexpected-platform",
    "unknown-enum-value",
    "unknown-field",
    "wrong-type",
)

GOOD = """\
# The model of the shop.
name: "m"
backend: "onnxruntime"  # not TensorRT
max_batch_size: 8
input [
  {
    name: "pixels"  # NCHW
    data_type: TYPE_FP32
    dims: [ 3, 224, 224 ]
  }
]
output [ { name: "scores" data_type: TYPE_FP32 dims: [ 1000 ] } ]
# At most two at once.
instance_group [ { kind: KIND_CPU count: 2 } ]
dynamic_batching {
  preferred_batch_size: [ 4, 8 ]
  max_queue_delay_microseconds: 100  # a tenth of a millisecond
}
"""
SIGNATURE = "pixels FP32 [-1, 3, 224, 224] -> scores FP32 [-1, 1000]"

STEP = """\
platform: "ensemble"
input [ { name: "in" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] } ]
output [ { name: "out" data_type: TYPE_FP32 dims: [ 1000 ] } ]
max_batch_size: 8
ensemble_scheduling {
  step [
    {
      model_name: "m"  # the model
      model_version: -1
      input_map { key: "pixels" value: "in" }
      output_map { key: "scores" value: "out" }
    }
  ]
}
"""


def make(root: Path, config: str | bytes, signature: str = SIGNATURE, name: str = "m") -> Path:
    """A model with an ONNX file; its configuration."""
    (root / name / "1").mkdir(parents=True)
    if signature:
        (root / name / "1" / "model.onnx").write_bytes(onnx_file(signature))
    path = root / name / "config.pbtxt"
    path.write_bytes(config.encode() if isinstance(config, str) else config)
    return path


def fix(root: Path, **asked: Any) -> Fixes:
    """Plan and write."""
    fixes = plan_fixes([root], options(**asked))
    write_fixes(fixes)
    return fixes


def errors(report: Report) -> list[str]:
    return sorted(f"{d.rule}: {d.message}" for d in report.diagnostics if d.severity is Severity.ERROR)


def comments(text: str) -> list[str]:
    return [c.text for c in parse(text).source.comments]


def test_a_valid_model_stays_as_it_is(tmp_path: Path) -> None:
    path = make(tmp_path, GOOD)
    before = path.stat()
    assert fix(tmp_path).places == 0
    assert (path.stat().st_ino, path.read_text()) == (before.st_ino, GOOD)


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_a_page_calls_bad_is_better_after_a_fix_or_untouched(name: str, tmp_path: Path) -> None:
    bad = blocks(RULES[name].doc, "Bad")[0]
    root = tmp_path / "repository"
    before = lint_example(bad, root)
    roots = [root, *sorted(p for p in tmp_path.iterdir() if p != root)]
    fixes = plan_fixes(roots, read_example(bad).options)
    assert any(d.rule == name and d.fixable for d in before.diagnostics) == (name in FIXABLE)
    if not fixes.places:
        assert errors(fixes.report) == errors(before)
        return
    write_fixes(fixes)
    assert not any(d.rule == name for d in fixes.report.diagnostics)
    assert fixes.report.ok
    again = plan_fixes(roots, read_example(bad).options)
    assert (again.places, errors(again.report)) == (0, [])


MISTAKES = [
    ("max_batch_size: 8", "max_batch_sise: 8"),
    ("max_batch_size: 8", "maxBatchSize: 8"),
    ("max_batch_size: 8", "max_batch_size = 8"),
    ("max_batch_size: 8", "max_batch_size 8"),
    ("max_batch_size: 8", 'max_batch_size: "8"'),
    ("max_batch_size: 8", "max_batch_size: 8.0"),
    ("max_batch_size: 8", "max_batch_size: 8;;"),
    ("instance_group [", '"instance_group": ['),
    ("instance_group [", "instance_grop ["),
    ("dynamic_batching", "dynamic_baching"),
    ("data_type: TYPE_FP32\n", "data_type: FP32\n"),
    ("data_type: TYPE_FP32\n", 'data_type: "TYPE_FP32"\n'),
    ("data_type: TYPE_FP32\n", "data_type: TYPE_FP23\n"),
    ("data_type: TYPE_FP32\n", "data_type: float32\n"),
    ("data_type: TYPE_FP32\n", "dtype: TYPE_FP32\n"),
    ("data_type: TYPE_FP32\n", "data_type: TYPE_INT64\n"),
    ("KIND_CPU", "CPU"),
    ("KIND_CPU", "KIND_CPPU"),
    ("dims: [ 3, 224, 224 ]", "dims: [ 3, 224, 224, ]"),
    ("dims: [ 3, 224, 224 ]", "dims [ 3, 224, 224 ]"),
    ("dims: [ 3, 224, 224 ]", "dims: [ 3 224 224 ]"),
    ("dims: [ 3, 224, 224 ]", "dims: [ 3; 224; 224 ]"),
    ("dims: [ 3, 224, 224 ]", "dims: [ -1, 3, 224, 224 ]"),
    ("dims: [ 3, 224, 224 ]", "dims: [ 3, 244, 224 ]"),
    ("dims: [ 3, 224, 224 ]", "shape: [ 3, 224, 224 ]"),
    ('name: "pixels"', 'name: "pixel"'),
    ('name: "pixels"', "name: pixels"),
    ('name: "pixels"', "name: \u201cpixels\u201d"),
    ('name: "m"', 'name: "n"'),
    ('backend: "onnxruntime"', 'platform: "onnxruntime"'),
    ("# not TensorRT", "// not TensorRT"),
    ("# At most", "// At least one,\n// at most"),
    ("  }\n]\noutput", "  },\n]\noutput"),
    ("# The model", "\ufeff# The model"),
    ("count: 2 }", "count: 2 >"),
]


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_common_mistake_is_mended_and_nothing_else_changes(
    right: str, wrong: str, ending: str, tmp_path: Path
) -> None:
    assert right in GOOD
    bad = GOOD.replace(right, wrong, 1).replace("\n", ending)
    path = make(tmp_path, bad)
    assert not lint(tmp_path).ok
    fixes = fix(tmp_path)
    new = path.read_bytes().decode()
    assert errors(fixes.report) == errors(lint(tmp_path)) == []
    assert new.count("\r\n") == new.count("\n") * (ending == "\r\n")
    assert [c for c in comments(GOOD) if "most" not in c and "TensorRT" not in c] == [
        c for c in comments(new.replace("\r", "")) if "most" not in c and "TensorRT" not in c and "least" not in c
    ]
    old_lines, new_lines = bad.split("\n"), new.split("\n")
    assert len(old_lines) == len(new_lines)
    assert sum(a != b for a, b in zip(old_lines, new_lines, strict=True)) <= 2
    assert fix(tmp_path).places == 0


def test_several_mistakes_of_one_file_are_mended_together(tmp_path: Path) -> None:
    bad = (
        GOOD.replace("max_batch_size: 8", "max_batchsize = 8")
        .replace("TYPE_FP32\n", "INT64\n")
        .replace("[ 4, 8 ]", "[4 8,]")
    )
    path = make(tmp_path, bad)
    fixes = fix(tmp_path)
    assert fixes.report.ok
    assert fixes.fixed >= 4
    assert comments(path.read_text()) == comments(GOOD)


@pytest.mark.parametrize(
    ("dims", "fixed"),
    [
        ("dims: [ -1, 3, 4 ]", "dims: [ 3, 4 ]"),
        ("dims: [-1,3,4]", "dims: [3,4]"),
        ("dims: [ -1,  # the batch\n  3, 4 ]", "dims: [   # the batch\n  3, 4 ]"),
        ("dims: -1 dims: 3 dims: 4", "dims: 3 dims: 4"),
        ("dims: -1\n  dims: 3 # c\n  dims: 4", "dims: 3 # c\n  dims: 4"),
        ("dims: [ 3, # rows\n 5 # columns\n ]", "dims: [ 3, # rows\n 4 # columns\n ]"),
        ("dims: 12", "dims: [ 3, 4 ]"),
        ("dims: [12]", "dims: [3, 4]"),
        ("dims: 3 dims: 5", "dims: 3 dims: 4"),
        ("dims: [ 3 ] dims: [ 5 ]", "dims: [ 3 ] dims: [ 4 ]"),
        ("dims: [ 3, # c\n 4, 5 ]", None),
        ("dims: [ 3 ] dims: [ 4, 5 ]", None),
    ],
)
def test_dims_keep_the_way_they_are_written(dims: str, fixed: str | None, tmp_path: Path) -> None:
    config = (
        'backend: "onnxruntime"\nmax_batch_size: 2\n'
        'input {{ name: "x" data_type: TYPE_FP32 {} }}\n'
        'output {{ name: "y" data_type: TYPE_FP32 dims: [ 1 ] }}\n'
    )
    path = make(tmp_path, config.format(dims), "x FP32 [-1, 3, 4] -> y FP32 [-1, 1]")
    fix(tmp_path)
    assert path.read_text() == config.format(fixed or dims)


@pytest.mark.parametrize(
    ("step", "fixed"),
    [
        ('{ model_name: "m" input_map', '{ model_name: "m" model_version: -1 input_map'),
        ('{model_name:"m", input_map', '{model_name:"m" model_version: -1, input_map'),
        ('{\n  model_name: "m"  # it\n  input_map', '{\n  model_name: "m"  # it\n  model_version: -1\n  input_map'),
        ('{\r\n\tmodel_name: "m"\r\n\tinput_map', '{\r\n\tmodel_name: "m"\r\n\tmodel_version: -1\r\n\tinput_map'),
    ],
)
def test_a_step_gets_its_version_where_it_looks_right(step: str, fixed: str, tmp_path: Path) -> None:
    ensemble = re.sub(r"\{\s+model_name.*?input_map", "STEP", STEP, flags=re.DOTALL)
    make(tmp_path, GOOD)
    path = make(tmp_path, ensemble.replace("STEP", step), "", name="e")
    assert fix(tmp_path).report.ok
    assert path.read_bytes().decode() == ensemble.replace("STEP", fixed)


def test_an_ensemble_is_mended_with_the_model_that_it_uses(tmp_path: Path) -> None:
    good, step = (text.replace('"m"', '"classifier"') for text in (GOOD, STEP))
    config = make(tmp_path, good.replace("max_batch_size", "max_batch_sise"), name="classifier")
    bad = step.replace('key: "pixels"', 'key: "pixel"').replace('"classifier"', '"clasifier"')
    ensemble = make(tmp_path, bad, "", name="e")
    (tmp_path / "e" / "1").rmdir()
    fixes = fix(tmp_path)
    assert fixes.directories == (tmp_path / "e" / "1",)
    assert [p.name for p in (tmp_path / "e" / "1").iterdir()] == [".gitkeep"]
    assert (errors(fixes.report), config.read_text(), ensemble.read_text()) == ([], good, step)
    assert fix(tmp_path).places == 0


def test_a_version_directory_is_made_for_ensembles_only(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.pbtxt").write_text('backend: "onnxruntime"\n')
    assert fix(tmp_path).places == 0
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["config.pbtxt"]


@pytest.mark.parametrize(
    "config",
    [
        GOOD.replace("max_batch_size: 8", "max_batch_size: lots"),
        GOOD.replace("TYPE_FP32\n", "TYPE_FP\n"),
        GOOD.replace('name: "pixels"', 'name: "images"'),
        GOOD.replace("max_batch_size: 8", "max_batch_sise: 8\nmax_batch_size: 4"),
        GOOD.replace("max_batch_size: 8", "batch: 8"),
        GOOD + "dynamic_batching { }\n",
        GOOD + "sequence_baching { }\n",
        GOOD.replace('name: "m"', "name: my model"),
        '{ "name": "m" }',
        'backend: "python\n',
    ],
)
def test_what_is_not_certain_is_left_alone(config: str, tmp_path: Path) -> None:
    path = make(tmp_path, config)
    before = path.stat().st_ino
    fixes = fix(tmp_path)
    assert not fixes.report.ok
    assert (path.read_text(), path.stat().st_ino, fixes.places) == (config, before, 0)
    assert not any(d.fixable for d in fixes.report.diagnostics)


def test_a_repair_that_would_show_another_error_is_withheld_and_said(tmp_path: Path) -> None:
    bad = GOOD.replace("dynamic_batching", "dynamic_baching").replace("[ 4, 8 ]", "[ 4, 16 ]")
    path = make(tmp_path, bad)
    fixes = fix(tmp_path)
    assert path.read_text() == bad
    [(file, diagnostic)] = fixes.withheld
    assert (file, diagnostic.rule) == (path, "preferred-batch-size-too-large")


def test_a_name_that_two_inputs_are_near_to_is_given_to_neither(tmp_path: Path) -> None:
    config = (
        'backend: "onnxruntime"\n'
        'input [ { name: "imagee" data_type: TYPE_FP32 dims: [ 1 ] },\n'
        '        { name: "imagge" data_type: TYPE_FP32 dims: [ 1 ] } ]\n'
        'output { name: "y" data_type: TYPE_FP32 dims: [ 1 ] }\n'
    )
    path = make(tmp_path, config, "image FP32 [1], other FP32 [1] -> y FP32 [1]")
    fix(tmp_path)
    assert path.read_text() == config


def test_names_that_differ_in_a_number_are_not_near(tmp_path: Path) -> None:
    config = GOOD.replace("pixels", "pixels_1")
    path = make(tmp_path, config, SIGNATURE.replace("pixels", "pixels_2"))
    fix(tmp_path)
    assert path.read_text() == config


def test_only_chosen_rules_are_fixed(tmp_path: Path) -> None:
    bad = GOOD.replace('name: "m"', 'name: "n"').replace("[ 3, 224, 224 ]", "[ 3, 9, 9 ]")
    path = make(tmp_path, bad)
    fix(tmp_path, select=["name-mismatch"])
    assert path.read_text() == GOOD.replace("[ 3, 224, 224 ]", "[ 3, 9, 9 ]")
    fix(tmp_path, ignore=["onnx-dims"])
    assert path.read_text() == GOOD.replace("[ 3, 224, 224 ]", "[ 3, 9, 9 ]")
    fix(tmp_path)
    assert path.read_text() == GOOD


def test_a_silenced_finding_is_not_fixed(tmp_path: Path) -> None:
    config = GOOD.replace('name: "m"', 'name: "n"  # tk: ignore[name-mismatch]')
    path = make(tmp_path, config)
    fix(tmp_path)
    assert path.read_text() == config


def test_a_file_of_two_models_is_not_mended_for_one_at_the_other_s_cost(tmp_path: Path) -> None:
    path = make(tmp_path, GOOD)
    make(tmp_path, "", name="n")
    (tmp_path / "n" / "config.pbtxt").unlink()
    (tmp_path / "n" / "config.pbtxt").symlink_to(path)
    fix(tmp_path)
    assert path.read_text() == GOOD
    assert (tmp_path / "n" / "config.pbtxt").is_symlink()


def test_bytes_that_are_no_text_survive(tmp_path: Path) -> None:
    bad = GOOD.replace("max_batch_size: 8", "max_batch_sise: 8").encode().replace(b"the shop", b"caf\xe9 \xff\xc3\xa9")
    path = make(tmp_path, bad)
    fix(tmp_path)
    assert path.read_bytes() == bad.replace(b"sise", b"size")


WORDS = re.compile(r"[A-Za-z_]{4,}|[:\[\]{},\"]")
_SPOTS = [m.span() for m in WORDS.finditer(re.sub(r"#.*", lambda m: " " * len(m[0]), GOOD))]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The good configuration after some slips of the keyboard outside comments."""
    text = GOOD
    for _ in range(draw(st.integers(1, 3))):
        start, end = draw(st.sampled_from(_SPOTS))
        at = draw(st.integers(start, end - 1))
        if at >= len(text) - 1 or "#" in text[text.rfind("\n", 0, at) + 1 : at + 2]:
            continue
        kind = draw(st.sampled_from(["drop", "double", "swap", "other", "blank"]))
        letter = draw(st.sampled_from('abcdeksxyz_0,;:="'))
        match kind:
            case "drop":
                text = text[:at] + text[at + 1 :]
            case "double":
                text = text[:at] + text[at] + text[at:]
            case "swap":
                text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            case "other":
                text = text[:at] + letter + text[at + 1 :]
            case _:
                text = text[:at] + " " + text[at:]
    return text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated())
def test_after_any_typing_mistakes_the_file_is_better_or_untouched(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m" / "config.pbtxt"
    if not path.parent.exists():
        make(tmp_path, GOOD)
    path.write_text(text)
    before = lint(tmp_path)
    fixes = fix(tmp_path)
    new = path.read_text()
    after = lint(tmp_path)
    assert errors(after) == errors(fixes.report)
    assert len(parse(new).problems) <= len(parse(text).problems)
    if new == text:
        assert errors(after) == errors(before)
    else:
        assert after.ok or len(errors(after)) < len(errors(before))
        assert set(errors(after)) <= set(errors(before))
    assert {c.lstrip("/# ") for c in comments(text)} <= {c.lstrip("/# ") for c in comments(new)}
    assert fix(tmp_path).places == 0
    assert path.read_text() == new


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("name", "name", 0),
        ("nmae", "name", 1),
        ("nam", "name", 1),
        ("namee", "name", 1),
        ("mane", "name", 2),
        ("", "ab", 2),
        ("abcdef", "ab", None),
    ],
)
def test_slips_are_counted(one: str, other: str, count: int | None) -> None:
    assert slips(one, other, 2) == slips(other, one, 2) == count
