"""Which backend the server takes for a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from triton_kit.backends.detect import Listing, detect_backend
from triton_kit.model.repository import Repository
from triton_kit.repository.release_name import NEWEST


def list_inspected(path: Path) -> Listing:
    model = Repository(str(path.parent)).model(path.name)
    assert model is not None
    return model.inspected


def detect(
    *files: str,
    name: str = "m",
    backend: str = "",
    platform: str = "",
    filename: str = "",
    directories: tuple[str, ...] = (),
    runtime: str = "",
    release: str = NEWEST,
) -> tuple[str, str, str]:
    listing = Listing(names=frozenset((*files, *directories)), directories=frozenset(directories))
    found = detect_backend(
        model_name=name,
        backend=backend,
        platform=platform,
        filename=filename,
        listing=listing,
        runtime=runtime,
        release=release,
    )
    return found.backend, found.platform, found.default_model_filename


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("model.onnx", ("onnxruntime", "onnxruntime_onnx", "model.onnx")),
        ("model.plan", ("tensorrt", "tensorrt_plan", "model.plan")),
        ("model.pt", ("pytorch", "pytorch_libtorch", "")),
        ("model.pt2", ("pytorch", "torch_aoti", "model.pt2")),
        ("model.xml", ("openvino", "", "model.xml")),
        ("model.py", ("python", "", "model.py")),
        ("model.graphdef", ("tensorflow", "tensorflow_graphdef", "model.graphdef")),
        ("model.bin", ("", "", "")),
    ],
)
def test_a_file_of_the_default_name_tells_the_backend(file: str, found: tuple[str, str, str]) -> None:
    assert detect(file) == found


def test_a_directory_counts_for_some_and_not_for_others() -> None:
    assert detect(directories=("model.savedmodel",)) == ("tensorflow", "tensorflow_savedmodel", "model.savedmodel")
    assert detect(directories=("model.onnx",))[0] == "onnxruntime"
    assert detect(directories=("model.plan", "model.pt", "model.graphdef"))[0] == ""
    assert detect("model.savedmodel")[0] == ""


def test_of_several_files_the_servers_order_decides() -> None:
    assert detect("model.onnx", "model.py", "model.xml")[0] == "onnxruntime"
    assert detect("model.pt", "model.py")[0] == "pytorch"
    assert detect("model.pt", "model.pt2")[1] == "pytorch_libtorch"
    assert detect("model.graphdef", "model.plan", directories=("model.savedmodel",))[1] == "tensorflow_graphdef"


def test_files_do_not_count_once_anything_is_said_but_for_tensorflow() -> None:
    assert detect("model.onnx", filename="other.bin") == ("", "", "other.bin")
    assert detect("model.onnx", platform="nonsense")[0] == ""
    assert detect("model.graphdef", backend="tensorflow") == ("tensorflow", "tensorflow_graphdef", "model.graphdef")


def test_what_is_said_is_kept_and_the_rest_filled() -> None:
    assert detect(backend="onnxruntime", filename="net.onnx") == ("onnxruntime", "onnxruntime_onnx", "net.onnx")
    assert detect(platform="tensorrt_plan") == ("tensorrt", "tensorrt_plan", "model.plan")
    assert detect(backend="python") == ("python", "", "model.py")
    assert detect(backend="fil") == ("fil", "", "")
    assert detect(filename="model.xml") == ("openvino", "", "model.xml")
    assert detect(platform="ensemble") == ("", "ensemble", "")
    assert detect(platform="tensorflow_savedmodel", backend="python")[0] == "python"
    assert detect(filename="model.pt2") == ("pytorch", "pytorch_libtorch", "model.pt2")


def test_releases_differ_in_what_they_know() -> None:
    assert detect("model.pt2", release="26.02") == ("", "", "")
    assert detect(platform="libtorch", release="24.10")[0] == ""
    assert detect(platform="libtorch", release="26.04")[0] == "pytorch"


@pytest.mark.parametrize(
    ("said", "by_release"),
    [
        ({"backend": "pytorch"}, {"24.10": "model.pt", "26.03": "model.pt", "26.04": "model.pt", "26.09": "model.pt"}),
        (
            {"backend": "pytorch", "runtime": "model.py"},
            {"24.10": "", "26.03": "", "26.04": "model.pt", "26.08": "model.pt", "26.09": ""},
        ),
        ({"platform": "pytorch_libtorch"}, {"24.10": "model.pt", "26.03": "model.pt", "26.04": "", "26.09": ""}),
        ({"platform": "torch_aoti"}, {"26.03": "model.pt", "26.04": "model.pt2", "26.09": "model.pt2"}),
        ({"backend": "pytorch", "filename": "net.pt"}, {"24.10": "net.pt", "26.06": "net.pt", "26.09": "net.pt"}),
    ],
)
def test_the_file_that_is_filled_in_for_pytorch_is_another_one_by_release(
    said: dict[str, str], by_release: dict[str, str]
) -> None:
    assert {release: detect(**said, release=release)[2] for release in by_release} == by_release


def test_a_package_of_aot_inductor_is_found_by_its_name_from_26_04_on() -> None:
    assert detect("model.pt2", release="26.03") == ("pytorch", "pytorch_libtorch", "model.pt")
    assert detect("model.pt2", release="26.04") == ("pytorch", "torch_aoti", "model.pt2")


def test_a_dot_in_the_name_is_the_last_resort() -> None:
    assert detect(name="resnet.v2") == ("v2", "", "model.v2")
    assert detect(name="a.b.c") == ("b.c", "", "model.b.c")
    assert detect("model.py", name="a.b")[0] == "python"
    assert detect(name="a.b", filename="f") == ("", "", "f")
