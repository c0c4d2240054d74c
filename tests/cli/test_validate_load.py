"""``tk validate --load`` as a user runs it: the verdict of a real server in the report, and nothing left of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from broken_models import BROKEN, CLASS, EXECUTE, GOOD, Broken, python, write
from docker_engine import IMAGE, containers, need_image
from serve_events import wait_for

pytestmark = pytest.mark.usefixtures("embedded")

TIMEOUT = 30
"""Seconds that a model gets here: far more than any needs but those that never end."""

Tk = Callable[..., "subprocess.CompletedProcess[str]"]


def command(*arguments: str, runtime: str = "local") -> list[str]:
    argv = [sys.executable, "-m", "triton_kit", "validate", *arguments, "--load", "--runtime", runtime]
    return argv if "--timeout" in arguments else [*argv, "--timeout", str(TIMEOUT)]


def tk(*arguments: str, runtime: str = "local", **options: Any) -> subprocess.CompletedProcess[str]:
    argv = command(*arguments, runtime=runtime)
    return subprocess.run(argv, capture_output=True, text=True, timeout=800, check=False, **options)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and directory with its time and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (root, *root.rglob("*"))
    }


def ports(repository: Path) -> set[str]:
    """The HTTP ports of the servers that run on a repository, by which their shared memory is named."""
    found: set[str] = set()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = place.read_bytes().decode(errors="replace").split("\0")
            if any(str(repository) in word for word in words):
                found |= {word.partition("=")[2] for word in words if word.startswith("--http-port=")}
    return found


def bearing(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The findings on a model that have the server's verdict."""
    mine = [d for d in found["diagnostics"] if d["model"] == name]
    return [d for d in mine if d["rule"].startswith("load-") or any("the server" in r["message"] for r in d["related"])]


def told(found: dict[str, Any], repository: Path, name: str) -> tuple[str, str, str, str]:
    """The verdict on a model, and of the finding that has it the rule, the file with the line, and the severity."""
    (verdict,) = [one for one in found["load"]["models"] if one["name"] == name]
    state = f"{verdict['state']}, worth a report" if verdict["differs"] else verdict["state"]
    findings = bearing(found, name)
    if not findings:
        return state, "", "", ""
    (one,) = findings
    place = os.path.relpath(one["file"], repository / name)
    return state, one["rule"], f"{place}:{one['span']['line']}", one["severity"]


