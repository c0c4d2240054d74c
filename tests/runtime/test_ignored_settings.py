"""What a server pays no heed to is said before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from triton_kit.model.repository import Repository
from triton_kit.runtime.ignored_settings import ignored_settings

CACHE = "response_cache { enable: true }"
ACCELERATORS = """optimization { execution_accelerators {
  gpu_execution_accelerator { name: "tensorrt" } cpu_execution_accelerator { name: "openvino" }
} }"""
PROVIDER = 'parameters { key: "gpu_mem_limit" value { string_value: "1000" } }'
HEEDED = 'parameters { key: "intra_op_thread_count" value { string_value: "1" } }'
OWN = 'parameters { key: "team" value { string_value: "search" } }'


@pytest.mark.parametrize(
    ("backend", "written", "flags", "embedded", "said"),
    [
        ("onnxruntime", HEEDED + OWN, (), True, []),
        ("onnxruntime", ACCELERATORS + PROVIDER, (), False, []),
        ("python", ACCELERATORS + PROVIDER, (), True, []),
        ("onnxruntime", ACCELERATORS, (), True, ["m: the embedded server ignores the accelerator tensorrt, openvino"]),
        ("onnxruntime", PROVIDER, (), True, ["m: the embedded server ignores the parameter gpu_mem_limit"]),
        ("python", CACHE, (), True, ["m: response_cache has no effect, since the server has no cache"]),
        ("python", CACHE, (), False, ["m: response_cache has no effect, since the server has no cache"]),
        ("python", CACHE, ("--cache-config=local,size=1048576",), True, []),
        ("python", CACHE, ("--cache-config", "local,size=1048576"), True, []),
        ("python", CACHE, ("--response-cache-byte-size=1048576",), False, []),
        ("python", "response_cache { enable: false }", (), True, []),
        ("python", "nonsense", (), True, []),
    ],
    ids=[
        "what the backend heeds, and what is the user's own",
        "in a container",
        "another backend",
        "accelerators",
        "an option of a provider",
        "a cache that the server does not have",
        "a cache that a container does not have",
        "a cache that the server has",
        "the flag in two words",
        "the former flag",
        "a cache that is off",
        "a configuration that cannot be read",
    ],
)
def test_it_is_said(
    backend: str, written: str, flags: tuple[str, ...], embedded: bool, said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "config.pbtxt").write_text(f'backend: "{backend}"\n{written}\n')
    found = ignored_settings([Repository(tmp_path)], flags, embedded=embedded)
    assert [message for message, _ in found] == said


def test_models_with_the_same_are_one_sentence(tmp_path: Path) -> None:
    for name in "abcde":
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "config.pbtxt").write_text(f'backend: "python"\n{CACHE}\n')
    ((message, hint),) = ignored_settings([Repository(tmp_path)], (), embedded=True)
    assert message.startswith("a, b, c and 2 more: response_cache has no effect")
    assert "--cache-config" in str(hint)
