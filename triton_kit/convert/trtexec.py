"""The command line that builds an engine, and what trtexec means when it fails.

The options are those of TensorRT 8.5 to 10 (tensorrt docs, trtexec); TensorRT 11 has none for precisions any more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from triton_kit.convert.profiles import Profile, Shape
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.release_name import before
from triton_kit.runtime.container import Engine
from triton_kit.runtime.container.engine import refusal
from triton_kit.runtime.gpu.selection import Way
from triton_kit.runtime.state.registry import LABEL

Precision: TypeAlias = Literal["fp16", "bf16", "int8", "fp8"]

_SINCE: dict[Precision, str] = {"fp8": "23.04", "bf16": "24.05"}
"""Releases whose trtexec has the option: TensorRT 8.6 and 10 (tensorrt release notes)."""
QUANTIZED: tuple[Precision, ...] = ("int8", "fp8")

PATH = ":".join(
    (
        "/usr/src/tensorrt/bin",
        "/opt/tensorrt/bin",
        "/workspace/tensorrt/bin",
        "/usr/local/nvidia/bin",
        "/usr/local/cuda/bin",
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    )
)
"""Where the images have trtexec, which is not on the PATH of all of them."""

ENGINE_FILE = "model.plan"
CACHE_FILE = "timing.cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One engine to build: from which file, for what, in which image, and where things go on this machine.

    ``workspace`` is in MiB, ``None`` for all of the GPU's memory. ``out`` and ``cache`` are directories that the
    container writes to.
    """

    source: Path
    out: Path
    cache: Path
    release: str
    image: str
    name: str
    profiles: tuple[Profile, ...] = ()
    precision: Precision | None = None
    workspace: int | None = None
    gpus: str = "auto"
    gpu_way: Way | None = None
    engine: Engine = "docker"
    user: str | None = None
    pull: str = "missing"


def check_precision(precision: Precision | None, release: str, *, quantized: bool) -> None:
    """Raise UsageError for a precision that the release, or the model, does not have."""
    if precision is None:
        return
    since = _SINCE.get(precision)
    if since and before(release, since):
        raise UsageError(
            f"--{precision}: the TensorRT of {release} does not have it", hint=f"take --release {since} or later"
        )
    if precision in QUANTIZED and not quantized:
        raise UsageError(
            f"--{precision}: the model has no QuantizeLinear nodes, and would be quantized without calibration",
            hint="quantize it first, with onnxruntime.quantization or NVIDIA's ModelOpt, or take --fp16",
        )


def argv(build: Build) -> list[str]:
    """The whole command line: a container without network that sees the model, and writes the engine and the cache."""
    named = "all" if build.gpus == "auto" else build.gpus
    command = [build.engine, "run", "--rm", "--name", build.name, "--label", f"{LABEL}.convert=1"]
    command += ["--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--network", "none"]
    if build.user is not None:
        command += ["--user", build.user]
    if build.engine == "podman" or build.gpu_way == "cdi":
        command += [part for gpu in named.split(",") for part in ("--device", f"nvidia.com/gpu={gpu}")]
    else:
        command += ["--gpus", "all" if named == "all" else f'"device={named}"']
    command += ["--mount", _mount(build.source.parent, "/model", readonly=True)]
    command += ["--mount", _mount(build.out, "/out"), "--mount", _mount(build.cache, "/cache")]
    command += ["--env", f"PATH={PATH}", "--pull", "never" if build.pull == "never" else "missing", build.image]
    return [*command, *trtexec(build)]


