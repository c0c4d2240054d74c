"""The GitHub Action: its steps, run as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]

GOOD = 'backend: "python"\nmax_batch_size: 8\ndynamic_batching { preferred_batch_size: [ 4, 8 ] }\n'
CODE = "class TritonPythonModel:\n    def execute(self, requests): ...\n"


def run_step(name: str, workspace: Path, temp: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as the runner does: a file for ``bash --noprofile --norc -eo pipefail``."""
    (step,) = (s for s in STEPS if s.get("name") == name)
    values = {key: entry["default"] for key, entry in ACTION["inputs"].items()} | inputs

    def value(found: re.Match[str]) -> str:
        return values[found[1]]

    given = {k: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", value, v) for k, v in step.get("env", {}).items()}
    script = temp / "script.sh"
    script.write_text(step["run"])
    runner = {
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_WORKSPACE": str(workspace),
        "CI": "true",
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=workspace,
        env={**os.environ, **runner, **given},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's temporary directory after the step that installs tk.

    What tk needs is taken from this environment, so that no package index is asked.
    """
    temp = tmp_path_factory.mktemp("runner temp")
    offline = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in offline.items():
            patch.setenv(name, value)
        done = run_step("Install tk", temp, temp)
    assert done.returncode == 0, done.stdout + done.stderr
    # From here on the packages that tk needs are behind what was installed, which may be tk itself in both.
    (packages,) = (temp / "triton-kit").glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return temp


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name, config in (("good/m", GOOD), ("bad one/n", GOOD.replace("8 ]", "16 ]"))):
        model = tmp_path / "work" / name
        (model / "1").mkdir(parents=True)
        (model / "1/model.py").write_text(CODE)
        (model / "config.pbtxt").write_text(config)
    return tmp_path / "work"


def test_every_script_says_its_shell_and_takes_its_inputs_as_variables() -> None:
    for step in STEPS:
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])
    assert all(entry["description"] for entry in ACTION["inputs"].values())


def test_what_is_installed_is_this_checkout(installed: Path, workspace: Path) -> None:
    python = installed / "triton-kit/bin/python"
    code = "import triton_kit; print(triton_kit.__file__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=workspace, check=True)
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_a_good_repository_passes_without_annotations(installed: Path, workspace: Path) -> None:
    done = run_step("tk validate", workspace, installed, paths="good")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "no problems in 1 model\n"


def test_a_bad_one_fails_with_annotations(installed: Path, workspace: Path) -> None:
    done = run_step("tk validate", workspace, installed, paths="good\nbad one\n")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=bad one/n/config.pbtxt,line=3,")
    assert done.stderr == "1 error in 2 models\n"


def test_options_and_an_output_file_are_handed_on(installed: Path, workspace: Path) -> None:
    done = run_step(
        "tk validate",
        workspace,
        installed,
        paths="bad one",
        args="--ignore preferred-batch-size-too-large\n  --strict",
        format="sarif",
        output="tk report.sarif",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no problems in 1 model\n")
    (result,) = json.loads((workspace / "tk report.sarif").read_text())["runs"]
    assert result["results"] == []


def test_without_paths_the_checkout_is_the_repository(installed: Path, workspace: Path) -> None:
    assert run_step("tk validate", workspace / "good", installed).stderr == "no problems in 1 model\n"
    assert run_step("tk validate", workspace / "bad one", installed).returncode == 1


@pytest.mark.parametrize("name", ["paths", "args", "format", "output"])
def test_an_input_is_never_run(name: str, installed: Path, workspace: Path) -> None:
    run_step("tk validate", workspace, installed, **{name: "$(touch pwned) `touch pwned`; touch pwned # \" ' * --help"})
    assert not list(workspace.rglob("pwned"))


def test_a_mistake_in_the_inputs_is_an_error_of_its_own(installed: Path, workspace: Path) -> None:
    done = run_step("tk validate", workspace, installed, paths="nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: nowhere does not exist\n")


def test_the_documentation_uses_inputs_that_there_are() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.S)
    used = [
        step.get("with", {})
        for block in blocks
        for job in (yaml.safe_load(block).get("jobs") or {}).values()
        for step in job["steps"]
        if "triton-kit" in step.get("uses", "")
    ]
    assert len(used) == 2
    for inputs in used:
        assert set(inputs) <= set(ACTION["inputs"])
