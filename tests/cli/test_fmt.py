"""``tk fmt`` as a user sees it."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from model_files import library
from scaffold_models import write_onnx

from triton_kit.backends.table import BACKENDS
from triton_kit.cli import run
from triton_kit.project.canonical_layout import format_text
from triton_kit.project.templates import Templates

Run = Callable[..., tuple[int, str, str]]

LOOSE = "name:'m'  # why\nbackend : \"python\",max_batch_size:8\n"
TIDY = 'name: "m"  # why\nbackend: "python"\nmax_batch_size: 8\n'
BROKEN = 'name: "m"\nmax_batch_size 8\n'


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def repository(**configs: str) -> dict[str, Path]:
    """A repository ``r`` with these models."""
    made = {}
    for name, text in configs.items():
        made[name] = Path("r", name, "config.pbtxt")
        made[name].parent.mkdir(parents=True)
        made[name].write_bytes(text.encode())
    return made


def everything(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_the_sample_is_laid_out_already(tk: Run, sample: Path) -> None:
    assert tk("fmt", "--check", sample) == (0, "", "4 files: 4 unchanged\n")


def test_a_repository_is_laid_out_and_what_changed_is_named(tk: Run) -> None:
    made = repository(a=LOOSE, b=TIDY, c=LOOSE)
    Path("r", "not-a-model").mkdir()
    code, out, err = tk("fmt", "r")
    assert (code, err) == (0, "3 files: 2 formatted, 1 unchanged\n")
    assert out == f"{made['a']}: formatted\n{made['c']}: formatted\n"
    assert {p.read_text() for p in made.values()} == {TIDY}
    assert tk("fmt", "r") == (0, "", "3 files: 3 unchanged\n")


def test_what_is_unchanged_is_not_written(tk: Run) -> None:
    made = repository(a=TIDY)
    os.utime(made["a"], ns=(1, 1))
    assert tk("fmt", "r")[0] == 0
    assert made["a"].stat().st_mtime_ns == 1


@pytest.mark.parametrize("path", ["r/a", "r/a/", "r/a/config.pbtxt", "r/../r/a"])
def test_a_model_or_a_file_is_enough(tk: Run, path: str) -> None:
    made = repository(a=LOOSE, b=LOOSE)
    assert tk("fmt", path)[0] == 0
    assert made["a"].read_text() == TIDY
    assert made["b"].read_text() == LOOSE


def test_without_a_path_it_is_the_repository_of_the_project_or_here(tk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = repository(a=LOOSE)
    monkeypatch.chdir("r")
    assert tk("fmt", "--check")[0] == 1
    monkeypatch.chdir("..")
    Path("tk.yaml").write_text("repository: r\n")
    assert tk("fmt") == (0, f"{made['a']}: formatted\n", "1 file: 1 formatted\n")


def test_custom_configurations_are_laid_out_too(tk: Run) -> None:
    repository(a=TIDY)
    custom = Path("r/a/configs/h100.pbtxt")
    custom.parent.mkdir()
    custom.write_text(LOOSE)
    assert tk("fmt", "r")[1] == f"{custom}: formatted\n"
    assert custom.read_text() == TIDY


def test_a_file_given_twice_is_one_file(tk: Run) -> None:
    repository(a=LOOSE)
    assert tk("fmt", "r/a", "r/a/config.pbtxt", "r")[2] == "1 file: 1 formatted\n"


def test_check_names_the_files_and_writes_nothing(tk: Run) -> None:
    made = repository(a=LOOSE, b=TIDY)
    before = everything(Path("r"))
    code, out, err = tk("fmt", "--check", "r")
    assert (code, out) == (1, f"{made['a']}: would be formatted\n")
    assert err == "2 files: 1 would be formatted, 1 unchanged\n"
    assert everything(Path("r")) == before


def test_diff_shows_what_would_change_and_writes_nothing(tk: Run) -> None:
    made = repository(a=LOOSE, b=TIDY)
    before = everything(Path("r"))
    code, out, _ = tk("fmt", "--diff", "r")
    assert code == 0
    assert out.startswith(f"--- {made['a']}\n+++ {made['a']}\n@@ -1,2 +1,3 @@\n-name:'m'  # why\n")
    assert '+name: "m"  # why\n' in out
    assert everything(Path("r")) == before
    assert tk("fmt", "--diff", "--check", "r")[0] == 1


def test_a_file_that_cannot_be_read_is_named_with_its_place_and_left_alone(tk: Run) -> None:
    made = repository(a=BROKEN, b=LOOSE)
    code, out, err = tk("fmt", "r")
    assert code == 1
    assert err.startswith(f"error: {made['a']}:2:1: ")
    assert err.count("error:") == 1
    assert "2 files: 1 formatted, 1 cannot be read\n" in err
    assert made["a"].read_text() == BROKEN
    assert made["b"].read_text() == TIDY
    assert out == f"{made['b']}: formatted\n"


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfname: 'm'\n", b"name: 'm'\0\n", b"max_batch_size: ${SIZE}\n", b"no_such_field: 1\n", b"\xff"],
    ids=["byte order mark", "zero byte", "placeholder", "no such field", "no UTF-8"],
)
def test_what_the_server_could_not_read_keeps_every_byte(tk: Run, data: bytes) -> None:
    path = repository(a="")["a"]
    path.write_bytes(data)
    assert tk("fmt", path)[0] == 1
    assert path.read_bytes() == data


def test_bytes_in_comments_that_are_no_text_stay(tk: Run) -> None:
    path = repository(a="")["a"]
    path.write_bytes(b"# caf\xe9\r\nname:'m'\r\n")
    assert tk("fmt", path)[0] == 0
    assert path.read_bytes() == b'# caf\xe9\nname: "m"\n'
    path.write_bytes(b"# caf\xe9\r\nname:'m'\r\n")
    assert tk("fmt", "--diff", path)[0] == 0


def test_the_mode_stays_and_a_link_is_written_through(tk: Run) -> None:
    path = repository(a=LOOSE)["a"]
    real = Path("shared.pbtxt")
    path.rename(real)
    path.symlink_to(real.absolute())
    real.chmod(0o640)
    assert tk("fmt", "r")[0] == 0
    assert path.is_symlink()
    assert real.read_text() == TIDY
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert not list(Path.cwd().rglob(".tk-stage-*"))


def test_stdin_goes_to_stdout(tk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(text: str, *options: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return tk("fmt", "-", *options)

    assert feed(LOOSE) == (0, TIDY, "")
    assert feed("") == (0, "", "")
    assert feed(LOOSE, "--check") == (1, "", "<stdin> would be formatted\n")
    assert feed(TIDY, "--check") == (0, "", "")
    assert feed(LOOSE, "--diff")[1].startswith("--- <stdin>\n")
    code, out, err = feed(BROKEN)
    assert (code, out) == (1, BROKEN)
    assert err.startswith("error: <stdin>:2:1: ")
    assert tk("fmt", "-", "r")[0] == 2


TENSORS = ["--input", "x:FP32:4", "--output", "y:FP32:4"]
BATCHES = ["--max-batch-size", "8", "--batching", "dynamic", "--preferred", "2,4", "--delay-us", "100"]
PLACED = ["--instances", "2", "--version-policy", "specific:1"]
ON_CPU = [*TENSORS, *BATCHES, *PLACED, "--kind", "cpu"]
FOREST = ["--input", "input__0:FP32:4", "--output", "output__0:FP32:1"]
FOREST += ["--set", "config.parameters.model_type.string_value=xgboost"]
ADDED = {
    "custom": ["--backend", "custom", "--library", "../libtriton_mine.so", *ON_CPU],
    "ensemble": ["--step", "inner x=x -> y0=y", *TENSORS],
    "fil": ["--backend", "fil", *FOREST, *BATCHES, *PLACED],
    "python_bls": ["--bls", "--calls", "inner", *ON_CPU],
    "python_decoupled": ["--decoupled", *ON_CPU],
    "python_sequence": ["--sequence", "oldest", "--max-batch-size", "8", *TENSORS, *PLACED, "--kind", "cpu"],
    "tensorrtllm": ["--backend", "tensorrtllm", *TENSORS, *BATCHES, "--version-policy", "specific:1"],
    "vllm": ["--backend", "vllm", "--version-policy", "specific:1"],
}
"""What makes a model of a template that is not a backend's, or takes other values than most."""