def trtexec(build: Build) -> list[str]:
    """The command in the container."""
    command = ["trtexec", f"--onnx=/model/{build.source.name}", f"--saveEngine=/out/{ENGINE_FILE}"]
    # TensorRT 8.5 called it --buildOnly.
    command.append("--buildOnly" if before(build.release, "23.04") else "--skipInference")
    command.append(f"--timingCacheFile=/cache/{CACHE_FILE}")
    for option, which in (("--minShapes", "least"), ("--optShapes", "best"), ("--maxShapes", "most")):
        if build.profiles:
            command.append(f"{option}=" + ",".join(_shape(p.name, getattr(p, which)) for p in build.profiles))
    if build.precision is not None:
        command.append(f"--{build.precision}")
    if build.workspace is not None:
        command.append(f"--memPoolSize=workspace:{build.workspace}")
    return command


def _shape(name: str, shape: Shape) -> str:
    """``NAME:1x3``; a name with a colon is in quotes, and one with a comma cannot be written."""
    if "," in name or "'" in name:
        raise UsageError(f"input {name}: trtexec takes no such name", hint="export the model with plain names")
    return f"{repr(name) if ':' in name else name}:{'x'.join(map(str, shape))}"


def _mount(source: Path, target: str, *, readonly: bool = False) -> str:
    fields = ["type=bind", f"source={source.resolve()}", f"target={target}", *(["readonly"] if readonly else [])]
    return ",".join('"' + f.replace('"', '""') + '"' if re.search(r'[",\r\n]', f) else f for f in fields)


_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        (
            r"no CUDA-capable device|CUDA initialization failure|CUDA driver version is insufficient"
            r"|[Cc]uda [Ff]ailure: 35"
        ),
        "the container finds no GPU that it can use",
        "see nvidia-smi, and that the driver is new enough for {image}",
    ),
    (
        r"Unknown option: (?P<what>--\w+)",
        "trtexec of {image} has no option {what}",
        "from TensorRT 11 on the model's own types count: convert it with NVIDIA's ModelOpt AutoCast first",
    ),
    (
        (
            r"No importer registered for op: (?P<what>\w+)|could not find plugin:? (?P<other>\w+)"
            r"|[Uu]nsupported operator:? (?P<third>\w+)"
        ),
        "TensorRT does not have the operator {what}{other}{third}",
        "export the model without it, or serve it with ONNX Runtime: tk convert tensorrt MODEL --accelerator tensorrt",
    ),
    (
        r"No space left on device",
        "there is no room for the engine",
        "make room where the repository and tk's cache are",
    ),
    (
        r"out of memory|OutOfMemory|[Ii]nsufficient (?:workspace|memory)",
        "the GPU's memory was not enough",
        "lower --max or --workspace, or free the GPU",
    ),
    (
        r"[Dd]ynamic (?:dimensions|inputs?).*(?:required for input: (?P<what>[^\s,]+)|profile)|IOptimizationProfile",
        "the shapes do not fit the model{what}",
        "give --min, --opt and --max for each input with open sizes",
    ),
)
"""What TensorRT writes, what that means, and what to do (seen in the reports of its users)."""


def explain(build: Build, code: int, lines: Sequence[str]) -> TkError:
    """Why no engine came of it, by the exit code and the log."""
    if code == 125:
        return refusal(build.engine, lines)
    if code in (126, 127):
        return TkError(
            f"{build.image} has no trtexec",
            hint=f"take an image of the same release that has it: --image nvcr.io/nvidia/tensorrt:{build.release}-py3",
        )
    text = "\n".join(lines)
    for pattern, message, hint in _MEANINGS:
        if found := re.search(pattern, text):
            words = {"what": "", "other": "", "third": "", **{k: v or "" for k, v in found.groupdict().items()}}
            return TkError(
                f"no engine was built: {message.format(image=build.image, **words)}",
                hint=hint.format(image=build.image, **words),
            )
    errors = [line for line in lines if "[E]" in line]
    last = (errors or [line for line in lines if line.strip()] or [f"exit code {code}"])[-1]
    reason = re.sub(r"^.*?\[E\]\s*(?:Error\[\d+\]:\s*)?", "", last).strip()
    return TkError(f"no engine was built: {reason}", hint="see the whole log with --verbose")
