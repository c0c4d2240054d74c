"""Every format that tk knows: added, rendered again, accepted by the linter, and served where that can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from model_files import archive, library, openvino_ir, served, torchscript
from running_server import address, serving
from scaffold_models import write_onnx

from triton_kit.backends.table import BACKENDS
from triton_kit.cli import run
from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.repository.release_name import NEWEST
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.local import LocalRuntime

FORESTS = Path(__file__).parent.parent / "signature" / "data" / "forests"

X_Y = ["--input", "x:FP32:4", "--output", "y:FP32:4"]
PYTHON = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse(
                output_tensors=[pb_utils.Tensor("y", pb_utils.get_input_tensor_by_name(r, "x").as_numpy())]
            )
            for r in requests
        ]
"""


def saved_model(path: Path) -> Path:
    path.mkdir()
    (path / "saved_model.pb").write_bytes(served([("x", "FP32", (-1, 4))], [("y", "FP32", (-1, 4))]))
    return path


def ir(path: Path) -> Path:
    path.write_text(openvino_ir([("x", "FP32", [1, 4])], [("y", "FP32", [1, 4])]))
    path.with_suffix(".bin").write_bytes(bytes(64))
    return path


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def engine(path: Path) -> Path:
    path.mkdir()
    (path / "rank0.engine").write_bytes(b"ftrt")
    (path / "config.json").write_text(json.dumps({"build_config": {"max_batch_size": 16}}))
    return path


def forest(name: str) -> Callable[[Path], list[str]]:
    return lambda _: ["--from", str(FORESTS / name)]


@dataclass(frozen=True)
class Row:
    """A format that a backend's module does not tell all of: the arguments that add it, the fields that its config must
    have, the files of its folder."""

    backend: str
    arguments: Callable[[Path], list[str]]
    config: dict[str, object]
    files: tuple[str, ...]
    served: bool = False


def fil(name: str, file: str, *, kind: str, classifies: bool = False) -> Row:
    parameters = {
        "model_type": {"string_value": kind},
        "output_class": {"string_value": str(classifies).lower()},
        **({"threshold": {"string_value": "0.5"}} if classifies else {}),
    }
    config = {
        "backend": "fil",
        "max_batch_size": 32768,
        "input": [{"name": "input__0", "data_type": "TYPE_FP32", "dims": [4]}],
        "output": [{"name": "output__0", "data_type": "TYPE_FP32", "dims": [1]}],
        "parameters": parameters,
    }
    return Row("fil", forest(name), config, (f"1/{file}",))