def added(template: str) -> list[str]:
    """The arguments of ``tk add`` for a model of that template."""
    if template in ADDED:
        return ADDED[template]
    assert template in BACKENDS, f"{template} is not a backend: write in ADDED with what tk add makes a model of it"
    kind = next(iter(BACKENDS[template].facts.kinds), "KIND_CPU").removeprefix("KIND_").lower()
    return ["--backend", template, *TENSORS, *BATCHES, *PLACED, "--kind", kind]


@pytest.mark.parametrize("name", Templates().names())
def test_what_every_template_gives_is_laid_out_already(tk: Run, name: str) -> None:
    write_onnx(Path("a.onnx"))
    library(Path("libtriton_mine.so"))
    assert tk("init", "p", "--release", "24.10")[0] == 0, "the last releases have no TensorFlow"
    os.chdir("p")
    assert tk("add", "inner", "--from", "../a.onnx")[0] == 0
    code, _, err = tk("add", "m", *added(name))
    assert code == 0, err
    assert f"template: {name}\n" in Path("model_repository/m/model.yaml").read_text()
    assert tk("fmt", "--check")[0] == 0
    # Left alone because it was rendered, and yet it would not change.
    text = Path("model_repository/m/config.pbtxt").read_text()
    assert format_text(text, "c").status == "rendered"
    assert format_text(text + "# edited\n", "c").status == "unchanged", text


