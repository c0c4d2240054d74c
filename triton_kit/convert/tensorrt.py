"""An ONNX model of a repository as a TensorRT model: planned, built in the release's image, and moved into place."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from triton_kit.backends import onnxruntime, tensorrt
from triton_kit.convert import trtexec
from triton_kit.convert.profiles import GivenShapes, profiles
from triton_kit.convert.trtexec import Build, Precision
from triton_kit.convert.trtexec_run import build_engine
from triton_kit.errors import UsageError
from triton_kit.files import write
from triton_kit.files.cache import cache_dir
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.files.stage import stage
from triton_kit.linter.options import Options
from triton_kit.model.repository import Repository
from triton_kit.project import check
from triton_kit.project.context import ProjectContext, find_repository
from triton_kit.project.render import Layer
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.release import release
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.container import Engine
from triton_kit.runtime.gpu import selection as gpus
from triton_kit.scaffold.new_model import plan_model
from triton_kit.scaffold.request import AddRequest
from triton_kit.scaffold.tensors import Tensor, derive
from triton_kit.signature.files import open_model

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig, ModelDynamicBatching, ModelInput, ModelOutput

_QUANTIZE = b"\x22\x0eQuantizeLinear"
"""The field op_type of a node, as it is in the file (onnx.proto3, NodeProto)."""


class _Values(TypedDict, total=False):
    """What the TensorRT model has of the ONNX model's configuration."""

    max_batch_size: int
    input: Sequence[ModelInput.Dict | Tensor]
    output: Sequence[ModelOutput.Dict | Tensor]
    dynamic_batching: ModelDynamicBatching.Dict


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRequest:
    """What a user asks for; ``workspace`` is in bytes, ``None`` is not given."""

    model: str
    into: str | None = None
    version: int | None = None
    given: GivenShapes
    precision: Precision | None = None
    workspace: int | None = None
    image: str | None = None
    engine: Engine = "docker"
    gpus: str = "auto"
    pull: str = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What will happen: the engine to build, and what is written once it is there.

    ``target`` is the model's folder, or the version's where the model is there already. ``build`` has directories of
    its own only while it runs; until then they are where they would be.
    """

    source: Path
    build: Build
    target: Path
    request: AddRequest
    labels: tuple[PlannedFile, ...] = ()

    @property
    def origin(self) -> str:
        """The name of the ONNX model."""
        return self.source.parent.parent.name


def find_model(here: ProjectContext, given: str, repository: Path | None) -> Path:
    """The folder of a model by its path, or by its name in the repository. Raises UsageError."""
    path = Path(given)
    if repository is None and "/" in given and path.is_dir():
        return path
    found = find_repository(here, repository) / given
    if not found.is_dir() or given in ("", ".", ".."):
        raise UsageError(f"{found.parent} has no model {given}", hint="name a model's folder, or see tk validate")
    return found


def plan_conversion(here: ProjectContext, request: ConversionRequest, repository: Path | None = None) -> Conversion:
    """The conversion of that model. Reads, and writes nothing. Raises UsageError for what does not make sense."""
    folder = find_model(here, request.model, repository)
    aim = release(here.release)
    config = _config(folder)
    source = folder / str(_version(folder, request.version)) / (config.get("default_model_filename") or "model.onnx")
    signature = onnxruntime.read(source)
    assert signature is not None
    values = _values(config, source, here.release)
    size = values["max_batch_size"]
    if gpus.check(request.gpus) == "none":
        raise UsageError("--gpus none: an engine is built on a GPU", hint="leave out --gpus, or name one")
    blockers = tensorrt.complete(signature, release=aim.container).blockers
    if blockers:
        raise UsageError(f"{source}: {blockers[0]}", hint="convert the model to types that TensorRT takes")
    trtexec.check_precision(request.precision, aim.container, quantized=_is_quantized(source))
    preferred = (values.get("dynamic_batching") or {}).get("preferred_batch_size") or []
    shapes = profiles(
        signature.inputs,
        configured={t["name"]: tuple(t["dims"]) for t in values["input"]},
        max_batch_size=size,
        preferred=max(preferred, default=None),
        given=request.given,
    )
    name = request.into or f"{folder.name}_trt"
    target = folder.parent / name
    if target.is_dir() and any(target.iterdir()):
        target = target / str(_next_version(target, values))
    layer = Layer(origin="tk convert", content={"values": {k: v for k, v in values.items() if k != "max_batch_size"}})
    return Conversion(
        source=source,
        target=target,
        labels=_labels(folder, values),
        request=AddRequest(
            name=name,
            repository=folder.parent,
            backend=tensorrt.name,
            mode="move",
            max_batch_size=size,
            layers=(layer,),
        ),
        build=Build(
            source=source,
            out=folder.parent,
            cache=cache_dir() / "tensorrt" / aim.container,
            release=aim.container,
            image=request.image or aim.image(),
            name=f"tk-trtexec-{secrets.token_hex(4)}",
            profiles=shapes,
            precision=request.precision,
            workspace=None if request.workspace is None else max(1, request.workspace >> 20),
            gpus=gpus.check(request.gpus),
            engine=request.engine,
            user=f"{os.getuid()}:{os.getgid()}" if request.engine == "docker" else None,
            pull=request.pull,
        ),
    )


def _config(folder: Path) -> ModelConfig.Dict:
    path = folder / CONFIG_NAME
    if not path.exists():
        return {}
    document = parse(path.read_bytes())
    if document.problems:
        first = document.problems[0]
        raise UsageError(f"{path}:{first.span.line}: {first.message}", hint="fix it first; see tk validate")
    found = document.config.to_dict()
    backend = found.get("backend") or found.get("platform") or onnxruntime.name
    if backend not in (onnxruntime.name, *onnxruntime.platforms):
        raise UsageError(f"{folder} is a model of {backend}, not of ONNX Runtime", hint="name an ONNX model")
    return found


def _version(folder: Path, wanted: int | None) -> int:
    model = Repository(folder.resolve().parent).model(folder.resolve().name)
    numbers = [version.number for version in model.all_versions if version.path.is_dir()] if model is not None else []
    if not numbers or (wanted is not None and wanted not in numbers):
        raise UsageError(f"{folder} has no version{'' if wanted is None else f' {wanted}'}", hint="see tk versions")
    return max(numbers) if wanted is None else wanted


def _values(config: ModelConfig.Dict, source: Path, aim: str) -> _Values:
    """Batch and tensors as the server completes them, with what else of the config goes for TensorRT, too."""
    derived = derive(onnxruntime, source, max_batch_size=config.get("max_batch_size"), release=aim)
    values: _Values = {
        "max_batch_size": config.get("max_batch_size", 0 if config.get("input") else derived.max_batch_size),
        "input": config.get("input") or list(derived.input),
        "output": config.get("output") or list(derived.output),
    }
    if "dynamic_batching" in config:
        values["dynamic_batching"] = config["dynamic_batching"]
    if not config.get("input") and derived.dynamic_batching:
        values.setdefault("dynamic_batching", {})
    return values


def _labels(folder: Path, values: _Values) -> tuple[PlannedFile, ...]:
    names = dict.fromkeys(t["label_filename"] for t in values["output"] if t.get("label_filename"))
    return tuple(PlannedFile(path=name, source=folder / name) for name in names if (folder / name).is_file())


def _next_version(target: Path, values: _Values) -> int:
    """The number for a further version of a TensorRT model that has the same tensors. Raises UsageError for others."""
    path = target / CONFIG_NAME
    found = parse(path.read_bytes() if path.is_file() else b"").config.to_dict()
    if found.get("backend", found.get("platform")) not in (tensorrt.name, *tensorrt.platforms):
        raise UsageError(f"{target} exists, and is not a TensorRT model", hint="give another name with --into")
    for side, own, other in (
        ("input", _declared(found.get("input", [])), _declared(values["input"])),
        ("output", _declared(found.get("output", [])), _declared(values["output"])),
    ):
        if own != other:
            raise UsageError(f"{target} has other {side}s than the model", hint="give another name with --into")
    return _version(target, None) + 1


def _declared(
    tensors: Sequence[ModelInput.Dict | ModelOutput.Dict | Tensor],
) -> dict[str, tuple[object, list[int]]]:
    return {t["name"]: (t["data_type"], list(t["dims"])) for t in tensors}


def _is_quantized(source: Path) -> bool:
    import mmap

    fd, size = open_model(source)
    try:
        with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as data:
            return data.find(_QUANTIZE) >= 0
    finally:
        os.close(fd)


def show(conversion: Conversion) -> str:
    """What will happen, for ``--dry-run``: the command line, then the files."""
    build = replace(conversion.build, out=Path(f"{conversion.target.parent}/.tk-stage-XXXX"))
    lines = [shlex.join(trtexec.argv(build)), ""]
    if conversion.target.name.isdecimal():
        return "\n".join([*lines, f"{conversion.target}/{trtexec.ENGINE_FILE}"])
    files = [CONFIG_NAME, "model.yaml", f"1/{trtexec.ENGINE_FILE}", *(f.path for f in conversion.labels)]
    return "\n".join([*lines, *(f"{conversion.target}/{name}" for name in files)])


def as_json(conversion: Conversion) -> dict[str, object]:
    """The conversion for scripts."""
    shapes = [
        {"input": p.name, "min": list(p.least), "opt": list(p.best), "max": list(p.most)}
        for p in conversion.build.profiles
    ]
    return {
        "source": str(conversion.source),
        "target": str(conversion.target),
        "model": conversion.request.name,
        "image": conversion.build.image,
        "precision": conversion.build.precision or "fp32",
        "profiles": shapes,
        "argv": trtexec.argv(conversion.build),
    }


def convert(
    here: ProjectContext, conversion: Conversion, *, progress: Callable[[str], None], log: Callable[[str], None]
) -> Path:
    """Build the engine and put it in its place; the folder that was made. All of it, or nothing.

    Raises TkError, with what trtexec reported, where no engine came of it.
    """
    repository = conversion.request.repository
    with write.explain_os_errors(repository), stage(repository) as place:
        out = place / "out"
        out.mkdir()
        # Another user than the owner may write, where the engine maps users onto others.
        conversion.build.cache.mkdir(parents=True, exist_ok=True)
        plan = build_engine(replace(conversion.build, out=out), progress=progress, log=log)
        _put(here, conversion, plan)
    return conversion.target


def _put(here: ProjectContext, conversion: Conversion, plan: Path) -> None:
    if conversion.target.name.isdecimal():
        file = PlannedFile(path=trtexec.ENGINE_FILE, source=plan, mode="move")
        write.write(Plan(root=conversion.target, files=(file,)))
        return
    request = replace(conversion.request, source=plan)
    planned = plan_model(request, here.templates, release=here.release)
    planned = replace(planned, files=(*planned.files, *conversion.labels))
    lint_options: Options = here.lint_options
    write.write(planned, lambda staged: check.check_model(staged, request.repository, lint_options))
