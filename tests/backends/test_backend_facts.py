"""What backends do is in their own modules, and asking about one reads no other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from triton_kit.backends.facts import UNKNOWN, Facts, facts, platforms
from triton_kit.backends.table import BACKENDS
from triton_kit.repository.release_name import NEWEST


@pytest.mark.parametrize("name", BACKENDS)
def test_the_facts_of_each_backend_are_those_of_its_module(name: str) -> None:
    assert isinstance(BACKENDS[name].facts, Facts)
    assert facts(name) is BACKENDS[name].facts


@pytest.mark.parametrize("name", ["", "my_backend", "identity", "no.name", "../os", "facts", "types", "généré"])
def test_of_a_backend_that_is_not_known_nothing_is_claimed(name: str) -> None:
    assert facts(name) == UNKNOWN


def test_asking_about_one_backend_imports_that_one_alone() -> None:
    code = (
        "import sys; from triton_kit.backends.facts import facts; facts('python');"
        "print(*(m for m in sys.modules if m.startswith('triton_kit.signature.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["triton_kit.signature.types"]


def test_a_table_that_is_imported_imports_no_backend() -> None:
    code = (
        "import sys; from triton_kit.backends.table import BACKENDS; assert 'fil' in BACKENDS; list(BACKENDS);"
        "print(*(m for m in sys.modules if m.startswith('triton_kit.signature.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["triton_kit.signature.types"]


@pytest.mark.parametrize("name", BACKENDS)
def test_what_came_later_is_something_that_the_backend_has(name: str) -> None:
    backend = BACKENDS[name]
    known = {*backend.platforms, *backend.facts.kinds, *(backend.facts.types or ())}
    assert {later for later, _ in backend.facts.since} <= known


@pytest.mark.parametrize("name", ["", "mine", "ensemble", "python", "types", "tensorrt_plan"])
def test_where_no_platform_goes_with_a_backend_any_does(name: str) -> None:
    assert platforms(name) == ()


def test_platforms_types_and_kinds_are_those_of_the_release() -> None:
    assert platforms("tensorflow") == ("tensorflow_graphdef", "tensorflow_savedmodel")
    assert platforms("pytorch", "26.02") == ("pytorch_libtorch",)
    assert platforms("pytorch", "26.03") == ("pytorch_libtorch", "torch_aoti")
    tensorrt = facts("tensorrt")
    assert tensorrt.in_release(tensorrt.kinds, "26.05") == ("KIND_GPU", "KIND_AUTO")
    assert tensorrt.in_release(tensorrt.kinds, "26.06") == ("KIND_GPU", "KIND_AUTO", "KIND_MODEL")
    new = [set(tensorrt.in_release(tensorrt.types or (), release)) for release in ("24.04", "24.05", "24.06")]
    assert new[1] - new[0] == {"TYPE_INT64"}
    assert new[2] - new[1] == {"TYPE_BF16"}


def test_one_backend_alone_left_the_images_and_two_were_never_in_them() -> None:
    assert {name: b.last_release for name, b in BACKENDS.items() if b.last_release != NEWEST} == {"tensorflow": "25.02"}
    assert {name for name, backend in BACKENDS.items() if not backend.facts.shipped} == {"custom", "ensemble"}