def wanted(model: Broken) -> tuple[str, str, str, str]:
    severity = "note" if model.state == "unjudged" else "error"
    return model.state, model.found, model.place, severity if model.found else ""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_of_many_broken_models_gets_the_verdict_of_the_server_in_one_finding_at_its_place(tmp_path: Path) -> None:
    models = {**GOOD, **BROKEN}
    repository = write(tmp_path / "models", models)
    before = tree(repository)
    done = tk(str(repository), "--format", "json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert {name: told(found, repository, name) for name in models} == {name: wanted(m) for name, m in models.items()}
    assert [name for name, m in models.items() if m.said not in json.dumps(bearing(found, name))] == []
    assert (found["load"]["server"], found["load"]["release"]) == ("the embedded server", "24.10")
    assert len(BROKEN) >= 40
    assert "differ" not in done.stderr
    assert tree(repository) == before


BAD = {"m": BROKEN["python_initialize"], "good": GOOD["good_python"]}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A good model, and one whose Python fails as it is loaded: at line 3 of its model.py."""
    return write(tmp_path / "models", BAD)


def test_people_see_the_line_the_cause_and_what_ran(repository: Path) -> None:
    done = tk(str(repository))
    assert done.returncode == 1
    assert f"{repository}/m/1/model.py:3:9: error: the server does not load m: " in done.stdout
    assert "3 |         self.table = {}['key']\n" in done.stdout
    assert "  = it says: KeyError: 'key'\n" in done.stdout
    assert "the embedded server, Triton 24.10: 1 loaded, 1 refused, in " in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_line_that_both_refuse_is_one_finding_with_the_words_of_the_server(repository: Path) -> None:
    (repository / "m" / "1" / "model.py").write_text(
        "class TritonPythonModel:\n"
        "    @staticmethod\n"
        "    def auto_complete_config(config):\n"
        "        raise ValueError('which one?')\n\n"
        "    def execute(self, requests):\n"
        "        return requests\n"
    )
    found = json.loads(tk(str(repository), "--format", "json").stdout)
    (one,) = (d for d in found["diagnostics"] if d["model"] == "m" and d["severity"] == "error")
    assert one["rule"] == "python-completion-broken"
    assert [r["message"] for r in one["related"]] == ["the server refused it: ValueError: which one?"]


@pytest.mark.parametrize("format_", ["github", "sarif", "junit"])
def test_every_format_has_the_finding_with_its_place(repository: Path, format_: str) -> None:
    (repository / "good" / "1" / "model.py").write_text("class TritonPythonModel\n")  # which tk itself finds, too
    done = tk(str(repository), "--format", format_)
    assert done.returncode == 1, done.stderr
    said = "the server refused it: "
    if format_ == "github":
        (line,) = [one for one in done.stdout.splitlines() if "load-refused" in one]
        assert line.startswith(f"::error file={repository}/m/1/model.py,line=3,")
        assert said in done.stdout
    elif format_ == "sarif":
        (run,) = json.loads(done.stdout)["runs"]
        (rule,) = [one for one in run["tool"]["driver"]["rules"] if one["id"] == "load-refused"]
        assert rule["shortDescription"]["text"] == "The server that tk started does not load the model."
        (result,) = [one for one in run["results"] if one["ruleId"] == "load-refused"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
        assert said in done.stdout
    else:
        cases = {case.get("name"): case for case in ElementTree.fromstring(done.stdout).iter("testcase")}
        assert "model.py:3:9: error" in cases["m"].findtext("failure", "")
        assert said in cases["good"].findtext("failure", "")


def test_nothing_is_wrong_with_the_sample(sample: Path, tmp_path: Path) -> None:
    repository = tmp_path / "sample"
    shutil.copytree(sample, repository, ignore=shutil.ignore_patterns("__pycache__"))
    before = tree(repository)
    done = tk(str(repository))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no problems in 4 models\nthe embedded server, Triton 24.10: 4 loaded, in " in done.stdout
    assert tree(repository) == before


def test_one_model_is_loaded_with_what_it_is_made_of(tmp_path: Path) -> None:
    repository = write(tmp_path / "models", {**GOOD, "bad": BROKEN["python_raises"]})
    done = tk(str(repository / "good_ensemble" / "config.pbtxt"), "--format", "json")
    assert done.returncode == 0, done.stdout
    assert [one["name"] for one in json.loads(done.stdout)["load"]["models"]] == ["good_onnx", "good_ensemble"]


def test_blanks_and_dots_in_names_and_paths_do_no_harm(tmp_path: Path) -> None:
    repository = write(tmp_path / "my models", {"a.b v1": GOOD["good_onnx"], "c.d": GOOD["good_python"]})
    done = tk(str(repository), "--format", "json")
    states = {one["name"]: (one["state"], one["reason"]) for one in json.loads(done.stdout)["load"]["models"]}
    reason = "the embedded server takes no such name for an ONNX model"
    assert states == {"a.b v1": ("unjudged", reason), "c.d": ("ready", None)}
    assert done.returncode == 0


def test_two_at_once_do_not_disturb_each_other(repository: Path) -> None:
    both = [subprocess.Popen(command(str(repository)), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        out, _ = one.communicate(timeout=280)
        assert one.returncode == 1
        assert "1 loaded, 1 refused" in out


def test_a_repository_that_nobody_may_write_to_is_tried(repository: Path) -> None:
    paths = [repository, *repository.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert "1 loaded, 1 refused" in tk(str(repository)).stdout
    finally:
        for path in paths:
            path.chmod(0o755)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--show-completed"], "--load does not go with --show-completed"),
        (["--diff"], "--load does not go with --diff"),
        (["--timeout", "0"], "--timeout 0 is not a time to wait"),
        (["--runtime", "dokcer"], "--runtime 'dokcer' is unknown"),
        (["--bundle", "."], ". exists"),
        (["--bundle", "nowhere/b.zip"], "nowhere is not a directory"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_starts(repository: Path, options: list[str], said: str) -> None:
    argv = [sys.executable, "-m", "triton_kit", "validate", str(repository), "--load", *options]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


@pytest.mark.parametrize("option", [["--bundle", "b.zip"], ["--runtime", "docker"], ["--timeout", "7"]])
def test_options_about_loading_need_it(repository: Path, option: list[str]) -> None:
    argv = [sys.executable, "-m", "triton_kit", "validate", str(repository), *option]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"{option[0]} goes with --load" in done.stderr


def test_a_bundle_has_configurations_and_verdicts_and_no_secrets_weights_or_code(tmp_path: Path) -> None:
    secret = 'parameters { key: "API_TOKEN" value { string_value: "s3cr3t-value" } }\n'
    models = {
        "m": python(
            "import os\n" + CLASS + "    def initialize(self, args):\n"
            "        raise ValueError('s3cr3t-value and ' + os.environ['KEY'])\n" + EXECUTE,
            "", "", "", config=BROKEN["python_initialize"].config + secret,
        ),
        "n": GOOD["good_onnx"],
    }  # fmt: skip
    repository, bundle = write(tmp_path / "models", models), tmp_path / "b.zip"
    done = tk(str(repository), "--bundle", str(bundle), "--env", "KEY=other-s3cr3t", "--format", "json")
    assert done.returncode == 1, done.stderr
    with zipfile.ZipFile(bundle) as archive:
        names, texts = archive.namelist(), {name: archive.read(name).decode() for name in archive.namelist()}
    assert not any(name.endswith((".py", ".onnx")) for name in names)
    everything = "\n".join(texts.values())
    for hidden in ("s3cr3t-value", "other-s3cr3t", str(repository), "def initialize", "triton-kit-token="):
        assert hidden not in everything
    assert 'key: "API_TOKEN" value { string_value: "***" }' in texts["models/m/config.pbtxt"]
    assert json.loads(texts["models/n/signature.json"])["1"]["inputs"][0]["name"] == "x"
    assert json.loads(texts["models/n/completed.json"])["backend"] == "onnxruntime"
    assert "successfully loaded 'n'" in texts["models/n/log.txt"]
    report = json.loads(texts["report.json"])
    assert report["server"]["version"] == "2.51.0"
    assert {one["name"]: one["state"] for one in report["models"]} == {"m": "refused", "n": "ready"}


def test_a_bundle_on_a_full_disk_fails_after_the_report(repository: Path) -> None:
    done = tk(str(repository), "--bundle", "/dev/full")
    assert done.returncode == 3
    assert "model.py:3:9: error" in done.stdout
    assert "/dev/full cannot be written: no space left on device" in done.stderr


def test_a_bundle_that_exists_is_not_overwritten(repository: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "b.zip"
    bundle.write_text("mine")
    done = tk(str(repository), "--bundle", str(bundle))
    assert done.returncode == 2
    assert bundle.read_text() == "mine"


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program of that Python text on PATH as tritonserver."""

    def make(text: str) -> None:
        place = tmp_path / "bin"
        place.mkdir()
        program = place / "tritonserver"
        program.write_text(f"#!{sys.executable}\nimport http.server, json, sys, time\n{text}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")

    return make


ANSWERING = """\
port = int(next(a for a in sys.argv if a.startswith("--http-port")).partition("=")[2])

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        status, body = answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


def serving(index: str, load: tuple[int, str]) -> str:
    """A server that says this of its models, and answers so to a load."""
    return (
        f"def answer(path):\n"
        f"    if path.endswith('/index'): return 200, {index.encode()!r}\n"
        f'    if path == \'/v2\': return 200, b\'{{"name": "triton", "version": "2.51.0"}}\'\n'
        f"    if path.endswith('/load'): return {load[0]}, {load[1].encode()!r}\n"
        f"    return 200, b'{{}}'\n" + ANSWERING
    )


def test_a_model_that_the_server_takes_in_spite_of_tk_is_shown_and_worth_a_report(
    tmp_path: Path, stand_in: Callable[[str], None]
) -> None:
    stand_in(serving('[{"name": "m", "version": "1", "state": "READY"}]', (200, "{}")))
    repository = write(tmp_path / "models", {"m": BROKEN["config_negative_batch"]})
    done = tk(str(repository), "--release", "24.10")
    assert done.returncode == 1, done.stdout + done.stderr
    place = f"{repository}/m/config.pbtxt:2:17"
    assert f"{place}: error: max_batch_size -1 is negative [negative-max-batch-size]" in done.stdout
    said = "the server loads m all the same, in spite of negative-max-batch-size [load-accepted]"
    assert f"{place}: warning: {said}" in done.stdout
    assert "warning: tk and the server differ on m, which is worth a report" in done.stderr
    assert "--bundle FILE" in done.stderr


def test_a_model_that_the_server_alone_refuses_is_shown_and_worth_a_report(
    tmp_path: Path, stand_in: Callable[[str], None]
) -> None:
    reason = "load failed for model 'm': version 1 is at UNAVAILABLE state: Internal: no flux for input 'x'"
    stand_in(serving('[{"name": "m", "version": "1", "state": "UNAVAILABLE"}]', (400, json.dumps({"error": reason}))))
    repository, bundle = write(tmp_path / "models", {"m": GOOD["good_onnx"]}), tmp_path / "b.zip"
    done = tk(str(repository), "--release", "24.10", "--bundle", str(bundle), "--format", "json")
    report = json.loads(done.stdout)
    assert report["load"]["models"][0]["differs"]
    (one,) = report["diagnostics"]
    assert (one["rule"], one["span"]["line"]) == ("load-refused", 3)
    assert one["message"] == "the server does not load m: no flux for input 'x'"
    assert f"open an issue of triton-kit and attach {bundle}" in done.stderr
    with zipfile.ZipFile(bundle) as archive:
        assert json.loads(archive.read("report.json"))["models"][0]["differs"]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('error: unsupported CPU'); sys.exit(1)", "ended with exit code 1 before it was ready"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was ended by signal 9 before it was ready"),
        ("def answer(path): return 200, b'<html>hello</html>'\n" + ANSWERING, "not ready after"),
        (
            "def answer(path): return (200, b'[]') if path.endswith('/index') else (404, b'<html>')\n" + ANSWERING,
            "",
        ),
    ],
    ids=["it dies", "it is killed", "it answers with something else", "it knows no model"],
)
def test_a_server_that_is_none_is_an_error_after_the_static_verdict(
    repository: Path, stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    stand_in(program)
    impatient = "import triton_kit.serve.trial.run as run; run.START, run.STALL = 3.0, 2.0; "
    main = "from triton_kit.cli import main; main()"
    argv = [sys.executable, "-c", impatient + main, *command(str(repository), "--timeout", "5")[3:]]
    (repository / "m" / "config.pbtxt").write_text("max_batch_size: -3\n")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert "max_batch_size -3 is negative" in done.stdout
    assert said in done.stderr
    assert done.returncode == (3 if said else 1), done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", ["start", "load", "end"])
def test_a_signal_ends_it_in_every_phase_and_leaves_nothing(
    tmp_path: Path, stand_in: Callable[[str], None], phase: str, number: signal.Signals
) -> None:
    mark = tmp_path / "mark"
    touch = f"        open({str(mark)!r}, 'w').close()\n        time.sleep(600)\n"
    method = "finalize(self)" if phase == "end" else "initialize(self, args)"
    code = f"import time\n{CLASS}    def {method}:\n{touch}{EXECUTE}"
    repository = write(tmp_path / "models", {"m": python(code, "", "", "")})
    if phase == "start":
        stand_in(f"open({str(mark)!r}, 'w').close()\ntime.sleep(600)\n")
    process = subprocess.Popen(command(str(repository)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert wait_for(lambda: mark.exists() or process.poll() is not None)
        assert process.poll() is None
        # A server on PATH gets a mirror of the repository: the program itself is what is known of it.
        place = tmp_path / "bin" if phase == "start" else repository
        (port,) = ports(place)
        process.send_signal(number)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert list(Path("/dev/shm").glob(f"tk_127.0.0.1_{port}_*")) == []
    assert ports(place) == set()


def test_a_model_tidies_up_at_its_end(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"{CLASS}    def finalize(self):\n        open({str(mark)!r}, 'w').close()\n{EXECUTE}"
    repository = write(tmp_path / "models", {"m": python(code, "", "", "")})
    assert tk(str(repository)).returncode == 0
    assert mark.exists()


def test_an_image_that_is_not_here_is_an_error_after_the_static_verdict(repository: Path) -> None:
    done = tk(str(repository), "--image", "example/no-such-image:1", "--pull", "never", runtime="docker")
    assert done.returncode == 3
    assert done.stdout.startswith("no problems in 2 models")
    assert done.stderr.count("error: ") == 1


@pytest.mark.docker
def test_a_container_gives_the_same_verdict_and_is_gone(repository: Path) -> None:
    need_image()
    done = tk(str(repository), "--image", IMAGE, "--pull", "never", runtime="docker")
    assert done.returncode == 1, done.stderr
    assert "m/1/model.py:3:9: error: the server does not load m: " in done.stdout
    assert f"docker {IMAGE}, Triton 24.10: 1 loaded, 1 refused" in done.stdout
    assert containers(repository) == []


def test_without_it_nothing_of_it_is_imported(repository: Path) -> None:
    code = (
        "import sys; from triton_kit.cli import run; run(['validate', sys.argv[1]]); "
        "rooms = tuple(f'triton_kit.{room}' for room in ('serve', 'client', 'runtime.')); "
        "print([name for name in sys.modules if name.startswith(rooms)])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(repository)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
