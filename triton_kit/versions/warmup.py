"""A model's golden inputs as warm-up samples, which the server runs before the model is ready."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from triton_kit.client.input_slots import Slot
from triton_kit.errors import UsageError
from triton_kit.files.write import explain_os_errors, replace_text
from triton_kit.model.broken import Broken
from triton_kit.model.normalization import complete_config
from triton_kit.model.repository import Repository
from triton_kit.project import config_overlay, settings, yaml_edit, yaml_file
from triton_kit.project.context import ProjectContext
from triton_kit.project.render import FILE as MODEL_YAML
from triton_kit.project.render import edited_by_hand, is_rendered, read_layers, render_command, render_text
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.repository.text_format.document import parse
from triton_kit.suggestion import suggest
from triton_kit.versions.golden_arrays import bind
from triton_kit.versions.golden_cases import read_case
from triton_kit.versions.golden_run import cases_of
from triton_kit.versions.model_folder import ModelFolder
from triton_kit.versions.policy_change import changing, read_config
from triton_kit.versions.verdict import judge

if TYPE_CHECKING:
    from triton_kit.client.types import Array

FIELD: Final = "model_warmup"
FOLDER = "warmup"
"""Where the server looks for the files of samples, in the model's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """Samples as the config has them, and their files by name."""

    samples: tuple[Mapping[str, object], ...]
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedWarmup:
    """The names of the samples, and what was written."""

    samples: tuple[str, ...]
    files: tuple[Path, ...]


def add_warmup(
    here: ProjectContext, folder: ModelFolder, cases: Sequence[str], *, count: int, replacing: bool
) -> AddedWarmup:
    """Write samples of these cases, of all where none is named, into the model; each is run ``count`` times.

    The files come first, then the config that names them, and what nothing names any more goes last: killed at any
    moment, the model loads. Raises UsageError for what cannot be a sample, ProblemsFound where a server would refuse
    the result; then nothing is changed.
    """
    with changing(here, folder):
        old = _named(folder)
        warmup = plan_warmup(folder, cases, count=count)
        if old is not None and not replacing:
            raise UsageError(f"{folder.config} has {FIELD} already", hint="add --replace")
        texts = _texts(here, folder, warmup)
        samples_folder = folder.path / FOLDER
        before = {
            name: (samples_folder / name).read_bytes() for name in warmup.files if (samples_folder / name).exists()
        }
        foreign = [n for n, data in before.items() if n not in (old or ()) and data != warmup.files[n]]
        if foreign:
            raise UsageError(f"{samples_folder / foreign[0]} exists, and no sample names it", hint="move it away")
        made = not samples_folder.exists()
        with explain_os_errors(samples_folder):
            samples_folder.mkdir(exist_ok=True)
        try:
            for name, data in warmup.files.items():
                _write(samples_folder / name, data)
            judge(folder, texts[folder.config])
        except BaseException:
            _undo(samples_folder, warmup, before, made)
            raise
        for path, text in texts.items():
            replace_text(path, text)
        for name in (old or frozenset()) - warmup.files.keys():
            (samples_folder / name).unlink(missing_ok=True)
    names = tuple(str(sample["name"]) for sample in warmup.samples)
    return AddedWarmup(samples=names, files=(*texts, *(samples_folder / name for name in warmup.files)))


def plan_warmup(folder: ModelFolder, cases: Sequence[str], *, count: int) -> Warmup:
    """The samples of the cases and their files; nothing is written."""
    limit, known = _inputs(folder)
    samples, files = [], {}
    for path in _chosen(folder, cases):
        case = read_case(path)
        if case.sequence:
            raise UsageError(f"{path} is a sequence of requests, and a sample is one", hint="name other cases")
        (bound,) = bind(case, known, {})
        inputs: dict[str, object] = {}
        batch = 1
        for number, (name, array) in enumerate(bound.inputs.items()):
            slot = known[name]
            if slot.batching:
                batch, array = len(array), array[0]
            file = f"{_plain(path.stem)}.{number}.{_plain(name)}"
            files[file] = _bytes(array, slot)
            data_type = next(t.config for t in DATA_TYPES.values() if t.wire == slot.datatype)
            inputs[name] = {"data_type": data_type, "dims": list(array.shape), "input_data_file": file}
        missing = [slot.name for slot in known.values() if slot.name not in inputs and not slot.optional]
        if missing:
            raise UsageError(f"{path}: no data for {', '.join(missing)}", hint="complete the case")
        if batch > max(limit, 1):
            raise UsageError(f"{path}: a batch of {batch} is over the limit of {limit}", hint="record a smaller one")
        runs = {"count": count} if count > 1 else {}
        samples.append({"name": path.stem, "batch_size": batch, "inputs": inputs, **runs})
    return Warmup(samples=tuple(samples), files=files)


