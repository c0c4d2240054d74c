"""The backends: which files each takes, what it says of wrong ones, what must travel along."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from model_files import served

from triton_kit.backends import openvino, pytorch, tensorflow, tensorrt
from triton_kit.backends.table import BACKENDS, for_file
from triton_kit.backends.types import Backend, Companion, NeedsValues
from triton_kit.repository.tensor import TensorSpec
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.types import Signature

ROOT = Path(__file__).parents[2]


def archive(path: Path, *names: str) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name in names:
            zipped.writestr(name, b"x")
    path.write_bytes(out.getvalue())
    return path


TORCHSCRIPT = ("net/data.pkl", "net/constants.pkl", "net/code/__torch__.py", "net/version")


@pytest.mark.parametrize("name", BACKENDS)
def test_each_backend_answers_under_its_own_name(name: str) -> None:
    backend = BACKENDS[name]
    assert backend.name == name
    done = backend.complete(
        Signature(
            inputs=(TensorSpec(name="x", dtype="TYPE_FP32", shape=(1, "N")),),
            outputs=(TensorSpec(name="y", dtype="TYPE_FP32", shape=(1,)),),
        ),
        release="24.10",
    )
    assert [(t.name, t.dims) for t in (*done.inputs, *done.outputs)] == [("x", (1, -1)), ("y", (1,))]
    assert done.blockers == ()


def test_the_type_checker_takes_each_module_for_a_backend(tmp_path: Path) -> None:
    # The table imports by name, so nothing else compares a module with the protocol.
    file = tmp_path / "backends.py"
    lines = [
        "from triton_kit.backends.types import Backend, Completer, NeedsValues",
        f"from triton_kit.backends import {', '.join(BACKENDS)}",
        f"backends: tuple[Backend, ...] = ({', '.join(BACKENDS)},)",
    ]
    completers = [name for name in BACKENDS if BACKENDS[name].facts.completes == "signature"]
    lines.append(f"completers: tuple[Completer, ...] = ({', '.join(completers)},)")
    special = [name for name in BACKENDS if isinstance(BACKENDS[name], NeedsValues)]
    lines.append(f"special: tuple[NeedsValues, ...] = ({', '.join(special)},)")
    file.write_text("\n".join(lines))
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--follow-imports", "silent"]
    done = subprocess.run(
        [*command, "--cache-dir", tmp_path / "cache", "--no-pretty", file], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def name_of(backend: Backend | None) -> str | None:
    return backend.name if backend else None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("net.onnx", "onnxruntime"),
        ("NET.ONNX", "onnxruntime"),
        ("net.plan", "tensorrt"),
        ("net.engine", "tensorrt"),
        ("net.pt", "pytorch"),
        ("net.pth", "pytorch"),
        ("net.pt2", "pytorch"),
        ("net.graphdef", "tensorflow"),
        ("frozen.pb", "tensorflow"),
        ("net.xml", "openvino"),
        ("model.py", "python"),
        ("other.py", None),
        ("weights.bin", None),
        ("readme.txt", None),
    ],
)
def test_a_file_is_known_by_its_name(file: str, name: str | None) -> None:
    assert name_of(for_file(Path(file))) == name


def test_a_file_is_known_by_its_first_bytes_where_the_name_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"ptrt\0\0")
    assert name_of(for_file(tmp_path / "a")) == "tensorrt"
    assert name_of(for_file(archive(tmp_path / "b", *TORCHSCRIPT))) == "pytorch"
    assert for_file(archive(tmp_path / "c", "a.txt")) is None
    (tmp_path / "d.xml").write_text("<html/>")
    assert for_file(tmp_path / "d.xml") is None
    (tmp_path / "e.py").write_text("class TritonPythonModel: ...")
    assert name_of(for_file(tmp_path / "e.py")) == "python"


def test_a_saved_model_is_known_by_what_is_in_its_directory(tmp_path: Path) -> None:
    assert for_file(tmp_path) is None
    tensors = [("x", "FP32", (-1, 4))], [("y", "INT64", (-1,)), ("z", "FP16", (-1, 2))]
    (tmp_path / "saved_model.pb").write_bytes(served(*tensors))
    assert name_of(for_file(tmp_path)) == "tensorflow"
    kind = tensorflow.recognise(tmp_path)
    assert kind
    assert (kind.platform, kind.default_file) == ("tensorflow_savedmodel", "model.savedmodel")
    found = tensorflow.read(tmp_path)
    assert found
    assert [(t.name, t.dtype, t.shape) for t in (*found.inputs, *found.outputs)] == [
        ("x", "TYPE_FP32", (None, 4)),
        ("y", "TYPE_INT64", (None,)),
        ("z", "TYPE_FP16", (None, 2)),
    ]
    done = tensorflow.complete(found)
    assert (done.max_batch_size, done.dynamic_batching) == (4, True)
    assert [(t.name, t.dims, t.reshape) for t in done.outputs] == [("y", (1,), ()), ("z", (2,), None)]
    with pytest.raises(ModelFileError, match="only a part of a SavedModel"):
        tensorflow.read(tmp_path / "saved_model.pb")
    assert tensorflow.last_release == "25.02"


def test_a_torchscript_archive_is_told_from_weights_and_from_other_files(tmp_path: Path) -> None:
    assert pytorch.read(archive(tmp_path / "good.pt", *TORCHSCRIPT)) is None
    assert pytorch.read(archive(tmp_path / "a.pt2", "a/data/aotinductor/model/x.so", "a/archive_format")) is None
    (tmp_path / "cut.pt").write_bytes((tmp_path / "good.pt").read_bytes()[:-30])
    (tmp_path / "old.pth").write_bytes(b"\x80\x02\x8a\nl\xfc")
    (tmp_path / "net.pt").write_bytes(b"<!DOCTYPE html><html>")
    for path, said in (
        (archive(tmp_path / "w.pt", "w/data.pkl", "w/data/0"), "holds weights alone"),
        (tmp_path / "old.pth", "holds weights alone"),
        (archive(tmp_path / "z.pt", "a.txt"), "without a model"),
        (tmp_path / "cut.pt", "broken zip archive"),
        (tmp_path / "net.pt", "an HTML page"),
        (tmp_path / "none.pt", "does not exist"),
    ):
        with pytest.raises(ModelFileError, match=said):
            pytorch.read(path)


def test_a_plan_that_is_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.plan"
    path.write_bytes(b"ptrt\0\0")
    assert tensorrt.read(path) is None
    path.write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(ModelFileError, match="is a gzip archive, not a TensorRT plan"):
        tensorrt.read(path)


def test_types_that_a_backend_does_not_take_are_said() -> None:
    model = Signature(inputs=(TensorSpec(name="x", dtype="TYPE_INT64", shape=(1,)),), outputs=())
    assert tensorrt.complete(model, release="24.04").blockers == (
        "input 'x' is TYPE_INT64, which this backend does not take",
    )
    assert not tensorrt.complete(model, release="24.05").blockers


IR = """<?xml version="1.0"?>
<net name="n" version="11">
  <layers>
    <layer id="0" name="image" type="Parameter" version="opset1">
      <data shape="?,3,8" element_type="f32"/>
      <output><port id="0" precision="FP32" names="image,alias"><dim>-1</dim><dim>3</dim><dim>8</dim></port></output>
    </layer>
    <layer id="1" name="top" type="TopK" version="opset1">
      <input><port id="0" precision="FP32"><dim>-1</dim></port></input>
      <output><port id="1" precision="I64" names="best"><dim>-1</dim><dim>5</dim></port></output>
    </layer>
    <layer id="2" name="best/sink" type="Result" version="opset1">
      <input><port id="0" precision="I64"><dim>-1</dim><dim>5</dim></port></input>
    </layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
    <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
  </edges>
