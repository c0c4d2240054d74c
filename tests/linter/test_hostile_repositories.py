"""Repositories that would hurt who reads them carelessly: a report comes back, in bounded time, and nothing is run."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from triton_kit import lint
from triton_kit.linter.diagnostic import Report
from triton_kit.linter.report import text

PYTHON = 'backend: "python"\n'


def rules(report: Report) -> set[str]:
    found = {d.rule for d in report.diagnostics}
    assert "internal-error" not in found, text.render(report)
    return found


def model(root: Path, name: str = "m", config: str | bytes = PYTHON) -> Path:
    folder = root / name
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.py").write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
    (folder / "config.pbtxt").write_bytes(config if isinstance(config, bytes) else config.encode())
    return folder


@pytest.fixture
def watched() -> Iterator[None]:
    """A test that waits for a pipe would wait for ever: the alarm ends it."""
    import signal

    def ring(*_: object) -> None:
        raise TimeoutError("waiting for something in the repository")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    "name", ["config.pbtxt", "1/model.py", "1/model.onnx", "1/model.pt", "labels.txt", "1", "configs", "warmup/data"]
)
def test_a_pipe_is_never_waited_for(tmp_path: Path, name: str) -> None:
    for backend in ("python", "onnxruntime", "pytorch"):
        folder = model(
            tmp_path / backend,
            config=f'backend: "{backend}"\nmax_batch_size: 1\ninput {{ name: "x" data_type: TYPE_FP32 dims: 1 }}\n'
            'output { name: "y" data_type: TYPE_FP32 dims: 1 label_filename: "labels.txt" }\n'
            'model_warmup { name: "w" inputs { key: "x" value { input_data_file: "data"\n'
            "  data_type: TYPE_FP32 dims: 1 } } }",
        )
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
        rules(lint(tmp_path / backend))
        rules(lint(folder))


@pytest.mark.usefixtures("watched")
def test_links_in_a_ring_are_followed_once(tmp_path: Path) -> None:
    folder = model(tmp_path)
    (folder / "2").symlink_to("../m")
    (folder / "3").symlink_to("3")
    (folder / "configs").symlink_to("..")
    (tmp_path / "again").symlink_to(".")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "up").symlink_to("../..")
    rules(lint(tmp_path))


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/tty", "/proc/self/mem", "/proc/self/pagemap", "/dev/stdin"])
@pytest.mark.parametrize("name", ["config.pbtxt", "1/model.py", "1/model.onnx", "1/model.savedmodel"])
def test_a_link_to_a_device_is_not_read_without_end(tmp_path: Path, target: str, name: str) -> None:
    if not os.path.lexists(target):
        pytest.skip(f"there is no {target} here")
    for backend in ("python", "onnxruntime", "tensorflow"):
        folder = model(tmp_path / backend, config=f'backend: "{backend}"')
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
        rules(lint(tmp_path / backend))


def test_names_that_are_not_text_are_reported_in_every_format(tmp_path: Path) -> None:
    from triton_kit.linter.report import github, json, junit, sarif

    model(tmp_path, os.fsdecode(b"\xff\xfe"), "max_batch_size: -1")
    model(tmp_path, "line\nbreak", b'name: "\xff"\nmax_batch_size: -1')
    (tmp_path / "m" / os.fsdecode(b"1\xff")).mkdir(parents=True)
    report = lint(tmp_path)
    assert "negative-max-batch-size" in rules(report)
    for shown in (
        text.render(report), json.render(report), github.format_github(report), junit.format_junit(report),
        sarif.format_sarif(report, version="1", describe=str),
    ):  # fmt: skip
        shown.encode("utf-8", "surrogateescape")


def test_whole_process_survives_names_that_are_not_text(tmp_path: Path) -> None:
    model(tmp_path, os.fsdecode(b"\xff\xfe"), "max_batch_size: -1")
    for form in ("text", "json", "github", "sarif", "junit"):
        done = subprocess.run(
            [sys.executable, "-m", "triton_kit", "validate", "--format", form, tmp_path],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr


def test_what_root_may_not_read_either_is_a_finding(tmp_path: Path) -> None:
    folder = model(tmp_path)
    (folder / "config.pbtxt").unlink()
    # Opens, says that it is a regular file, and fails to be read.
    (folder / "config.pbtxt").symlink_to("/proc/self/mem")
    if not Path("/proc/self/mem").exists():
        pytest.skip("there is no /proc here")
    assert rules(lint(tmp_path))


def test_nesting_up_to_the_limit_of_protobuf_and_far_beyond_it_is_read(tmp_path: Path) -> None:
    for depth in (90, 100, 101, 5_000, 100_000):
        for one, end in (
            ("ensemble_scheduling {", "}"),
            ("input [", "]"),
            ("a <", ">"),
            ("version_policy { all ", "}"),
        ):
            config = one * depth + end * (depth // 2)
            shutil.rmtree(tmp_path / "m", ignore_errors=True)
            model(tmp_path, config=config)
            assert rules(lint(tmp_path))


@pytest.mark.parametrize(
    "number",
    ["9" * 5000, "-" + "9" * 400, "1e999999999", "0x" + "f" * 4000, "0" * 5000, "1." + "0" * 5000, "-1e-400"],
    ids=["nines", "negative", "exponent", "hexadecimal", "zeros", "decimals", "tiny"],
)
def test_enormous_numbers_are_findings(tmp_path: Path, number: str) -> None:
    config = (
        f"max_batch_size: {number}\ninput {{ name: 'x' data_type: TYPE_FP32 dims: {number} }}\n"
        f"dynamic_batching {{ max_queue_delay_microseconds: {number} }}\noptimization {{ priority: {number} }}\n"
        f"version_policy {{ specific {{ versions: {number} }} }}\ninstance_group {{ count: {number} gpus: {number} }}\n"
        f"model_warmup {{ name: 'w' batch_size: {number} inputs {{ key: 'x' value {{ dims: {number} }} }} }}\n"
    )
    model(tmp_path, config=config)
    (tmp_path / "m" / number[:200].replace("/", "_")).mkdir()
    assert rules(lint(tmp_path))


@pytest.mark.parametrize("value", [2**31 - 1, 2**63 - 1, -(2**63)])
def test_the_largest_numbers_are_multiplied_without_harm(tmp_path: Path, value: int) -> None:
    dims = ", ".join([str(value)] * 200)
    model(
        tmp_path,
        config=f'backend: "onnxruntime"\nmax_batch_size: {min(value, 2**31 - 1)}\n'
        f"input {{ name: 'x' data_type: TYPE_FP32 dims: [ {dims} ] reshape {{ shape: [ {dims} ] }} }}\n"
        f"sequence_batching {{ state {{ input_name: 's' output_name: 't' data_type: TYPE_FP32 dims: [ {dims} ]\n"
        f"  initial_state {{ name: 'i' data_type: TYPE_FP32 dims: [ {dims} ] zero_data: true }} }} }}\n"
        f"model_warmup {{ name: 'w' batch_size: 1 inputs {{ key: 'x' value {{ data_type: TYPE_FP32 dims: [ {dims} ]\n"
        "  zero_data: true } } }\n",
    )
    assert rules(lint(tmp_path))


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.parametrize(
    "unit",
    [
        "input { name: 'x' data_type: TYPE_FP32 dims: 1 }\n", "x: 1\n", "}\n", "[", "'\n", "# tk: ignore[a]\n",
        "parameters { key: 'k' value { string_value: '${x}' } }\n", "dims: 0x0a\n", "max_batch_size: 0\n", "\n",
        "model_warmup { name: 'a' inputs { key: 'x' value { dims: 1 } } }\n", "name: 'a' 'b'\n", "{{ x }}\n",
        "output { name: 'y' label_filename: 'z' }\n", "instance_group { count: 1 }\n", "metric_tags { key: 'a' }\n",
        "batch_input { kind: BATCH_ELEMENT_COUNT target_name: 'x' source_input: 'y' }\n", "\x00", "\u00e9",
    ],
)  # fmt: skip
def test_time_is_linear_in_the_text(tmp_path: Path, unit: str) -> None:
    # One more page of the same takes as long as the one before; a square would take 16 times as long.
    small, large = (model(tmp_path / str(n), config=unit * (n // len(unit))) for n in (20_000, 320_000))
    lint(small)
    quick = min(_seconds(lambda: lint(small)) for _ in range(3))
    assert _seconds(lambda: rules(lint(large))) < 16 * 6 * quick + 0.5


@pytest.mark.slow
def test_the_largest_configuration_is_read_in_bounded_memory(tmp_path: Path) -> None:
    line = "parameters { key: '%07d' value { string_value: 'some text that takes up room' } }\n"
    config = "".join(line % i for i in range(15_900_000 // len(line % 0)))
    folder = model(tmp_path, config=PYTHON + config)
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, folder], capture_output=True, text=True, check=True, timeout=240
    )
    assert int(done.stdout) < 20 * len(config) // 1024


_PEAK = """
import re, sys
from triton_kit import lint
assert lint(sys.argv[1]).ok
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def test_a_huge_hollow_model_file_is_not_read_through(tmp_path: Path) -> None:
    for backend, name in (
        ("onnxruntime", "model.onnx"), ("pytorch", "model.pt"), ("tensorrt", "model.plan"), ("python", "other.bin"),
        ("tensorflow", "model.savedmodel/saved_model.pb"), ("openvino", "model.bin"),
    ):  # fmt: skip
        folder = model(tmp_path, backend, f'backend: "{backend}"')
        path = folder / "1" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(1 << 40)
    before = time.process_time()
    rules(lint(tmp_path))
    # Reading a terabyte takes minutes at the least.
    assert time.process_time() - before < 20