def test_what_render_wrote_is_left_alone_until_a_hand_has_been_at_it(tk: Run) -> None:
    write_onnx(Path("a.onnx"))
    assert tk("init", "p")[0] == 0
    os.chdir("p")
    assert tk("add", "m", "--from", "../a.onnx", "--set", "config.parameters.k.string_value=" + "v" * 90)[0] == 0
    assert tk("template", "copy", "onnxruntime")[0] == 0
    template = Path("templates/config/onnxruntime/config.pbtxt.j2")
    template.write_text(template.read_text().replace('backend: "onnxruntime"', "backend:   'onnxruntime'"))
    assert tk("render")[0] == 0
    config = Path("model_repository/m/config.pbtxt")
    before = config.read_text()
    assert tk("fmt") == (0, "", "1 file: 1 rendered by tk\n")
    assert config.read_text() == before
    assert tk("render", "--check")[0] == 0
    config.write_text(before + "# by hand\n")
    assert tk("fmt")[2] == "1 file: 1 formatted\n"


def test_json_says_what_became_of_each_file(tk: Run) -> None:
    made = repository(a=LOOSE, b=TIDY, c=BROKEN)
    code, out, _ = tk("fmt", "--check", "--format", "json", "r")
    assert code == 1
    answer = json.loads(out)
    assert answer["version"] == 1
    assert [(f["file"], f["status"]) for f in answer["files"]] == [
        (str(made["a"]), "changed"),
        (str(made["b"]), "unchanged"),
        (str(made["c"]), "unreadable"),
    ]
    assert answer["files"][2]["problem"]["line"] == 2


def test_paths_that_mean_nothing_are_refused(tk: Run) -> None:
    Path("empty").mkdir()
    os.mkfifo("pipe.pbtxt")
    assert tk("fmt", "nowhere")[0] == 2
    code, out, err = tk("fmt", "empty")
    assert (code, out) == (2, "")
    assert err.startswith("error: empty has no model with a config.pbtxt\n")
    assert tk("fmt", "pipe.pbtxt")[0] == 3
    assert tk("fmt", "--format", "xml", "empty")[0] == 2
