"""What backends do is in their own modules, and asking about one reads no other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from triton_kit.backends.facts import UNKNOWN, Facts, facts
from triton_kit.backends.table import BACKENDS


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
