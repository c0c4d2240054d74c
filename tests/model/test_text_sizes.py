"""What is read as text has a size that no real file has; a larger one is refused before it is read."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from triton_kit import lint
from triton_kit.client.answer import read_labels
from triton_kit.convert import labels, tfserving_config, torchserve_settings
from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.project import canonical_layout, yaml_file
from triton_kit.project.render import FILE, Layer, render
from triton_kit.project.templates import Templates

SAID = "it is 4.0 GB, and one of more than 16 MB is not read"


def hollow(path: Path, size: int = 4_000_000_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _render(path: Path) -> None:
    layer = Layer(origin="a test", content={"template": "identity"})
    (path.parent / FILE).write_text("template: identity\n")
    render(path.parent, Templates(), layers=[layer])


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "YAML": ("model.yaml", yaml_file.read),
    "layout": ("config.pbtxt", lambda path: list(canonical_layout.format_files([str(path)]))),
    "rendering over it": ("config.pbtxt", _render),
    "labels": ("labels.txt", read_labels),
    "TensorFlow Serving": (
        "models.config", lambda path: tfserving_config.read(path, tfserving_config.model_server_config())
    ),
    "TorchServe": (
        "config.properties",
        lambda path: torchserve_settings.read_settings(yaml=None, properties=path, model="m", version="1.0"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_a_hollow_file_of_four_gigabytes_is_refused_unread(tmp_path: Path, reader: str) -> None:
    name, read = READERS[reader]
    path = hollow(tmp_path / "m" / name)
    tracemalloc.start()
    try:
        with pytest.raises(TkError) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.message == f"{path} cannot be read: {SAID}"
    assert peak < 20_000_000


def test_names_of_classes_that_are_too_large_are_said_to_be_left(tmp_path: Path) -> None:
    found, said = labels.read_labels(hollow(tmp_path / "index_to_name.json"))
    assert not found
    assert SAID in str(said)


def test_a_configuration_that_is_too_large_is_a_finding(tmp_path: Path) -> None:
    path = hollow(tmp_path / "models" / "m" / "config.pbtxt")
    [found] = [one for one in lint(tmp_path / "models").diagnostics if one.rule == "config-unreadable"]
    assert (found.file, found.message) == (path, f"config.pbtxt cannot be read: {SAID}")
    assert found.help == "check what wrote it"


def test_code_that_is_too_large_is_a_finding(tmp_path: Path) -> None:
    model = tmp_path / "models" / "m"
    hollow(model / "1" / "model.py")
    (model / "config.pbtxt").write_text('backend: "python"\n')
    assert f"the code cannot be read: {SAID}" in [one.message for one in lint(tmp_path / "models").diagnostics]


def test_the_largest_that_is_read_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"#" * disk.LARGEST_TEXT)
    assert len(disk.read_bytes(str(path))) == len(disk.read_given(path)) == 16_000_000
    with path.open("ab") as file:
        file.write(b"#")
    for read in (disk.read_bytes, disk.read_given):
        with pytest.raises(disk.TooLarge, match=r"it is 16\.0 MB, and one of more than 16 MB is not read"):
            read(str(path))


def test_what_does_not_end_is_not_read_to_its_end() -> None:
    with pytest.raises(disk.TooLarge, match="it does not end, and one of more than 16 MB is not read"):
        disk.read_given("/dev/zero")
    with pytest.raises(disk.TooLarge, match="it does not end"):
        disk.read_stream(BytesIO(b"x" * 11), most=10)


def test_a_pipe_that_a_user_names_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "values"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("a: 1\n",))
    writer.start()
    assert yaml_file.read(pipe).value == {"a": 1}
    writer.join()


@pytest.mark.parametrize(
    "digits", ["9" * 1001, "-" + "9" * 5000, "0x" + "f" * 5000], ids=["decimal", "negative", "hex"]
)
def test_a_number_of_thousands_of_digits_has_its_place(digits: str) -> None:
    with pytest.raises(UsageError, match=r"f\.yaml:2:4: .*\.\.\. is a number of more than 1000 digits"):
        yaml_file.load(f"a: 1\nb: {digits}\n", Path("f.yaml"))


def test_a_large_number_is_one() -> None:
    assert yaml_file.load("a: 0x" + "f" * 900, Path("f.yaml")).value == {"a": 16**900 - 1}
