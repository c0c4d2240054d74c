"""Reading a model.py without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.python import PythonModel, parse, read

SOURCE = b"""
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config): return config
    def initialize(self, args): ...
    def execute(self, requests):
        for request in requests:
            image = pb_utils.get_input_tensor_by_name(request, "IMAGE")
            size = pb_utils.get_input_tensor_by_name(request, name="SIZE")
            other = pb_utils.get_input_tensor_by_name(request, self.other)
            out = pb_utils.Tensor("SCORES", image.as_numpy())
            twice = pb_utils.Tensor("SCORES", image.as_numpy())
"""


def test_a_model_tells_its_methods_and_the_tensors_it_names(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(SOURCE)
    assert read(path) == PythonModel(
        has_class=True,
        methods=("auto_complete_config", "initialize", "execute"),
        inputs=("IMAGE", "SIZE"),
        outputs=("SCORES",),
    )


@pytest.mark.parametrize(
    "source",
    [
        b"from mine import TritonPythonModel",
        b"from mine import Model as TritonPythonModel",
        b"from mine import *",
        b"class M: pass\nTritonPythonModel = M",
        b"try:\n    class TritonPythonModel: pass\nexcept ImportError: pass",
        b"if True:\n    from a import TritonPythonModel",
    ],
)
def test_the_class_may_come_from_anywhere(source: bytes) -> None:
    assert parse(source).has_class


@pytest.mark.parametrize(
    "source",
    [
        b"x = 1",
        b"class Model: pass",
        b"def f():\n    TritonPythonModel = 1",
        b"class A:\n  class TritonPythonModel: pass",
    ],
)
def test_a_module_without_the_class_is_told(source: bytes) -> None:
    model = parse(source)
    assert not model.has_class
    assert model.fault is None


def test_a_syntax_error_has_its_place() -> None:
    fault = parse(b"x = 1\ndef f(:\n").fault
    assert fault
    assert (fault.line, fault.column) == (2, 7)


@pytest.mark.parametrize("source", [b"\0", b"\xff\xfe", b"(" * 5000, b"# coding: nonsense\n", b"-" * 100_000 + b"1"])
def test_what_is_no_python_is_a_fault_and_nothing_worse(source: bytes) -> None:
    assert parse(source).fault


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\nx = '\\d'\n")
    assert not read(path).has_class
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="does not exist"):
        read(tmp_path / "model.py")
