"""``tk add`` as a user sees it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.linter.engine import lint
from triton_kit.repository.text_format.document import parse

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_repository").mkdir()

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def config(name: str) -> dict[str, Any]:
    document = parse(Path(f"model_repository/{name}/config.pbtxt").read_bytes())
    assert not document.problems
    return document.message.to_dict()


def files(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir()}


def test_a_model_file_becomes_a_model(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "ranker.onnx")
    code, out, err = tk("add", "ranker", "--from", "ranker.onnx")
    assert code == 0
    assert out.splitlines()[0] == "model_repository/ranker/ is added"
    assert "tk validate model_repository/ranker" in err
    assert files(tmp_path / "model_repository") == {
        "ranker/config.pbtxt",
        "ranker/model.yaml",
        "ranker/1/model.onnx",
    }
    assert config("ranker") == {
        "backend": "onnxruntime",
        "max_batch_size": 4,
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}],
        "output": [{"name": "y0", "data_type": "TYPE_FP32", "dims": [4]}],
        "dynamic_batching": {},
    }
    assert lint("model_repository").diagnostics == ()


def test_rendering_what_was_added_changes_nothing(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    tk("add", "a", "--from", "a.onnx", "--batching", "dynamic", "--preferred", "2,4", "--delay-us", 100)
    tk("add", "b", "--backend", "python", "--input", "x:FP32:3", "--output", "y:FP32:3")
    assert tk("render", "--check")[0] == 0


def test_all_options_reach_the_config(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    code, _, err = tk(
        *("add", "a", "--from", "a.onnx", "--labels", "names.txt", "--batching", "dynamic", "--preferred", "8,16"),
        *("--delay-us", 100, "--max-batch-size", 16, "--instances", 2, "--kind", "gpu", "--gpus", "0,1"),
        *("--version-policy", "latest:2", "--set", "config.optimization.graph.level=1"),
    )
    assert code == 0, err
    assert config("a") == {
        "backend": "onnxruntime",
        "max_batch_size": 16,
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}],
        "output": [{"name": "y0", "data_type": "TYPE_FP32", "dims": [4], "label_filename": "names.txt"}],
        "dynamic_batching": {"preferred_batch_size": [8, 16], "max_queue_delay_microseconds": 100},
        "instance_group": [{"count": 2, "kind": "KIND_GPU", "gpus": [0, 1]}],
        "version_policy": {"latest": {"num_versions": 2}},
        "optimization": {"graph": {"level": 1}},
    }
    assert (tmp_path / "model_repository/a/names.txt").read_text() == "a\nb\nc\nd\n"
    assert tk("render", "--check")[0] == 0


@pytest.mark.parametrize(
    ("shape", "options", "size", "dims"),
    [
        (("n", 3), (), 4, [3]),
        (("n", 3), ("--max-batch-size", "0"), 0, [-1, 3]),
        (("n", 3), ("--max-batch-size", "1"), 1, [3]),
        ((1, 3), (), 0, [1, 3]),
        (("n",), (), 4, [1]),
        (("n", "t", 3), (), 4, [-1, 3]),
        ((), (), 0, [1]),
    ],
)
def test_the_batch_dimension_follows_from_the_shapes(
    tk: Run, tmp_path: Path, shape: tuple[int | str, ...], options: tuple[str, ...], size: int, dims: list[int]
) -> None:
    write_onnx(tmp_path / "a.onnx", shape=shape)
    code, _, err = tk("add", "a", "--from", "a.onnx", *options)
    assert code == 0, err
    got = config("a")
    assert got.get("max_batch_size", 0) == size
    assert got["input"][0]["dims"] == dims
    assert ("reshape" in got["input"][0]) == (shape == ("n",))
    assert ("dynamic_batching" in got) == (size > 1)
    assert "max_batch_size" in got


def test_a_model_with_a_fixed_batch_is_not_batched(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx", shape=(1, 3))
    code, _, err = tk("add", "a", "--from", "a.onnx", "--max-batch-size", "8")
    assert code == 2
    assert "input x of a.onnx is [1, 3], whose first dimension is not variable" in err
    assert files(tmp_path / "model_repository") == set()


def test_external_data_travels_along(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "big.onnx", external=True)
    assert tk("add", "big", "--from", "big.onnx", "--move")[0] == 0
    assert files(tmp_path / "model_repository/big/1") == {"model.onnx", "big.data"}
    assert not (tmp_path / "big.onnx").exists()
    assert not (tmp_path / "big.data").exists()
    assert lint("model_repository").ok


def test_link_shares_the_file(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    assert tk("add", "a", "--from", "a.onnx", "--link")[0] == 0
    assert (tmp_path / "model_repository/a/1/model.onnx").samefile(tmp_path / "a.onnx")


BAD = {
    "no file and no backend": (("add", "m"), 2, "a model needs a file or a backend"),
    "a file that is not there": (("add", "m", "--from", "no.onnx"), 2, "no.onnx does not exist"),
    "a file of no known kind": (("add", "m", "--from", "a.xyz"), 2, "a.xyz is not a model file that tk recognises"),
    "a file that is not ONNX": (("add", "m", "--from", "junk.onnx"), None, "junk.onnx"),
    "a file for another backend": (
        ("add", "m", "--from", "a.onnx", "--backend", "tensorrt"),
        2,
        "for the backend onnxr",
    ),
    "an unknown backend": (("add", "m", "--backend", "onnxruntim"), 2, "onnxruntim is not a backend"),
    "python without tensors": (
        ("add", "m", "--backend", "python"),
        2,
        "python has no tensors yet: --input and --output",
    ),
    "an ensemble without steps": (
        ("add", "m", "--backend", "ensemble", "--input", "x:FP32:1", "--output", "y:FP32:1"),
        2,
        "--step missing",
    ),
    "a step without an ensemble": (("add", "m", "--from", "a.onnx", "--step", "a x -> y"), 2, "--step belongs"),
    "a bad name": (("add", "../m", "--from", "a.onnx"), 2, "../m is a path"),
    "link and move": (("add", "m", "--from", "a.onnx", "--link", "--move"), 2, "--link and --move exclude"),
    "move without a file": (("add", "m", "--backend", "python", "--move"), 2, "--move needs a file"),
    "labels that are not there": (("add", "m", "--from", "a.onnx", "--labels", "no.txt"), 2, "no.txt does not exist"),
    "a preferred size too large": (
        ("add", "m", "--from", "a.onnx", "--batching", "dynamic", "--preferred", "8"),
        2,
        "8 is over max_batch_size, 4",
    ),
    "an unknown template": (("add", "m", "--from", "a.onnx", "--template", "onx"), 2, "onx is not a template"),
    "a value that no template has": (("add", "m", "--from", "a.onnx", "--set", "max_batch=1"), 2, "max_batch is not a"),
    "an input twice": (
        ("add", "m", "--backend", "python", "--input", "x:FP32:1", "--input", "x:FP32:2", "--output", "y:FP32:1"),
        2,
        "--input x is given twice",
    ),
    "a version that is not served": (
        ("add", "m", "--from", "a.onnx", "--version-policy", "specific:2"),
        2,
        "version 1, the one that is added, would not be served",
    ),
    "BF16 in Python": (
        ("add", "m", "--backend", "python", "--input", "x:BF16:1", "--output", "y:FP32:1"),
        2,
        "x is TYPE_BF16, which numpy has no type for",
    ),
    "a repository that is not there": (("add", "m", "--from", "a.onnx", "--repository", "no"), 2, "no does not exist"),
    "what a server would refuse": (
        ("add", "m", "--from", "a.onnx", "--set", "max_batch_size=-1"),
        1,
        "nothing was written: a server would refuse it",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_and_leaves_nothing(tk: Run, tmp_path: Path, case: str) -> None:
    args, expected, message = BAD[case]
    write_onnx(tmp_path / "a.onnx")
    (tmp_path / "junk.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "a.xyz").write_text("x")
    code, out, err = tk(*args)
    assert message in err
    assert code in ((2, 3) if expected is None else (expected,))
    assert out == ""
    assert files(tmp_path) == {"a.onnx", "junk.onnx", "a.xyz"}


def test_labels_for_one_of_many_outputs_are_named(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx", outputs=2)
    (tmp_path / "names.txt").write_text("a\n")
    code, _, err = tk("add", "a", "--from", "a.onnx", "--labels", "names.txt")
    assert (code, "the model has 2 outputs" in err) == (2, True)
    assert tk("add", "a", "--from", "a.onnx", "--labels", "y1=names.txt")[0] == 0
    assert "label_filename" not in config("a")["output"][0]
    assert config("a")["output"][1]["label_filename"] == "names.txt"


def test_a_model_that_is_there_is_refused(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    tk("add", "a", "--from", "a.onnx")
    code, _, err = tk("add", "a", "--from", "a.onnx", "--move")
    assert code == 2
    assert "model_repository/a exists already, with 1, config.pbtxt, model.yaml" in err
    assert (tmp_path / "a.onnx").exists()


def test_a_dry_run_shows_all_and_writes_nothing(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    before = files(tmp_path)
    code, out, _ = tk("add", "a", "--from", "a.onnx", "--dry-run")
    assert code == 0
    assert "└── model.yaml" in out
    assert "model.onnx  (copy of a.onnx)" in out
    assert 'backend: "onnxruntime"' in out
    assert files(tmp_path) == before


def test_json_gives_the_plan(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    code, out, _ = tk("add", "a", "--from", "a.onnx", "--format", "json")
    assert code == 0
    plan = json.loads(out)
    assert plan["version"] == 1
    assert [f["path"] for f in plan["files"]] == ["config.pbtxt", "model.yaml", "1/model.onnx"]


ODD = ['x"y', "a'b", 'a"""b', "a\\b", "{{ x }}", "a\tb", "__", "no", "é", "x}]"]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", ["FP32", "STRING", "BOOL", "FP16", "UINT64"])
def test_the_python_model_compiles_whatever_the_tensors_are_called(tk: Run, name: str, kind: str) -> None:
    code, _, err = tk(
        *("add", "p", "--backend", "python", "--input", f"{name}:{kind}:2,-1", "--output", f"{name}:{kind}:2,-1"),
        *("--output", f"z{name}:{kind}:-1", "--max-batch-size", 8),
    )
    assert code == 0, err
    source = Path("model_repository/p/1/model.py").read_text()
    (answer,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Dict)]
    assert [ast.literal_eval(key) for key in answer.keys if key] == [name, f"z{name}"]
    assert config("p")["input"][0]["name"] == name


