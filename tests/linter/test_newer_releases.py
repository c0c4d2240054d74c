"""Rules about what the releases after 24.10 do differently: where each begins and ends, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example, write

from triton_kit.cli import run
from triton_kit.linter.completed import show_completed
from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.options import options
from triton_kit.linter.pages import page
from triton_kit.linter.rule import load_rules

UNSEEN = "not seen on a server"
"""What the page of a rule says that no server has confirmed."""

ENVIRONMENT = """backend: "python"
parameters { key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" } }
-- 1/model.py
class TritonPythonModel: pass
"""


def found(example: str, root: Path, rule: str, release: str) -> list[str]:
    """What one rule says of the model of an example, judged for a release."""
    report = lint_example(f"-- tk validate --release {release}\n{example}", root / release)
    return [d.message for d in report.diagnostics if d.rule == rule]


def python(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f'backend: "python"\n-- 1/model.py\nclass TritonPythonModel:\n{lines}\n'


SEEN = {"element-count-overflow", "incomplete-metric"}
"""Rules of newer releases that core of 26.06 bears out, see ``test_core_releases``."""

OLDER = {"fil-output-class"}
"""Rules about what the releases up to 24.10 do as well."""

GONE = (25, 3)
"""The release from which on there is no TensorFlow backend: what ends with it is about the releases before."""


def newer_rules() -> list[str]:
    """The rules that are about releases after the one whose verdicts we have, or end after it."""
    bounds = {name: (rule.since, rule.until) for name, rule in load_rules().items()}
    return [n for n, (since, until) in bounds.items() if (since and since > (24, 10)) or (until and until > GONE)]


@pytest.mark.parametrize(
    "name", sorted({*newer_rules(), "onnx-parameter-of-newer-release", "batch-strategy"} - SEEN - OLDER)
)
def test_the_page_of_a_rule_that_no_server_confirmed_says_so(name: str) -> None:
    assert UNSEEN in " ".join(page(load_rules()[name]).reason)


def test_ordering_is_lost_in_a_range_of_releases_alone(tmp_path: Path) -> None:
    example = "max_batch_size: 8\ndynamic_batching { preserve_ordering: true }"
    spoken = [
        r for r in ("25.08", "25.09", "26.01", "26.08", "26.09") if found(example, tmp_path, "ordering-not-kept", r)
    ]
    assert spoken == ["25.09", "26.01", "26.08"]
    off = "max_batch_size: 8\ndynamic_batching { preserve_ordering: false }"
    assert not found(off, tmp_path / "off", "ordering-not-kept", "26.01")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def is_ready(self):\n    return True", None),
        ("async def is_ready(self):\n    return await self.check()", None),
        ("def is_ready(self):\n    return self.loaded", None),
        ("def is_ready(self, strict=False):\n    return not strict", None),
        ("@staticmethod\ndef is_ready():\n    return True", None),
        ("def execute(self, requests):\n    other.is_ready = True\n    is_ready = True", None),
        ("def set(self):\n    self.is_ready = self.make()", None),
        ("class Other:\n    def set(self):\n        self.is_ready = True", None),
        ("def is_ready(self):\n    pass", "is_ready never returns True or False: the model is never ready"),
        (
            "async def is_ready(self):\n    return 'yes'",
            "is_ready never returns True or False: the model is never ready",
        ),
        ("def is_ready(self):\n    raise NotImplementedError", "is_ready only raises: the model is never ready"),
        (
            "def is_ready(self, x):\n    return True",
            "is_ready is called without arguments from 26.03 on, and needs some",
        ),
        ("def is_ready(self, *, x):\n    return True", "is_ready is called without arguments from 26.03 on, and needs"),
        ("@staticmethod\ndef is_ready(x):\n    return True", "is_ready is called without arguments from 26.03 on"),
        (
            "@property\ndef is_ready(self):\n    return True",
            "is_ready is a property, and from 26.03 on the server calls",
        ),
        ("is_ready = True", "is_ready is a value, and from 26.03 on the server calls it: the model is never ready"),
        ("is_ready: bool = False", "is_ready is a value, and from 26.03 on the server calls it"),
        ("def initialize(self, args):\n    self.is_ready = 1 > 0", "is_ready is a value, and from 26.03 on the server"),
    ],
)
def test_a_method_that_the_server_now_calls_must_say_true_or_false(body: str, said: str | None, tmp_path: Path) -> None:
    messages = found(python(body), tmp_path, "python-is-ready", "26.03")
    assert bool(messages) == (said is not None)
    assert not said or messages[0].startswith(said)
    assert not found(python(body), tmp_path, "python-is-ready", "26.02")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("lib/a..so", None),
        ("lib64 -> lib", None),
        ("lib/b -> /usr/lib", None),
        ("../lib/a.so", "the entry '../lib/a.so' of the execution environment has '..' in it"),
        ("lib/../../a.so", "the entry 'lib/../../a.so' of the execution environment has '..' in it"),
        ("/lib/a.so", "the entry '/lib/a.so' of the execution environment is an absolute path"),
        ("lib64 -> lib, lib64/a.so", "the entry 'lib64/a.so' of the execution environment lies behind a link"),
        ("lib64 -> lib, lib64/x/a.so", "the entry 'lib64/x/a.so' of the execution environment lies behind a link"),
        ("lib64 -> lib, lib64, lib64/a.so", None),
    ],
)
def test_an_environment_with_entries_that_lead_out_of_it_is_refused(
    entries: str, said: str | None, tmp_path: Path
) -> None:
    example = f"{ENVIRONMENT}-- env.tar.gz environment 3.12 with {entries}"
    messages = found(example, tmp_path, "execution-environment-entries", "26.06")
    assert messages == ([f"{said}, which the server refuses to unpack"] if said else [])
    assert not found(example, tmp_path, "execution-environment-entries", "26.05")


def test_what_is_no_archive_has_no_entries(tmp_path: Path) -> None:
    for name, file in (("missing", ""), ("text", "-- env.tar.gz\nnot an archive")):
        assert not found(ENVIRONMENT + file, tmp_path / name, "execution-environment-entries", "26.06")


def test_hooks_of_conda_are_found_in_an_archive_and_in_a_directory(tmp_path: Path) -> None:
    said = ["the execution environment has the hook 'etc/conda/activate.d/libs.sh', which is not run from 25.08 on"]
    packed = f"{ENVIRONMENT}-- env.tar.gz environment 3.12 with etc/conda/activate.d/libs.sh"
    unpacked = f"{ENVIRONMENT}-- env.tar.gz/bin/activate\n-- env.tar.gz/etc/conda/activate.d/libs.sh\nexport A=1"
    for name, example in (("packed", packed), ("unpacked", unpacked)):
        assert found(example, tmp_path / name, "execution-environment-hooks", "25.08") == said
        assert not found(example, tmp_path / name, "execution-environment-hooks", "25.07")
    empty = f"{ENVIRONMENT}-- env.tar.gz/bin/activate\n-- env.tar.gz/etc/conda/activate.d/"
    assert not found(empty, tmp_path / "empty", "execution-environment-hooks", "25.08")


def test_a_stub_may_have_a_blank_in_its_name_once_no_shell_reads_it(tmp_path: Path) -> None:
    for name, before, after in (("a b", True, False), ("a;b", True, True), ("a-b", False, False), ("a#b", False, True)):
        example = f'backend: "python"\ninstance_group [ {{ name: "{name}" }} ]'
        for release, expected in (("25.07", before), ("25.08", after), ("26.10", after)):
            assert bool(found(example, tmp_path / name, "python-model-name", release)) == expected, (name, release)


def test_a_missing_stub_hangs_the_server_before_25_08_and_is_an_error_from_then_on(tmp_path: Path) -> None:
    example = 'backend: "python"\n-- 1/main.py\nclass TritonPythonModel: pass'
    missing = "the model file 1/model.py does not exist"
    assert found(example, tmp_path, "python-file-missing", "25.07") == [f"hangs the server: {missing}"]
    assert found(example, tmp_path, "python-file-missing", "25.08") == [missing]


RUNTIME = 'backend: "pytorch"\nruntime: "model.py"\n'
BOTH = "-- 1/model.py\nimport torch\n-- 1/model.pt forward(x: Tensor) -> Tensor"


@pytest.mark.parametrize(
    ("example", "releases"),
    [
        (RUNTIME + BOTH, ["26.04", "26.06", "26.08"]),
        (RUNTIME + 'default_model_filename: "model.py"\n' + BOTH, []),
        (RUNTIME + 'platform: "pytorch_libtorch"\n' + BOTH, []),
        (RUNTIME + "-- 1/model.py\nimport torch", []),
        (RUNTIME + "-- 1/model.pt forward(x: Tensor) -> Tensor", []),
    ],
    ids=["both", "named", "platform", "code alone", "archive alone"],
)
def test_the_runtime_of_pytorch_takes_the_other_file_in_a_range_of_releases(
    example: str, releases: list[str], tmp_path: Path
) -> None:
    asked = ("24.10", "26.03", "26.04", "26.06", "26.08", "26.09", "26.10")
    assert [r for r in asked if found(example, tmp_path, "pytorch-runtime-other-file", r)] == releases


@pytest.mark.parametrize(
    ("release", "name"), [("24.10", None), ("26.03", None), ("26.06", "model.pt"), ("26.09", None)]
)
def test_the_completed_configuration_names_the_file_that_core_fills_in(
    release: str, name: str | None, tmp_path: Path
) -> None:
    model = tmp_path / "m"
    model.mkdir()
    tensors = "".join(
        f'{s} {{ name: "{s.upper()}__0" data_type: TYPE_FP32 dims: [ 4 ] }}\n' for s in ("input", "output")
    )
    (model / "config.pbtxt").write_text(RUNTIME + tensors)
    write(model, "1/model.py", "import torch")
    text = show_completed([str(model)], options(release=release))
    assert ("default_model_filename" in text) == (name is not None)
    assert name is None or f'default_model_filename: "{name}"' in text


AOTI = """platform: "torch_aoti"
input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
parameters { key: "INFERENCE_MODE" value { string_value: "banana" } }
"""


def test_a_parameter_that_is_never_read_is_told_once(tmp_path: Path) -> None:
    report = lint_example(f"-- tk validate --release 26.06\n{AOTI}", tmp_path)
    assert [(d.rule, d.severity) for d in report.diagnostics] == [("aoti-parameters-ignored", Severity.WARNING)]
    libtorch = AOTI.replace("torch_aoti", "pytorch_libtorch")
    report = lint_example(f"-- tk validate --release 26.06\n{libtorch}", tmp_path / "libtorch")
    assert "parameter-not-a-boolean" in {d.rule for d in report.diagnostics}


@pytest.mark.parametrize("release", ["24.10", "26.03", "26.04", "26.08"])
@pytest.mark.parametrize("backend", ["", 'backend: "pytorch"\n'])
def test_libtorch_is_meant_to_be_pytorch_libtorch(release: str, backend: str, tmp_path: Path) -> None:
    example = (
        f'-- tk validate --release {release}\n{backend}platform: "libtorch"\n-- 1/model.pt forward(x: Tensor) -> Tensor'
    )
    errors = [d for d in lint_example(example, tmp_path).diagnostics if "platform" in d.rule]
    assert len(errors) == 1
    assert "pytorch_libtorch" in str(errors[0].help)
    assert "torch_aoti" not in str(errors[0].help)


def test_a_target_device_is_heeded_from_25_10_on(tmp_path: Path) -> None:
    for device, spoken in (("GPU", True), ("AUTO", True), ("CPU", False), ("cpu", False)):
        example = f"""backend: "openvino"
        parameters {{ key: "TARGET_DEVICE" value {{ string_value: "{device}" }} }}
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]""".replace("        ", "")
        assert bool(found(example, tmp_path / device, "openvino-target-device", "25.09")) == spoken
        assert not found(example, tmp_path / device, "openvino-target-device", "25.10")


def test_a_device_allocator_is_read_from_25_02_on(tmp_path: Path) -> None:
    key = "session.use_device_allocator_for_initializers"
    example = f'backend: "onnxruntime"\nparameters {{ key: "{key}" value {{ string_value: "1" }} }}'
    assert found(example, tmp_path, "onnx-parameter-of-newer-release", "25.01") == [f"{key} is not read before 25.02"]
    assert not found(example, tmp_path, "onnx-parameter-of-newer-release", "25.02")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipe-line_2.v1.dali", None),
        ("pipe+line.dali", "the name of the file, 'pipe+line.dali', has '+', which the dali backend refuses"),
        ("pipe..dali", "the name of the file, 'pipe..dali', has '..', which the dali backend refuses"),
        ("sub/pipe.dali", "the name of the file, 'sub/pipe.dali', has '/', which the dali backend refuses"),
    ],
)
def test_the_names_of_dali_are_plain_from_25_07_on(name: str, said: str | None, tmp_path: Path) -> None:
    example = f'backend: "dali"\ndefault_model_filename: "{name}"\n-- 1/{name}\npipeline'
    assert found(example, tmp_path, "dali-file-name", "25.07") == ([said] if said else [])
    assert not found(example, tmp_path, "dali-file-name", "25.06")


def test_a_model_of_dali_has_a_plain_name_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my model" / "1").mkdir(parents=True)
    (tmp_path / "my model" / "config.pbtxt").write_text('backend: "dali"\n')
    (tmp_path / "my model" / "1" / "model.dali").write_text("pipeline")
    assert run(["validate", str(tmp_path), "--release", "25.07"]) == 1
    assert "the name of the model, 'my model', has ' ', which the dali backend refuses" in capsys.readouterr().out


@pytest.mark.parametrize(("release", "refused"), [("26.02", True), ("26.03", False)])
def test_bf16_is_taken_by_onnx_from_26_03_on(release: str, refused: bool, tmp_path: Path) -> None:
    example = """input { name: "x" data_type: TYPE_BF16 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
-- 1/model.onnx x BF16 [4] -> y FP32 [4]"""
    assert bool(found(f'backend: "onnxruntime"\n{example}', tmp_path, "bf16-before-release", release)) == refused