</net>
"""


def test_an_openvino_ir_tells_its_tensors_and_its_weights_travel_along(tmp_path: Path) -> None:
    path = tmp_path / "net.xml"
    path.write_text(IR)
    found = openvino.read(path)
    assert found == Signature(
        inputs=(TensorSpec(name="alias", dtype="TYPE_FP32", shape=(None, 3, 8)),),
        outputs=(TensorSpec(name="best", dtype="TYPE_INT64", shape=(None, 5)),),
    )
    with pytest.raises(ModelFileError, match=r"has no net\.bin beside it"):
        openvino.companions(path)
    (tmp_path / "net.bin").touch()
    assert openvino.companions(path) == (Companion(source=tmp_path / "net.bin", target="model.bin"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (IR[:200], "broken XML"),
        ("<a/>", "XML of 'a'|an XML|not an OpenVINO IR"),
        ('<?xml version="1.0"?><a/>', "XML of 'a'"),
        ('<?xml version="1.0"?><!DOCTYPE n [<!ENTITY a "b">]><net>&a;</net>', "document type"),
        ('<?xml version="1.0" encoding="cp037"?><net/>', "not in UTF-8"),
        ("<?xml version='1.0' encoding='utf-16'?><net/>", "not in UTF-8"),
        ("", "is empty"),
        ("hello", "a text file"),
    ],
)
def test_an_ir_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.xml"
    path.write_text(text)
    with pytest.raises(ModelFileError, match=said):
        openvino.read(path)
