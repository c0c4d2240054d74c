"""A TorchServe archive as a model: TorchScript becomes a pytorch model, a handler a model in Python that calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.backends import onnxruntime, python, pytorch
from triton_kit.backends.table import for_file
from triton_kit.convert.handlers import BUILT_IN, BuiltIn, packages_of, split_handler
from triton_kit.convert.labels import read_labels
from triton_kit.convert.report import ImportedModel, Item, carried, changed, left
from triton_kit.convert.torchserve_report import handler_items, settings_items
from triton_kit.convert.torchserve_settings import Settings, read_settings
from triton_kit.errors import UsageError
from triton_kit.files.plan import Mode, Plan, PlannedFile
from triton_kit.linter.report.text import printable
from triton_kit.project.model_name import check_name
from triton_kit.project.templates import Templates
from triton_kit.resources import resource
from triton_kit.scaffold import new_model
from triton_kit.scaffold.request import AddRequest
from triton_kit.signature import torchscript

MANIFEST = "MAR-INF/MANIFEST.json"
_SERVED = (pytorch.name, onnxruntime.name)
_LONGEST_MANIFEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchServeRequest:
    """What a user asks for: texts are as typed, ``None`` is not given.

    ``keep_handler`` makes a model in Python also of an archive whose model Triton could serve by itself; ``mode`` is
    how its files come from where it was unpacked.
    """

    archive: Path
    repository: Path
    name: str | None = None
    properties: Path | None = None
    keep_handler: bool = False
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    max_batch_size: int | None = None
    mode: Mode = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An unpacked archive: where it lies, its files, and what its manifest says of the model."""

    root: Path
    files: tuple[str, ...]
    model: dict[str, object]

    def text(self, key: str) -> str:
        """An entry of the manifest's model, empty where there is none."""
        value = self.model.get(key)
        return value if isinstance(value, str) else ""

    def file(self, key: str) -> Path | None:
        """The file that an entry names, ``None`` where it names none. Raises UsageError for one that is not there."""
        name = self.text(key).rpartition("/")[2]
        if not name:
            return None
        if name not in self.files:
            raise _missing(name, key)
        return self.root / name


def plan(
    request: TorchServeRequest, unpacked: Path, files: tuple[str, ...], templates: Templates, release: str
) -> ImportedModel:
    """The plan for an archive whose files lie in ``unpacked``. Writes nothing but a label file there.

    Raises UsageError for an archive that TorchServe would not take either, and where the tensors have to be given.
    """
    archive = open_archive(request.archive, unpacked, files)
    name = check_name(request.name or archive.text("modelName") or request.archive.name.partition(".")[0])
    version, items = _version(archive.text("modelVersion"))
    there = archive.text("modelName") or name
    settings = read_settings(archive.file("configFile"), request.properties, there, archive.text("modelVersion"))
    model = archive.file("serializedFile")
    backend = for_file(model) if model is not None else None
    alone = backend is not None and backend.name in _SERVED and (backend.name != pytorch.name or _is_script(model))
    if not (alone or archive.text("handler")):
        raise UsageError(
            f"{request.archive} has neither a handler nor a model that Triton serves", hint="make the archive again"
        )
    common = _common(request, name, version, settings)
    keep = request.keep_handler or not alone
    if not keep and (built_in := BUILT_IN.get(archive.text("handler"))) and not built_in.served:
        items += _unserved(archive.text("handler"), built_in)
        return ImportedModel(name=name, source=str(request.archive), plan=None, items=tuple(items))
    if keep or backend is None or model is None:
        planned = _plan_handler(common, archive, settings, templates, release, request.mode)
        items.append(carried(f"the handler {archive.text('handler')}", f"{version}/model.py calls it"))
    else:
        common, more = _with_tensors(common, request, archive, model)
        items += more
        planned = new_model.plan_model(replace(common, source=model, mode=request.mode), templates, release=release)
        items.append(carried(model.name, f"{version}/{backend.default_file}"))
    items += handler_items(archive.text("handler"), keep=keep)
    items += settings_items(settings, common.max_batch_size or 0, keep=keep)
    items += _requirements(archive, keep)
    return ImportedModel(name=name, source=str(request.archive), plan=planned, items=tuple(items))


def open_archive(path: Path, unpacked: Path, files: tuple[str, ...]) -> Archive:
    """The archive by its manifest, which lies at its top or in its one directory. Raises UsageError without one."""
    places = [file for file in files if file == MANIFEST or file.split("/", 1)[-1] == MANIFEST]
    if not places:
        raise UsageError(f"{path} has no {MANIFEST}: it is not a TorchServe archive", hint="give a .mar file")
    prefix = min(places, key=len)[: -len(MANIFEST)]
    try:
        text = (unpacked / prefix / MANIFEST).read_bytes()[:_LONGEST_MANIFEST].decode("utf-8")
        manifest = json.loads(text)
        model = manifest["model"]
        runtime = str(manifest.get("runtime", "python"))
        if not isinstance(model, dict):
            raise TypeError("model is not an object")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path}: {MANIFEST} is not a manifest: {error}", hint="make the archive again") from None
    if not runtime.lower().startswith("python"):
        raise UsageError(
            f"{path} is for the runtime {printable(runtime)}, not for Python", hint="import its model with tk add"
        )
    inside = tuple(file.removeprefix(prefix) for file in files if file.startswith(prefix))
    return Archive(root=unpacked / prefix, files=inside, model=model)


def _missing(name: str, key: str) -> UsageError:
    message = f"the archive has no {printable(name)}, which its manifest names as {key}"
    return UsageError(message, hint="make it again")


