"""The hooks for pre-commit, run by the real pre-commit program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
PROGRAMS = Path(sys.executable).parent

VALIDATED = [
    "m/config.pbtxt",
    "model_repository/m/config.pbtxt",
    "config.pbtxt",
    "m/configs/h100.pbtxt",
    "m/1/model.onnx",
    "m/1/model.onnx.data",
    "repo/m/12/model.plan",
    "m/1/model.pt",
    "m/1/model.py",
    "m/1/helper.py",
    "m/1/model.graphdef",
    "m/1/model.xml",
    "m/1/model.bin",
    "m/1/resnet50.onnx",
    "m/1/model.savedmodel/saved_model.pb",
    "m/1/model.savedmodel/variables/variables.index",
    "m/labels.txt",
    "m/classes.txt",
    "m/warmup/raw_input",
    "m/initial_state/zeros",
]
NOT_VALIDATED = [
    "README.md",
    "src/model.py",
    "model.onnx",
    "m/model.yaml",
    "config.pbtxt.j2",
    "my-config.pbtxt",
    "m/v1/model.onnx",
]
FORMATTED = ["m/config.pbtxt", "config.pbtxt", "a/b/m/configs/h100.pbtxt"]
NOT_FORMATTED = [
    "m/1/model.onnx",
    "m/other.pbtxt",
    "m/config.pbtxt.bak",
    "config_pbtxt",
    "m/model.yaml",
    "x.config.pbtxt",
]
RENDERED = [
    "m/model.yaml",
    "m/model.production.yaml",
    "m/config.pbtxt",
    "tk.yaml",
    "templates/config/x/config.pbtxt.j2",
]
NOT_RENDERED = ["m/1/model.onnx", "values.yaml", "my-model.yaml", "m/1/model.py"]

GOOD = 'backend: "python"\nmax_batch_size: 8\ndynamic_batching { preferred_batch_size: [ 4, 8 ] }\n'
BAD = GOOD.replace("8 ]", "16 ]")
LOOSE = GOOD.replace(": 8", " :8")
CODE = "class TritonPythonModel:\n    def execute(self, requests): ...\n"


def hooks() -> dict[str, dict[str, Any]]:
    return {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}


@pytest.mark.parametrize(
    ("hook", "path", "wanted"),
    [
        (hook, path, wanted)
        for hook, paths, wanted in (
            ("tk-validate", VALIDATED, True),
            ("tk-validate", NOT_VALIDATED, False),
            ("tk-validate-load", VALIDATED, True),
            ("tk-validate-load", NOT_VALIDATED, False),
            ("tk-fmt", FORMATTED, True),
            ("tk-fmt", NOT_FORMATTED, False),
            ("tk-render-check", RENDERED, True),
            ("tk-render-check", NOT_RENDERED, False),
        )
        for path in paths
    ],
)
def test_a_hook_is_given_the_files_it_is_about(hook: str, path: str, wanted: bool) -> None:
    # As pre-commit looks for it.
    assert bool(re.search(hooks()[hook]["files"], path)) is wanted


def test_the_manifest_is_one_that_precommit_takes() -> None:
    done = subprocess.run([PROGRAMS / "pre-commit", "validate-manifest", MANIFEST], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_project_has_the_same_hooks() -> None:
    template = (ROOT / "templates/project/pre-commit-config.yaml.j2").read_text()
    (local,) = yaml.safe_load(template)["repos"]
    assert {hook["id"]: hook["entry"].split()[:2] for hook in local["hooks"]} == {
        name: hook["entry"].split()[:2] for name, hook in hooks().items()
    }


def test_the_documentation_names_every_hook(tmp_path: Path) -> None:
    block = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.S)[0]
    (repository,) = yaml.safe_load(block)["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == list(hooks())
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(block)
    done = subprocess.run([PROGRAMS / "pre-commit", "validate-config", config], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


class Git:
    """A fresh git repository with hooks, and this environment's programs on the PATH."""

    def __init__(self, root: Path, config: dict[str, Any]) -> None:
        self.root = root
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT", "VIRTUAL_ENV"))}
        self.env |= {
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "PRE_COMMIT_HOME": str(root.parent / "pre-commit"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        root.mkdir(parents=True)
        self.git("init", "-q")
        for name, value in (("name", "A"), ("email", "a@example.com")):
            self.git("config", f"user.{name}", value)
        self.write(".pre-commit-config.yaml", yaml.safe_dump(config))
        self.write("tk.yaml", "repository: models\n")
        self.run("pre-commit", "install")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def git(self, *args: str) -> str:
        return self.run("git", *args)

    def run(self, *args: str) -> str:
        done = self.attempt(*args)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            args,
            cwd=self.root,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
            check=False,
        )

    def commit(self, *paths: str) -> tuple[bool, str]:
        """Whether the commit is taken, and what was said."""
        self.git("add", "--", *(paths or (".",)))
        done = self.attempt("git", "commit", "-m", "a commit")
        return done.returncode == 0, done.stdout


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """With the hooks of the manifest, except that tk is the one installed here."""
    local = [{**hook, "language": "system", "additional_dependencies": []} for hook in hooks().values()]
    return Git(tmp_path / "work", {"repos": [{"repo": "local", "hooks": local}]})


def outcome(said: str) -> dict[str, str]:
    """What pre-commit says of each hook: Passed, Failed, or Skipped."""
    return dict(re.findall(r"^(tk [^.]+)\.+.*?(Passed|Failed|Skipped)$", said, re.M))


def test_a_good_commit_passes_and_a_bad_one_is_refused(git: Git) -> None:
    config = git.write("models/m/config.pbtxt", GOOD)
    git.write("models/m/1/model.py", CODE)
    taken, said = git.commit()
    assert taken, said
    assert outcome(said) == {"tk validate": "Passed", "tk fmt": "Passed", "tk render --check": "Passed"}
    config.write_text(BAD)
    taken, said = git.commit()
    assert not taken
    assert outcome(said) == {"tk validate": "Failed", "tk fmt": "Passed", "tk render --check": "Passed"}
    assert "models/m/config.pbtxt:3:47: error: " in said
    assert "[preferred-batch-size-too-large]" in said
    config.write_text(GOOD + "# better\n")
    assert git.commit()[0]


@pytest.mark.usefixtures("embedded")
def test_a_model_that_a_server_does_not_load_is_not_pushed(git: Git, tmp_path: Path) -> None:
    git.env["TK_CACHE_DIR"] = os.environ["TK_CACHE_DIR"]
    git.run("pre-commit", "install", "--hook-type", "pre-push")
    git.git("init", "-q", "--bare", str(tmp_path / "remote"))
    git.git("remote", "add", "origin", str(tmp_path / "remote"))
    git.write("models/m/config.pbtxt", GOOD)
    code = git.write("models/m/1/model.py", f"import nowhere_to_be_found\n{CODE}")
    taken, said = git.commit()
    assert taken, said
    pushed = git.attempt("git", "push", "-q", "origin", "HEAD")
    assert pushed.returncode != 0, pushed.stdout
    assert outcome(pushed.stdout)["tk validate --load"] == "Failed"
    assert "models/m/1/model.py:1:1: error: the server does not load m" in pushed.stdout
    code.write_text(CODE)
    taken, said = git.commit()
    assert taken, said
    pushed = git.attempt("git", "push", "-q", "origin", "HEAD")
    assert pushed.returncode == 0, pushed.stdout


def test_a_model_file_alone_is_judged_with_its_configuration(git: Git) -> None:
    git.write("models/m/config.pbtxt", GOOD)
    git.write("models/m/1/model.py", CODE)
    assert git.commit()[0]
    git.write("models/m/1/model.py", "def execute(requests):\n    return\n")
    taken, said = git.commit()
    assert not taken
    assert outcome(said) == {"tk validate": "Failed", "tk fmt": "Skipped", "tk render --check": "Skipped"}
    assert "models/m/1/model.py" in said


def test_another_layout_is_mended_and_has_to_be_added(git: Git) -> None:
    config = git.write("models/m/config.pbtxt", LOOSE)
    git.write("models/m/1/model.py", CODE)
    taken, said = git.commit()
    assert not taken
    assert outcome(said)["tk fmt"] == "Failed"
    assert "files were modified by this hook" in said
    assert config.read_text() == GOOD
    assert git.commit()[0]


def test_files_that_only_look_like_a_model_s_are_passed_over(git: Git) -> None:
    for name in ("models/.gitkeep", "notes/2024/minutes.md", "requirements.txt", "data/labels.txt", "2025/model.py"):
        git.write(name, "some text\n")
    taken, said = git.commit()
    assert taken, said
    assert outcome(said)["tk validate"] == "Passed"


def test_a_configuration_that_model_yaml_does_not_give_is_refused(git: Git) -> None:
    git.write("models/m/model.yaml", "template: python\nvalues: {max_batch_size: 8}\n")
    git.write("models/m/1/model.py", CODE)
    git.run("tk", "render")
    taken, said = git.commit()
    assert taken, said
    git.write("models/m/model.yaml", "template: python\nvalues: {max_batch_size: 16}\n")
    taken, said = git.commit()
    assert not taken
    assert outcome(said)["tk render --check"] == "Failed"
    assert "+max_batch_size: 16" in said


def test_a_new_project_is_committed_with_its_own_hooks(tmp_path: Path, git: Git) -> None:
    git.run("rm", ".pre-commit-config.yaml", "tk.yaml")
    git.run("tk", "init", ".")
    git.run("tk", "add", "m", "--backend", "python", "--input", "x:FP32:4", "--output", "y:FP32:4")
    taken, said = git.commit()
    assert taken, said
    assert outcome(said) == {"tk validate": "Passed", "tk fmt": "Passed", "tk render --check": "Passed"}


def reaches_an_index(place: Path) -> bool:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "-d", str(place), "hatchling"]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0


@pytest.mark.slow
def test_precommit_installs_tk_from_this_repository_and_runs_it(tmp_path: Path) -> None:
    if not reaches_an_index(tmp_path / "probe"):
        pytest.skip("no package index can be reached, and pre-commit installs from one")
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("triton_kit", "templates", "sample_repository"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, source / name)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    for args in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *args], cwd=source, check=True)
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=source, check=True, capture_output=True, text=True)
    rev = revision.stdout.strip()
    config = {"repos": [{"repo": source.as_uri(), "rev": rev, "hooks": [{"id": name} for name in hooks()]}]}
    git = Git(tmp_path / "work", config)
    # The tk of this environment is out of reach, so that only the installed one can answer.
    git.env["PATH"] = os.environ["PATH"]
    assert Path(shutil.which("tk", path=git.env["PATH"]) or "/").parent != PROGRAMS
    git.write("models/m/config.pbtxt", GOOD)
    git.write("models/m/1/model.py", CODE)
    taken, said = git.commit()
    assert taken, said
    git.write("models/m/config.pbtxt", BAD)
    taken, said = git.commit()
    assert not taken
    assert "[preferred-batch-size-too-large]" in said