def test_many_directories_take_time_in_proportion(tmp_path: Path) -> None:
    def made(count: int) -> Path:
        root = tmp_path / str(count)
        for i in range(count):
            (root / f"d{i}").mkdir(parents=True)
        return root

    small, large = made(1_000), made(16_000)
    lint(small)
    quick = min(_seconds(lambda: lint(small)) for _ in range(3))
    assert _seconds(lambda: rules(lint(large))) < 16 * 4 * quick
    folder = model(tmp_path)
    for i in range(1, 16_000):
        (folder / str(i)).mkdir(exist_ok=True)
    rules(lint(folder))


def test_files_that_change_while_they_are_read_are_one_thing_or_the_other(tmp_path: Path) -> None:
    folder = model(tmp_path, config='backend: "onnxruntime"\nmax_batch_size: 4\n')
    pick = random.Random(3)
    contents = [
        b"",
        b"max_batch_size: -1",
        PYTHON.encode() * 500,
        b"\xff" * 3000,
        b"input [",
        b"\x08\x08\x3a\x02\x12\x00",
    ]
    stop = threading.Event()

    def flip() -> None:
        while not stop.is_set():
            path = folder / pick.choice(("config.pbtxt", "1/model.onnx", "1/model.py"))
            try:
                match pick.randrange(4):
                    case 0:
                        path.unlink(missing_ok=True)
                    case 1:
                        shutil.rmtree(folder / "1", ignore_errors=True)
                    case 2:
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(pick.choice(contents))
                    case _:
                        other = path.with_name("other")
                        other.write_bytes(pick.choice(contents))
                        other.replace(path)
            except OSError:
                continue

    beside = threading.Thread(target=flip)
    beside.start()
    try:
        for _ in range(150):
            text.render(lint(tmp_path))
            rules(lint(tmp_path))
    finally:
        stop.set()
        beside.join()


