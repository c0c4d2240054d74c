"""Reading a model.py without running it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    found = read(path)
    assert [(use.kind, use.line, use.column, use.end_column) for use in found.uses][:1] == [("input", 10, 64, 71)]
    assert replace(found, uses=()) == PythonModel(
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
    ids=["imported", "renamed", "star", "assigned", "in a try", "in an if"],
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
    ids=["no class", "another class", "in a function", "in a class"],
)
def test_a_module_without_the_class_is_told(source: bytes) -> None:
    model = parse(source)
    assert not model.has_class
    assert model.fault is None


def test_a_syntax_error_has_its_place() -> None:
    fault = parse(b"x = 1\ndef f(:\n").fault
    assert fault
    assert (fault.line, fault.column) == (2, 7)


@pytest.mark.parametrize(
    "source",
    [b"\0", b"\xff\xfe", b"(" * 5000, b"# coding: nonsense\n", b"-" * 100_000 + b"1"],
    ids=["zero byte", "no UTF-8", "parentheses", "no such coding", "minuses"],
)
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


HEAD = "import triton_python_backend_utils as pb\n"


def uses(source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = parse((HEAD + source).encode())
    assert not found.fault
    return found.inputs, found.outputs


@pytest.mark.parametrize(
    "source",
    [
        'pb.get_input_tensor_by_name(r, "X")',
        'pb.get_input_tensor_by_name(r, name="X")',
        'N = "X"\ndef f(r): pb.get_input_tensor_by_name(r, N)',
        'N: str = "X"\ndef f(r): pb.get_input_tensor_by_name(r, N)',
        'def f(r):\n    n = "X"\n    pb.get_input_tensor_by_name(r, n)',
        'class TritonPythonModel:\n    N = "X"\n    def f(self, r): pb.get_input_tensor_by_name(r, self.N)',
        'class M:\n    def i(self): self.n = "X"\n    def f(self, r): pb.get_input_tensor_by_name(r, self.n)',
        'from triton_python_backend_utils import get_input_tensor_by_name as g\ng(r, "X")',
        'from triton_python_backend_utils import *\nget_input_tensor_by_name(r, "X")',
        'import other\nother.pb.get_input_tensor_by_name(r, "X")',
    ],
)
def test_a_name_is_found_through_aliases_and_constants(source: str) -> None:
    assert uses(source) == (("X",), ())


@pytest.mark.parametrize(
    "source",
    [
        "pb.get_input_tensor_by_name(r, n)",
        "pb.get_input_tensor_by_name(r, 'a' + 'b')",
        "pb.get_input_tensor_by_name(r, f'x{i}')",
        "pb.get_input_tensor_by_name(*a, 'X')",
        "pb.get_input_tensor_by_name(r)",
        "N = 'X'\nN = 'Y'\npb.get_input_tensor_by_name(r, N)",
        "N = 'X'\ndef f(N): pb.get_input_tensor_by_name(r, N)",
        "N = 'X'\ndef f():\n    global N\n    N = g()\npb.get_input_tensor_by_name(r, N)",
        "N = 'X'\nfor N in g(): pb.get_input_tensor_by_name(r, N)",
        "N = 'X'\nif (N := g()): pb.get_input_tensor_by_name(r, N)",
        "n = 'X'\n[pb.get_input_tensor_by_name(r, n) for n in g()]",
        "class M:\n def i(self):\n  self.n = 'X'\n  self.n = g()\n def f(self): pb.get_input_tensor_by_name(r, self.n)",
        "N = 'X'\nwith open() as N: pb.get_input_tensor_by_name(r, N)",
        "N = 'X'\ntry: f()\nexcept E as N: pb.get_input_tensor_by_name(r, N)",
        "N = 'X'\nimport N\npb.get_input_tensor_by_name(r, N)",
        "N = 'X'\nN, M = g()\npb.get_input_tensor_by_name(r, N)",
        "N = 'X'\nN += 'Y'\npb.get_input_tensor_by_name(r, N)",
        "def f(*N): pb.get_input_tensor_by_name(r, N)",
        "def f(r, n='X'): pb.get_input_tensor_by_name(r, n)",
        "import torch\ntorch.Tensor('X')",
        "Tensor('X')",
        "config['input'][0]['name']\npb.get_input_tensor_by_name(r, config['input'][0]['name'])",
    ],
)
def test_a_name_that_may_be_another_is_left_out(source: str) -> None:
    assert uses(source) == ((), ())


@pytest.mark.parametrize(
    "source",
    [
        'pb.Tensor("Y", a)',
        'pb.Tensor.from_dlpack("Y", a)',
        'from triton_python_backend_utils import Tensor as T\nT("Y", a)',
        'from triton_python_backend_utils import Tensor\nTensor.from_dlpack("Y", a)',
    ],
)
def test_an_output_is_what_a_tensor_is_made_for(source: str) -> None:
    assert uses(source) == ((), ("Y",))


def test_a_model_that_asks_others_is_told() -> None:
    assert parse((HEAD + "pb.InferenceRequest(inputs=[pb.Tensor('a', b)])").encode()).calls_others
    assert not parse((HEAD + "pb.Tensor('a', b)").encode()).calls_others


@pytest.mark.parametrize(
    ("source", "inputs"),
    [
        (b"\xef\xbb\xbf# BOM\nget_input_tensor_by_name(r, 'X')\nm.get_input_tensor_by_name(r, 'X')", ("X",)),
        ("# coding: latin-1\nm.get_input_tensor_by_name(r, '\xe9')".encode("latin-1"), ("\xe9",)),
        ("m.get_input_tensor_by_name(r, '\u540d')".encode(), ("\u540d",)),
    ],
    ids=["byte order mark", "latin-1", "UTF-8"],
)
def test_an_encoding_is_respected(source: bytes, inputs: tuple[str, ...]) -> None:
    assert parse(source).inputs == inputs


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda t: t.encode("utf-8", "replace")))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_a_model_or_a_fault(source: bytes) -> None:
    assert isinstance(parse(source), PythonModel)


@given(st.lists(st.tuples(st.integers(0, len(SOURCE)), st.sampled_from("()[]{}:=.,'\"\n \t\0#@*\u00e9x0")), max_size=8))
@settings(max_examples=300, deadline=None)
def test_a_damaged_model_is_a_model_or_a_fault(edits: list[tuple[int, str]]) -> None:
    text = SOURCE.decode()
    for at, piece in edits:
        text = text[:at] + piece + text[at + 1 :]
    assert isinstance(parse(text.encode()), PythonModel)
