"""Whole reports of imports, and whole command lines of trtexec."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import model_files
import pytest
from transcript import files

from triton_kit.convert.profiles import Profile, parse_shapes, profiles
from triton_kit.convert.trtexec import PATH, Build, argv, explain, trtexec
from triton_kit.repository.tensor import TensorSpec

DATA = Path(__file__).parent / "data"
BUILD = Build(
    source=Path("/r/m/1/model.onnx"),
    out=Path("/r/out"),
    cache=Path("/c"),
    release="24.10",
    image="i:24.10",
    name="tk-1",
)
PROFILE = Profile(name="x", least=(1, 4), best=(4, 4), most=(8, 4))
BUILDS = {
    "plain": BUILD,
    "old": replace(BUILD, release="23.03"),
    "first with --skipInference": replace(BUILD, release="23.04"),
    "profiles": replace(BUILD, profiles=(PROFILE, replace(PROFILE, name="a:b"))),
    "half": replace(BUILD, precision="fp16", workspace=512),
    "gpus": replace(BUILD, gpus="0,2", user="1000:1000", pull="never"),
    "cdi": replace(BUILD, gpus="0,2", gpu_way="cdi", pull="always"),
    "podman": replace(BUILD, engine="podman"),
    "comma": replace(BUILD, out=Path("/with,comma"), cache=Path('/with"quote')),
}


def test_the_command_lines_of_trtexec(snapshot):
    assert {name: shlex.join(argv(build)).replace(PATH, "PATH") for name, build in BUILDS.items()} == snapshot
    assert all(argv(build)[-len(trtexec(build)) :] == trtexec(build) for build in BUILDS.values())


LOGS = {
    "refused": (
        125,
        ["docker: Error response from daemon: could not select device driver with capabilities: [[gpu]]."],
    ),
    "no trtexec": (127, []),
    "not executable": (126, []),
    "no GPU": (1, ["[E] CUDA initialization failure with error: 35"]),
    "option": (1, ["[E] Unknown option: --fp16 "]),
    "operator": (1, ["[E] No importer registered for op: Foo"]),
    "plugin": (1, ["could not find plugin: Bar"]),
    "disk": (1, ["write: No space left on device"]),
    "memory": (1, ["[E] Error[2]: OutOfMemory"]),
    "shapes": (1, ["[E] Dynamic dimensions required for input: x, but no shapes were provided"]),
    "other": (1, ["[I] fine", "[E] Error[4]: it broke", "[I] after"]),
    "silent": (3, ["", "  "]),
    "words": (3, ["one", "two", ""]),
}


def test_what_an_ended_trtexec_means(snapshot):
    errors = {name: explain(BUILD, code, lines) for name, (code, lines) in LOGS.items()}
    assert {name: [error.message, error.hint] for name, error in errors.items()} == snapshot


CASES = {
    "batch": ([-1, 4], {"x": (4,)}, 8, None, ((), (), ())),
    "preferred": ([-1, 4], {"x": (4,)}, 8, 2, ((), (), ())),
    "no batch": ([-1, 4], {"x": (-1, 4)}, 0, None, (("x=1x4",), ("x=2x4",), ("x=3x4",))),
    "most alone": ([-1, -1], {}, 2, None, ((), (), ("x=2x9",))),
    "best alone": ([-1, -1], {}, 2, None, ((), ("x=2x9",), ())),
    "narrowed": ([-1, -1], {"x": (7,)}, 2, None, ((), (), ())),
    "fixed": ([1, 4], {}, 0, None, ((), (), ())),
    "batch of the file": ([3, -1], {}, 0, None, ((), (), ("x=3x5",))),
}


@pytest.mark.parametrize("name", CASES)
def test_the_shapes_that_an_engine_is_built_for(name, snapshot):
    shape, configured, batch, preferred, given = CASES[name]
    found = profiles(
        [TensorSpec(name="x", dtype="FP32", shape=tuple(shape))],
        configured=configured,
        max_batch_size=batch,
        preferred=preferred,
        given=parse_shapes(*given),
    )
    assert [(p.name, p.least, p.best, p.most) for p in found] == snapshot


def test_the_reports_on_archives_of_torchserve(told, tmp_path, snapshot):
    (tmp_path / "models").mkdir()
    (tmp_path / "config.properties").write_text(
        'batchSize=3\nmodels={"flowers": {"2.0": {"batchSize": 8, "maxBatchDelay": 50, "minWorkers": 2}}}\n'
    )
    at = f"import torchserve {DATA}"
    shown = told(
        f"{at}/flowers.mar --repository models --dry-run",
        f"{at}/flowers.mar --repository models --config config.properties --format json",
        f"{at}/scores.tar.gz --repository models",
        f"{at}/scores.tar.gz --repository models --keep-handler --name kept",
        f"{at}/nothing.mar --repository models",
    )
    assert shown == snapshot
    assert files(tmp_path / "models") == snapshot


def test_the_reports_on_layouts_of_tensorflow_serving(told, tmp_path, snapshot):
    (tmp_path / "tk.yaml").write_text("release: '24.10'\n")
    (tmp_path / "models").mkdir()
    for number, tensors in {
        "1": ([("x", "FP32", (-1, 4))], [("y", "FP32", (-1, 2))]),
        "7": ([("x", "INT64", (-1, 4))], [("y", "FP32", (-1, 2))]),
        "9": ([("x", "FP32", (-1, 4))], [("y", "FP32", (-1, 2))]),
    }.items():
        (tmp_path / f"half/{number}/variables").mkdir(parents=True)
        (tmp_path / f"half/{number}/saved_model.pb").write_bytes(model_files.served(*tensors))
    (tmp_path / "models.config").write_text(
        'model_config_list { config { name: "h" base_path: "half" model_platform: "tensorflow"\n'
        "model_version_policy { specific { versions: 1 versions: 9 } } } }\n"
    )
    (tmp_path / "batching.txt").write_text(
        "max_batch_size { value: 16 } batch_timeout_micros { value: 700 } num_batch_threads { value: 3 }\n"
        "allowed_batch_sizes: 4 allowed_batch_sizes: 16\n"
    )
    shown = told(
        "import tfserving half --repository models --dry-run",
        "import tfserving half --repository models",
        "import tfserving models.config --repository models --batching batching.txt --format json",
        "import tfserving nothing --repository models",
    )
    assert shown == snapshot
    assert files(tmp_path / "models") == snapshot