def _version(text: str) -> tuple[int, list[Item]]:
    """The version directory for TorchServe's version, which may be anything."""
    whole, _, rest = text.partition(".")
    number = int(whole) if whole.isascii() and whole.isdecimal() and len(whole) < 10 else 0
    if number >= 1 and not rest.strip("0."):
        return number, [carried(f"version {text}", f"the version directory {number}")]
    said = f"the version directory {number or 1}: versions are whole numbers from 1"
    return number or 1, [changed(f"version {text or '(none)'}", said)]


def _common(request: TorchServeRequest, name: str, version: int, settings: Settings) -> AddRequest:
    """What both kinds of models have: batches, delay, instances."""
    size = settings.number("batchSize") or 1 if request.max_batch_size is None else request.max_batch_size
    delay = settings.number("maxBatchDelay")
    merged = size > 1
    return AddRequest(
        name=name,
        repository=request.repository,
        version=version,
        max_batch_size=size,
        batching="dynamic" if merged else "none",
        delay_us=(100 if delay is None else delay) * 1000 if merged else None,
        instances=settings.number("minWorkers") or None,
        kind=settings.kind,
        gpus=settings.gpus,
    )


def _with_tensors(
    common: AddRequest, request: TorchServeRequest, archive: Archive, model: Path
) -> tuple[AddRequest, list[Item]]:
    """The request with inputs, outputs and labels, from the user, the handler and the labels."""
    built_in = BUILT_IN.get(archive.text("handler"))
    labels, items = read_labels(archive.root / "index_to_name.json") if _has_labels(archive) else ((), [])
    inputs = request.inputs or (built_in.inputs if built_in else ())
    outputs = request.outputs or ((f"OUTPUT__0:FP32:{len(labels)}",) if labels and inputs else ())
    if model.suffix != ".onnx" and not (inputs and outputs):
        _refuse_untold(model, bool(inputs), bool(outputs))
    common = replace(common, inputs=inputs, outputs=outputs)
    if labels and len(outputs) == 1:
        file = archive.root / "labels.txt"
        file.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
        items.append(carried("index_to_name.json", f"labels.txt, {len(labels)} labels of {outputs[0].split(':')[0]}"))
        common = replace(common, labels=str(file))
    elif labels:
        said = "which output they are of is not known: tk add takes --labels OUTPUT=FILE"
        items.append(left("index_to_name.json", said))
    return common, items


def _has_labels(archive: Archive) -> bool:
    return "index_to_name.json" in archive.files


def _refuse_untold(model: Path, inputs: bool, outputs: bool) -> None:
    """TorchScript keeps neither types nor shapes of its tensors: say what to give, with the names that it has."""
    found = torchscript.read(model)
    names = [a.name for a in found.arguments or () if not a.has_default] or ["INPUT__0"]
    given = [] if inputs else [f"--input {name}:FP32:DIMS" for name in names]
    given += [] if outputs else [f"--output OUTPUT__{i}:FP32:DIMS" for i in range(found.outputs or 1)]
    raise UsageError(
        f"{model.name} does not describe the types and shapes of its tensors",
        hint=f"add {' '.join(given)}, without the batch dimension; or --keep-handler",
    )


def _plan_handler(
    common: AddRequest, archive: Archive, settings: Settings, templates: Templates, release: str, mode: Mode
) -> Plan:
    """A model in Python, with the archive beside it as it was."""
    file, _ = split_handler(archive.text("handler"))
    if not file:
        raise UsageError("--keep-handler, but the archive names no handler", hint="leave out --keep-handler")
    if file.endswith(".py") and file not in archive.files:
        raise _missing(file, "handler")
    told = {"source": resource("templates/torchserve/model.py"), "backend": python.name}
    tensors = {"inputs": ("body:STRING:1",), "outputs": ("response:STRING:1",)}
    planned = new_model.plan_model(replace(common, **told, **tensors), templates, release=release)  # type: ignore[arg-type]
    at = common.version
    values = {name: value for name, (value, _) in settings.values.items()} | settings.rest
    more = (
        PlannedFile(path=f"{at}/archive", source=archive.root, mode=mode),
        PlannedFile(path=f"{at}/settings.json", text=json.dumps(values, indent=2, default=str) + "\n"),
    )
    steps = tuple(step for step in planned.next_steps if not step.startswith("tk infer"))
    steps += (f"tk infer {common.name} body=@FILE",)
    return replace(planned, files=(*planned.files, *more), next_steps=steps)


def _requirements(archive: Archive, keep: bool) -> Iterator[Item]:
    """What has to be installed where the model runs."""
    file = archive.text("requirementsFile")
    if not keep:
        if file:
            yield left(file, "the model needs no Python")
        return
    python = [name for name in archive.files if name.endswith(".py")]
    sources = [(archive.root / name).read_bytes().decode("utf-8", "replace") for name in python]
    needed = packages_of(sources, (name.split("/")[0].removesuffix(".py") for name in archive.files))
    if archive.text("handler") in BUILT_IN:
        needed = sorted({*needed, "torch", "torchserve"})
    if needed:
        said = f"install {', '.join(needed)} in the server's Python, or give the model an execution environment"
        yield left("packages", said)
    if file:
        yield left(file, "nothing installs it: models run with the Python of the server")


def _unserved(handler: str, built_in: BuiltIn) -> list[Item]:
    said = "its models answer with what the PyTorch backend does not take: dictionaries or lists of them"
    remedy = "add --keep-handler for a model in Python that calls it, or export the model to ONNX with plain outputs"
    return [
        left(f"the handler {handler}", said),
        left("before the model", built_in.before),
        left("after the model", built_in.after),
        left("instead", remedy),
    ]


def _is_script(model: Path | None) -> bool:
    return model is not None and torchscript.is_script(model)