def test_a_model_that_is_removed_between_two_looks_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from triton_kit.model import disk

    look = disk.listing
    for after in range(6):
        folder = model(tmp_path / str(after))
        left = [after]

        def listing(path: str, folder: Path = folder, left: list[int] = left) -> dict[str, str]:
            found = look(path)
            left[0] -= 1
            if left[0] < 0:
                shutil.rmtree(folder, ignore_errors=True)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(disk, "listing", listing)
            rules(lint(tmp_path / str(after)))


MARKER = "import pathlib; pathlib.Path({marker!r}).write_text('run')\n"


def test_nothing_of_the_repository_is_run_or_imported(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    code = MARKER.format(marker=str(marker))
    root = tmp_path / "repository"
    folder = model(root)
    for name in (
        "model.py", "conftest.py", "sitecustomize.py", "usercustomize.py", "onnx.py", "numpy.py", "yaml.py",
        "triton_python_backend_utils.py", "triton_kit.py", "typer.py", "json.py", "ast.py", "x.pth", "__init__.py",
        "setup.py", "rich.py", "zipfile.py", "google.py",
    ):  # fmt: skip
        for place in (root, folder, folder / "1"):
            (place / name).write_text(code + "class TritonPythonModel:\n    def execute(self, requests): ...\n")
    for backend, name in (("onnxruntime", "model.onnx"), ("pytorch", "model.pt"), ("tensorflow", "model.savedmodel")):
        shutil.copytree(folder, root / backend)
        (root / backend / "config.pbtxt").write_text(f'backend: "{backend}"')
        # A pickle that would write the marker if it were loaded.
        (root / backend / "1" / name).write_bytes(
            b"cbuiltins\nexec\n(V" + code.strip().encode() + b"\ntR."
        )  # fmt: skip
    for arguments in (["validate", "."], ["validate", "m"], ["validate", "m/1/model.py"], ["fmt", "--check", "."]):
        subprocess.run(
            [Path(sys.executable).parent / "tk", *arguments], cwd=root, capture_output=True, check=False, timeout=120
        )
    lint(root)
    assert not marker.exists()
    assert not list(root.rglob("__pycache__"))
