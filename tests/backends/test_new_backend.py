"""A backend that is new: CONTRIBUTING.md says what makes one, and nothing else is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODULE = '''\
"""The Imaginary backend: a file of dreams."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.types import Signature

name = "imaginary"
platforms: tuple[str, ...] = ()
default_file = "model.dream"
suffixes = (".dream",)
last_release: str = NEWEST
facts = Facts(responses="many", kinds=("KIND_CPU", "KIND_AUTO"), opens_file=True, shipped=True)


def recognise(path: Path) -> FileKind | None:
    return FileKind(platform="", default_file=default_file) if path.suffix.lower() in suffixes else None


def read(path: Path) -> Signature | None:
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:
    return ()
'''


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one more backend: a module, a line and the folder of a template."""
    root = tmp_path_factory.mktemp("tree")
    unwanted = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    for name in ("triton_kit", "templates", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "triton_kit/backends/imaginary.py").write_text(MODULE)
    table = root / "triton_kit/backends/table.py"
    text = table.read_text()
    table.write_text(text.replace("NAMES = (\n", 'NAMES = (\n    "imaginary",\n'))
    assert table.read_text() != text
    template = shutil.copytree(ROOT / "templates/config/openvino", root / "templates/config/imaginary")
    for file in template.iterdir():
        file.write_text(file.read_text().replace("openvino", "imaginary"))
    return root


def python(tree: Path, *arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    environment["PYTHONPATH"] = str(tree)
    return subprocess.run([sys.executable, *arguments], cwd=at, env=environment, capture_output=True, text=True)


def test_its_models_are_added_and_judged(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "net.dream").write_bytes(b"z")
    (tmp_path / "model_repository").mkdir()
    tensors = ["--input", "x:FP32:4", "--output", "y:FP32:4"]
    add = python(tree, "-m", "triton_kit", "add", "m", "--from", "net.dream", *tensors, "--decoupled", at=tmp_path)
    assert add.returncode == 0, add.stderr
    model = tmp_path / "model_repository/m"
    assert (model / "1/model.dream").read_bytes() == b"z"
    assert 'backend: "imaginary"' in (model / "config.pbtxt").read_text()
    validate = python(tree, "-m", "triton_kit", "validate", "model_repository", at=tmp_path)
    assert (validate.returncode, validate.stderr) == (0, ""), validate.stdout
    with (model / "config.pbtxt").open("a") as config:
        config.write("instance_group { kind: KIND_GPU }\n")
    validate = python(tree, "-m", "triton_kit", "validate", "model_repository", at=tmp_path)
    assert "the backend 'imaginary' does not run on KIND_GPU" in validate.stdout


@pytest.mark.slow
def test_the_tests_of_backends_and_templates_ask_it(tree: Path) -> None:
    run = python(
        tree, "-m", "pytest", "-n0", "-rp", "tests/backends", "tests/cli/test_fmt.py", "-k", "imaginary", at=tree
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "accepted[imaginary]" in run.stdout
    assert "already[imaginary]" in run.stdout