WITH_A_FILE = ("onnxruntime", "openvino", "pytorch", "tensorflow", "tensorrt")


@pytest.mark.parametrize("name", WITH_A_FILE)
def test_every_template_is_added_rendered_and_linted(tk: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "tk.yaml").write_text('release: "24.10"\n')  # the last releases have no TensorFlow
    tensors = ("--input", "x:FP32:4", "--output", "y0:FP32:4", "--max-batch-size", 4)
    # KIND_AUTO becomes KIND_GPU where there is one, which OpenVINO does not take.
    kind = "cpu" if name == "openvino" else "auto"
    tuned = ("--batching", "dynamic", "--preferred", "2,4", "--instances", 2, "--kind", kind)
    code, _, err = tk("add", "m", "--backend", name, *tensors, *tuned)
    assert code == 0, err
    # All that is missing is the file, and the user is told where it goes.
    (line,) = [line for line in err.splitlines() if line.startswith("  cp FILE ")]
    assert files(tmp_path / "model_repository") == {"m/1/.gitkeep", "m/config.pbtxt", "m/model.yaml"}
    assert [d.rule for d in lint("model_repository", release="24.10").diagnostics] == ["model-file-missing"]
    assert line.split()[-1].startswith("model_repository/m/1/model.")
    assert config("m")["instance_group"] == [{"count": 2, "kind": f"KIND_{kind.upper()}"}]
    assert tk("render", "--check")[0] == 0