TABLE = {
    "onnxruntime": Row(
        "onnxruntime",
        lambda at: ["--from", str(write_onnx(at / "net.onnx"))],
        {"backend": "onnxruntime", "max_batch_size": 4},
        ("1/model.onnx",),
        served=True,
    ),
    "tensorrt": Row(
        "tensorrt",
        lambda at: ["--from", str(written(at / "net.engine", b"ptrt" + bytes(60))), *X_Y, "--max-batch-size", "8"],
        {"backend": "tensorrt", "max_batch_size": 8},
        ("1/model.plan",),
    ),
    "pytorch": Row(
        "pytorch",
        lambda at: ["--from", str(written(at / "net.pt", torchscript("x: Tensor", "Tensor"))), *X_Y],
        {"backend": "pytorch", "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}]},
        ("1/model.pt",),
    ),
    "pytorch by index": Row(
        "pytorch",
        lambda at: [
            *("--from", str(written(at / "net.pt", torchscript("x: Tensor, z: Tensor", "Tensor")))),
            *("--input", "INPUT__0:FP32:4", "--input", "INPUT__1:FP32:4", "--output", "OUTPUT__0:FP32:4"),
        ],
        {"backend": "pytorch", "output": [{"name": "OUTPUT__0", "data_type": "TYPE_FP32", "dims": [4]}]},
        ("1/model.pt",),
    ),
    "pytorch AOT-Inductor": Row(
        "pytorch",
        lambda at: [
            *("--from", str(written(at / "net.pt2", archive({"data/aotinductor/model/m.so": b""})))),
            *("--input", "INPUT__0:FP32:4", "--output", "OUTPUT__0:FP32:4", "--release", "26.03"),
        ],
        {"backend": "pytorch", "platform": "torch_aoti"},
        ("1/model.pt2",),
    ),
    "tensorflow": Row(
        "tensorflow",
        lambda at: ["--from", str(saved_model(at / "net")), "--release", "25.02"],
        {"backend": "tensorflow", "platform": "tensorflow_savedmodel", "max_batch_size": 4},
        ("1/model.savedmodel/saved_model.pb",),
    ),
    "openvino": Row(
        "openvino",
        lambda at: ["--from", str(ir(at / "net.xml"))],
        {"backend": "openvino", "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [1, 4]}]},
        ("1/model.xml", "1/model.bin"),
    ),
    "python": Row(
        "python",
        # Not model.py: the server's working directory may not hold one.
        lambda at: ["--from", str(written(at / "echo.py", PYTHON)), *X_Y],
        {"backend": "python"},
        ("1/model.py",),
        served=True,
    ),
    "python from scratch": Row(
        "python", lambda _: ["--backend", "python", *X_Y], {"backend": "python"}, ("1/model.py",), served=True
    ),
    "ensemble": Row(
        "ensemble",
        lambda _: ["--backend", "ensemble", *X_Y, "--step", "a_python x=x -> y=y"],
        {"platform": "ensemble"},
        (),
        served=True,
    ),
    "dali": Row(
        "dali",
        lambda at: ["--from", str(written(at / "net.dali", b"\n\x04pipe"))],
        {"backend": "dali"},
        ("1/model.dali",),
    ),
    "dali source": Row(
        "dali",
        lambda at: [
            "--from",
            str(written(at / "p.py", "from nvidia.dali.plugin.triton import autoserialize\n\n@autoserialize\n")),
        ],
        {"backend": "dali"},
        ("1/dali.py",),
    ),
    "fil xgboost json": fil("classes.json", "xgboost.json", kind="xgboost_json", classifies=True),
    "fil xgboost ubj": fil("binary.ubj", "xgboost.ubj", kind="xgboost_ubj", classifies=True),
    "fil xgboost binary": fil("regression.model", "xgboost.model", kind="xgboost"),
    "fil lightgbm": fil("regression.txt", "model.txt", kind="lightgbm"),
    "fil treelite": fil("classes.tl", "checkpoint.tl", kind="treelite_checkpoint", classifies=True),
    "vllm": Row(
        "vllm",
        lambda _: ["--backend", "vllm", "--set", "engine.model=facebook/opt-125m"],
        {"backend": "vllm", "instance_group": [{"kind": "KIND_MODEL", "count": 1}]},
        ("1/model.json",),
    ),
    "vllm from a file": Row(
        "vllm",
        lambda at: ["--from", str(written(at / "model.json", '{"model": "m", "tensor_parallel_size": 2}'))],
        {"backend": "vllm"},
        ("1/model.json",),
    ),
    "tensorrtllm": Row(
        "tensorrtllm",
        lambda at: ["--from", str(engine(at / "llama"))],
        {"backend": "tensorrtllm", "max_batch_size": 16},
        ("1/engine/rank0.engine", "1/engine/config.json"),
    ),
    "custom": Row(
        "custom",
        lambda at: ["--backend", "custom", "--library", str(library(at / "libtriton_mine.so")), *X_Y],
        {"backend": "mine"},
        ("libtriton_mine.so",),
    ),
}


def told_by_its_module(name: str) -> Row:
    """The format of a backend without a row of its own: tensors, and a file of zeros where its model file lies."""
    backend = BACKENDS[name]
    path = f"1/{backend.default_file}"

    def arguments(at: Path) -> list[str]:
        told = ["--backend", name, *(X_Y if backend.facts.needs_tensors else ())]
        if backend.last_release is not None and backend.last_release != NEWEST:
            told += ["--release", backend.last_release]
        if not backend.default_file:
            return told
        file = written(at / backend.default_file, bytes(64))
        kind = backend.recognise(file)
        assert kind is not None, f"{name} does not recognise {file.name}, its default_file: make a row of TABLE for it"
        assert f"1/{kind.default_file}" == path
        return [*told, "--from", str(file)]

    return Row(name, arguments, {"backend": name}, (path,) if backend.default_file else ())


FORMATS = {
    **TABLE,
    **{name: told_by_its_module(name) for name in BACKENDS if name not in {row.backend for row in TABLE.values()}},
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_of_each_format_is_added_rendered_and_accepted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_repository").mkdir()
    row = FORMATS[name]
    if row.backend == "ensemble":
        assert run(["add", "a_python", "--backend", "python", *X_Y]) == 0
    arguments = row.arguments(tmp_path)
    release = arguments[arguments.index("--release") + 1] if "--release" in arguments else "24.10"
    (tmp_path / "tk.yaml").write_text(f"release: '{release}'\nrepository: model_repository\n")
    assert run(["add", "m", *arguments]) == 0, capsys.readouterr().err
    model = tmp_path / "model_repository/m"
    config = parse((model / "config.pbtxt").read_bytes()).message.to_dict()
    assert {key: config.get(key) for key in row.config} == row.config
    for file in row.files:
        assert (model / file).is_file(), sorted(p.relative_to(model).as_posix() for p in model.rglob("*"))
    # Rendered again, it is the same to the byte, so that model.yaml tells all.
    before = (model / "config.pbtxt").read_bytes()
    (model / "config.pbtxt").unlink()
    assert run(["render", "m"]) == 0
    assert (model / "config.pbtxt").read_bytes() == before
    capsys.readouterr()
    assert run(["validate", str(model)]) == 0, capsys.readouterr().out


@pytest.mark.local
def test_the_formats_of_the_embedded_server_load_and_answer(
    embedded: LocalRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    repository = tmp_path / "model_repository"
    repository.mkdir()
    names = {name: f"a_{name}".replace(" ", "_") for name, row in TABLE.items() if row.served}
    for name in sorted(names, key="ensemble".__eq__):
        assert run(["add", names[name], *TABLE[name].arguments(tmp_path)]) == 0
    rows = np.arange(4, dtype=np.float32)
    with (
        serving(embedded, repository, *names.values()) as server,
        connect(address(server, "http"), timeout=30) as client,
    ):
        for name in names.values():
            assert client.model_ready(name)
            batches = name == "a_onnxruntime"
            x = np.stack([rows, rows]) if batches else rows
            answer = client.infer(Inference(model=name, inputs={"x": x}))
            assert answer.outputs, name
            (y,) = answer.outputs.values()
            np.testing.assert_array_equal(y, x + 1 if batches else x)