def _chosen(folder: ModelFolder, cases: Sequence[str]) -> list[Path]:
    there = {path.stem: path for path in cases_of([folder.path])[folder.name]}
    for name in cases:
        if name not in there:
            raise UsageError(f"{folder.name} has no case {name}", hint=suggest(name, tuple(there)))
    return [there[name] for name in (cases or there)]


def _inputs(folder: ModelFolder) -> tuple[int, dict[str, Slot]]:
    """The largest batch and the inputs, as the server completes them. Raises UsageError where no sample can be."""
    model = Repository(str(folder.repository), folder.lint_options.server).model(folder.name)
    assert model is not None
    if model.is_ensemble:
        raise UsageError(
            f"{folder.name} is an ensemble, which is not warmed up", hint="warm up the models of its steps"
        )
    try:
        completed = model.completed_latest
        config = None if completed is None else complete_config(model, completed)
    except Broken:
        config = None
    if config is None:
        raise UsageError(
            f"what {folder.name} takes cannot be determined", hint=f"fix it first; see tk validate {folder.path}"
        )
    if "sequence_batching" in config:
        raise UsageError(
            f"{folder.name} keeps sequences, whose controls are in no case", hint=f"write {FIELD} with them yourself"
        )
    if not config.get("input"):
        raise UsageError(
            f"what {folder.name} takes is known to the server alone", hint="write its input in config.pbtxt"
        )
    limit = int(config.get("max_batch_size", 0))
    slots: dict[str, Slot] = {}
    for tensor in config["input"]:
        name, known = tensor.get("name", ""), DATA_TYPES.get(str(tensor.get("data_type")))
        if not name or known is None:
            raise UsageError(
                f"an input of {folder.name} has no name or no data type", hint=f"see tk validate {folder.path}"
            )
        slots[name] = Slot(
            name=name,
            datatype=known.wire,
            shape=(*((-1,) if limit else ()), *(int(size) for size in tensor.get("dims", ()))),
            batching=limit > 0,
            optional=bool(tensor.get("optional")),
            layout="FORMAT_NONE",
        )
    return limit, slots


def _bytes(array: Array, slot: Slot) -> bytes:
    """The elements as the server reads them from a file: little-endian, strings each after its length.

    Of float32 in the place of BF16 the upper half is kept.
    """
    if slot.datatype == "BYTES":
        return b"".join(len(text).to_bytes(4, "little") + text for text in array.ravel().tolist())
    if slot.datatype == "BF16":
        return bytes((array.ravel().astype("<f4").view("<u4") >> 16).astype("<u2").tobytes())
    return bytes(array.astype(array.dtype.newbyteorder("<")).tobytes())


def _plain(name: str) -> str:
    """A name that can be a file's."""
    return re.sub(r"[^\w.-]", "_", name)


def _named(folder: ModelFolder) -> frozenset[str] | None:
    """The files of the samples that the config has; ``None`` where it has none."""
    document = parse(read_config(folder).encode("utf-8", "surrogateescape"))
    if document.problems:
        first = document.problems[0]
        where = f"{folder.config}:{first.span.line}:{first.span.column}"
        raise UsageError(f"{where}: {first.message}", hint="fix it first; see tk validate")
    message = document.config
    if not message.has(FIELD):
        return None
    inputs = [value for sample in message.model_warmup for _, value in sample.inputs.items()]
    return frozenset(str(i.input_data_file) for i in inputs if i.has("input_data_file"))


def _texts(here: ProjectContext, folder: ModelFolder, warmup: Warmup) -> dict[Path, str]:
    """The new text of config.pbtxt, and of model.yaml where that makes it."""
    text, own = read_config(folder), folder.path / MODEL_YAML
    field = {FIELD: [dict(sample) for sample in warmup.samples]}
    if not own.is_file():
        return {folder.config: config_overlay.overlay(text, field)}
    if text and not is_rendered(text):
        raise edited_by_hand([folder.config], render_command(folder.config))
    new = yaml_edit.with_config(own.read_bytes().decode("utf-8", "surrogateescape"), field, own)
    first_layer, *_ = read_layers(folder.path, None)
    loaded = yaml_file.load(new, own)
    content = settings.mapping(loaded, loaded.value, (), ("template", "values", "config"))
    rendered = render_text([replace(first_layer, content=content, document=loaded)], here.templates)
    return {folder.config: rendered, own: new}


def _write(path: Path, data: bytes) -> None:
    replace_text(path, data.decode("utf-8", "surrogateescape"))


def _undo(samples_folder: Path, warmup: Warmup, before: Mapping[str, bytes], made: bool) -> None:
    for name in warmup.files:
        if name in before:
            _write(samples_folder / name, before[name])
        else:
            (samples_folder / name).unlink(missing_ok=True)
    if made and samples_folder.is_dir():
        samples_folder.rmdir()