def test_a_backend_that_the_release_lacks_is_refused(tk: Run, tmp_path: Path) -> None:
    (tmp_path / "tk.yaml").write_text('release: "25.06"\n')
    code, _, err = tk("add", "m", "--backend", "tensorflow", "--input", "x:FP32:4", "--output", "y:FP32:4")
    assert (code, "no release after 25.02 has the backend tensorflow, and this is for 25.06" in err) == (2, True)


def test_a_rule_that_the_project_ignores_keeps_nothing_back(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    refused = ("add", "m", "--from", "a.onnx", "--set", "config.input.0.dims=[5]")
    code, _, err = tk(*refused)
    assert code == 1
    rule = err.splitlines()[1].rpartition("[")[2].rstrip("]")
    (tmp_path / "tk.yaml").write_text(f"lint: {{ignore: [{rule}]}}\n")
    assert tk(*refused)[0] == 0


def test_an_ensemble_is_added_when_its_steps_are_there(tk: Run, tmp_path: Path) -> None:
    step = "inner x=raw -> y0=result"
    ensemble = ("add", "outer", "--backend", "ensemble", "--input", "raw:FP32:4", "--output", "result:FP32:4")
    write_onnx(tmp_path / "a.onnx")
    assert tk("add", "inner", "--from", "a.onnx")[0] == 0
    code, _, err = tk(*ensemble, "--step", step, "--max-batch-size", 4)
    assert code == 0, err
    assert config("outer") == {
        "platform": "ensemble",
        "max_batch_size": 4,
        "input": [{"name": "raw", "data_type": "TYPE_FP32", "dims": [4]}],
        "output": [{"name": "result", "data_type": "TYPE_FP32", "dims": [4]}],
        "ensemble_scheduling": {
            "step": [
                {
                    "model_name": "inner",
                    "model_version": -1,
                    "input_map": {"x": "raw"},
                    "output_map": {"y0": "result"},
                }
            ]
        },
    }
    assert files(tmp_path / "model_repository/outer") == {"1/.gitkeep", "config.pbtxt", "model.yaml"}


def test_a_project_is_found_from_below(tk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tk.yaml").write_text("")
    write_onnx(tmp_path / "deep/down/a.onnx")
    monkeypatch.chdir(tmp_path / "deep/down")
    assert tk("add", "a", "--from", "a.onnx")[0] == 0
    assert (tmp_path / "model_repository/a/config.pbtxt").is_file()


KILLER = """
import os, signal, sys
from pathlib import Path
from triton_kit.cli import run

args, victims = sys.argv[3:], int(sys.argv[1])
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
run(["render", "--help"])
run([*args, "--dry-run"])
state = {"on": False, "left": 0}

def hook(event, details):
    if state["on"] and event.partition(".")[0] in ("open", "os", "shutil", "fcntl"):
        state["left"] -= 1
        if state["left"] < 0:
            state["on"] = False
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
check = Path(sys.argv[2])
for step in range(victims):
    child = os.fork()
    if child == 0:
        state["on"], state["left"] = True, step
        code = run(args)
        os._exit(0 if code == 0 else 70 + code)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.WEXITSTATUS(status) == 0, status
    exec(check.read_text())
    if not killed:
        print("whole after", step)
        break
"""


def kill_everywhere(tmp_path: Path, check: str, *args: str) -> int:
    """Run the command again and again, killed at its first, second, ... file operation, until it gets through."""
    (tmp_path / "check.py").write_text(check)
    done = subprocess.run(
        [sys.executable, "-c", KILLER, "3000", str(tmp_path / "check.py"), *args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return int(done.stdout.rpartition("whole after")[2])


def test_killed_at_any_moment_add_leaves_all_or_nothing(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx", external=True)
    tk("add", "whole", "--from", "a.onnx")
    check = """
import filecmp
root = Path("model_repository")
there = sorted(p.name for p in root.iterdir())
assert there in (["whole"], ["m", "whole"]), there
if "m" in there:
    for name in ("config.pbtxt", "model.yaml", "1/model.onnx", "1/a.data"):
        assert filecmp.cmp(root / "m" / name, root / "whole" / name, shallow=False), name
else:
    assert Path("a.onnx").exists() and Path("a.data").exists()
if "m" in there and killed:
    # The new state is there: put the old one back for the next attempt.
    import shutil
    for source, name in (("a.onnx", "model.onnx"), ("a.data", "a.data")):
        if not Path(source).exists():
            shutil.copyfile(root / "m" / "1" / name, source)
    shutil.rmtree(root / "m")
"""
    assert kill_everywhere(tmp_path, check, "add", "m", "--from", "a.onnx", "--move") > 30
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".tk-stage-")]


def test_killed_at_any_moment_render_leaves_the_old_or_the_new(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    tk("add", "m", "--from", "a.onnx")
    old = (tmp_path / "model_repository/m/config.pbtxt").read_text()
    (tmp_path / "old").write_text(old)
    tk("render", "--set", "max_batch_size=2")
    (tmp_path / "new").write_text((tmp_path / "model_repository/m/config.pbtxt").read_text())
    (tmp_path / "model_repository/m/config.pbtxt").write_text(old)
    check = """
config = Path("model_repository/m/config.pbtxt")
assert config.read_text() in (Path("old").read_text(), Path("new").read_text())
assert [p.name for p in Path("model_repository").iterdir()] == ["m"]
assert [p.name for p in Path("model_repository/m").iterdir() if p.is_dir()] == ["1"]
if killed:
    config.write_text(Path("old").read_text())
"""
    assert kill_everywhere(tmp_path, check, "render", "--set", "max_batch_size=2") > 10
    assert (tmp_path / "model_repository/m/config.pbtxt").read_text() == (tmp_path / "new").read_text()
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".tk-stage-")]


@pytest.mark.slow
def test_killed_at_random_add_leaves_all_or_nothing(tk: Run, tmp_path: Path) -> None:
    import random
    import time

    chance = random.Random(7)
    (tmp_path / "w").write_bytes(os.urandom(20_000_000))
    script = (
        "import sys\nfrom pathlib import Path\nfrom triton_kit.files.plan import Plan, PlannedFile\n"
        "from triton_kit.files.write import write\nprint('ready', flush=True)\n"
        "files = (PlannedFile(path='config.pbtxt', text='x'), PlannedFile(path='1/w', source=Path('w')))\n"
        "write(Plan(root=Path('model_repository/m'), files=files))\n"
    )
    whole = 0
    for _ in range(50):
        child = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.random() * 0.06)
        child.kill()
        child.communicate()
        there = [p.name for p in (tmp_path / "model_repository").iterdir()]
        assert there in ([], ["m"])
        if there:
            whole += 1
            assert (tmp_path / "model_repository/m/1/w").stat().st_size == 20_000_000
            assert (tmp_path / "model_repository/m/config.pbtxt").read_text() == "x"
            subprocess.run(["rm", "-r", "model_repository/m"], cwd=tmp_path, check=True)
    # The stages of the killed are gone with the next run.
    assert len([p for p in tmp_path.iterdir() if p.name.startswith(".tk-stage-")]) <= 1
