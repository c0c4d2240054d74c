"""ONNX Runtime's execution accelerators as a user asks for them: ``tensorrt:fp16,workspace=2g``, ``openvino``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.linter.rules.accelerators import wrong_tensorrt_parameter
from triton_kit.project import config_overlay, yaml_file
from triton_kit.project.values import merge
from triton_kit.project.yaml_edit import inserted, require_value
from triton_kit.repository.release_name import parse_release
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump
from triton_kit.suggestion import suggest

_FIELDS = {"tensorrt": "gpu_execution_accelerator", "openvino": "cpu_execution_accelerator"}
"""The accelerators that the ONNX Runtime backend has beside CUDA, and their fields (onnxruntime onnxruntime.cc)."""
_PRECISIONS = ("fp32", "fp16", "bf16", "int8")
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_ROUTE = ("optimization", "execution_accelerators")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """An accelerator with its parameters, as the config has them."""

    name: str
    parameters: Mapping[str, str]

    @property
    def config(self) -> dict[str, object]:
        """The fields of ModelConfig that ask for it."""
        entry: dict[str, object] = {"name": self.name}
        if self.parameters:
            entry["parameters"] = dict(self.parameters)
        return {"optimization": {"execution_accelerators": {_FIELDS[self.name]: [entry]}}}


def parse_accelerator(text: str, *, release: str) -> Accelerator:
    """``NAME[:WORD,KEY=VALUE,...]``: a precision as a word, ``workspace=2g``, ``cache=DIR``, or the backend's own keys.

    Raises UsageError for what the release's ONNX Runtime backend does not take.
    """
    option = f"--accelerator {text}"
    name, _, rest = text.partition(":")
    if name not in _FIELDS:
        raise UsageError(f"{option}: {name or 'nothing'} is not an accelerator", hint=suggest(name, tuple(_FIELDS)))
    words = [word.strip() for word in rest.split(",") if word.strip()]
    if name == "openvino" and words:
        raise UsageError(f"{option}: openvino takes no parameters", hint="write --accelerator openvino")
    parameters: dict[str, str] = {}
    for word in words:
        for key, value in _parameters(word, option).items():
            if key in parameters:
                raise UsageError(f"{option}: {key} is given twice")
            parameters[key] = value
    for key, value in parameters.items():
        if wrong := wrong_tensorrt_parameter(key, value, parse_release(release)):
            raise UsageError(f"{option}: {wrong[0]}", hint=wrong[1])
    return Accelerator(name=name, parameters=parameters)


def _parameters(word: str, option: str) -> dict[str, str]:
    """The parameters that one word stands for."""
    key, sign, value = word.partition("=")
    if not sign and word.lower() in _PRECISIONS:
        return {"precision_mode": word.upper()}
    if not sign:
        known = (*_PRECISIONS, "workspace=SIZE", "cache=DIR", "KEY=VALUE")
        raise UsageError(f"{option}: {word} is not a precision", hint=f"write one of {', '.join(known)}")
    if key == "workspace":
        return {"max_workspace_size_bytes": str(parse_size(value, option))}
    if key == "cache":
        return {"trt_engine_cache_enable": "true", "trt_engine_cache_path": value}
    return {key: value}


def parse_size(text: str, option: str) -> int:
    """``2g``, ``512m`` or a number of bytes. Raises UsageError."""
    found = re.fullmatch(r"([0-9]{1,15})([kmg]?)b?", text.strip().lower(), re.ASCII)
    if not found or not int(found[1]):
        raise UsageError(f"{option}: {text or 'nothing'} is not a size", hint="write 512m or 2g")
    return int(found[1]) * _UNITS[found[2]]


def in_config_text(text: str, accelerator: Accelerator, name: str) -> str:
    """A config.pbtxt with the accelerator, all else as it was, comments too; ``name`` is the file's, for messages.

    Raises UsageError for a text that cannot be read, is not an ONNX model's, or has accelerators already.
    """
    document = parse(text.encode("utf-8", "surrogateescape"))
    if document.problems:
        first = document.problems[0]
        raise UsageError(
            f"{name}:{first.span.line}:{first.span.column}: {first.message}", hint="fix it first; see tk validate"
        )
    message = document.config
    if message.has("optimization"):
        if message.optimization.has("execution_accelerators"):
            line = document.source.locate(_ROUTE).line
            raise UsageError(f"{name}:{line}: there are accelerators already", hint="edit them there")
        (_, end), _outer = document.source.offsets(("optimization",))
        inside = dump(accelerator.config).splitlines(keepends=True)[1:-1]
        block = "".join(inside)
        head = text[: end - 1].rstrip(" \t")
        gap = "" if head.endswith("\n") else "\n"
        return f"{head}{gap}{block}{text[end - 1 :]}"
    return config_overlay.overlay(text if text.endswith("\n") or not text else f"{text}\n", accelerator.config)


def in_yaml_text(text: str, accelerator: Accelerator, file: Path) -> str:
    """A model.yaml with the accelerator under ``config``, all else as it was, comments too.

    Raises UsageError where there are accelerators already, or the layout does not allow it.
    """
    document = yaml_file.load(text, file)
    before = document.value or {}
    taken = ((before.get("config") or {}).get(_ROUTE[0]) or {}).get(_ROUTE[1])
    if taken:
        place = document.where(("config", *_ROUTE))
        raise UsageError(f"{place}: there are accelerators already", hint="edit them there")
    new = inserted(text, document, {"config": accelerator.config})
    wanted = merge(before, {"config": accelerator.config})
    require_value(new, wanted, file, what="the accelerator cannot be added")
    return new
