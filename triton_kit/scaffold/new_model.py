"""A new model as a plan: its folder, model.yaml, config.pbtxt, and the files that the model is made of."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from triton_kit.backends import custom, ensemble, python
from triton_kit.backends.detect import NOTHING, detect_backend
from triton_kit.backends.types import Backend, FileKind
from triton_kit.errors import UsageError
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.project import jinja, yaml_file
from triton_kit.project.check import WAITING
from triton_kit.project.model_name import check_name
from triton_kit.project.render import FILE, Layer, render_text
from triton_kit.project.setting_paths import ORIGIN, refuse_unknown_settings
from triton_kit.project.templates import CONFIG, Template, Templates
from triton_kit.project.values import merge
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.release_name import DEFAULT_RELEASE, before
from triton_kit.scaffold import behaviour, formats, options
from triton_kit.scaffold.ensemble.request import wired_values
from triton_kit.scaffold.labels import take_labels
from triton_kit.scaffold.python_model import python_values
from triton_kit.scaffold.request import (
    AddRequest,
    given_values,
    refuse_beside_wiring,
    refuse_for_ensembles,
    refuse_missing_tensors,
    refuse_twice,
    refuse_unserved,
)
from triton_kit.scaffold.tensors import DerivedConfig, choose_backend, derive, guess_notes

_INTRODUCTION = "# config.pbtxt is rendered from this file: edit it, then run tk render.\n"


def plan_model(request: AddRequest, templates: Templates, *, release: str | None = None) -> Plan:
    """The plan for the model. Reads the model's file and writes nothing. A ``release`` of ``None`` is DEFAULT_RELEASE.

    Raises UsageError for what does not make sense, ModelFileError for a file that is not a model.
    """
    check_name(request.name)
    if request.wiring is not None:
        refuse_beside_wiring(request)
    if request.source is None and request.mode != "copy":
        raise UsageError(f"--{request.mode} needs a file", hint="give --from FILE")
    backend, kind = choose_backend(request.backend or _meant_backend(request), request.source)
    aim = release or DEFAULT_RELEASE
    _refuse_release(backend, aim)
    if request.source is not None and request.repository.resolve().is_relative_to(request.source.resolve()):
        raise UsageError(
            f"the repository {request.repository} is inside of {request.source}", hint="name the model file"
        )
    values, derived = _values(request, backend, aim)
    answers = behaviour.describe(request.behaviour or behaviour.Behaviour(), backend, values)
    template = templates.get(request.template or answers.template or backend.name)
    values.update({side: behaviour.without(answers.taken, values[side]) for side in ("input", "output")})
    values.update(answers.values)
    if "sequence_batching" in answers.config and values.pop("dynamic_batching", None) is not None and request.batching:
        raise UsageError("--batching dynamic excludes --sequence", hint="choose one")
    special = formats.describe(
        backend,
        model=request.name,
        source=request.source,
        library=request.library,
        env=request.env,
        accelerator=request.accelerator,
        given=given_values(request.layers),
        release=aim,
    )
    values = _with_format(values, special, request, template)
    if template.values is not None and "platform" in template.values and kind.platform not in backend.platforms[:1]:
        values = {"platform": kind.platform, **_unusual_file(backend, kind, aim), **values}
    labels = None if request.labels is None else take_labels(request.labels, values)
    content = merge({"template": template.name, "values": values}, {})
    if special.config or answers.config:
        content = merge(content, {"config": {**special.config, **answers.config}})
    content = _with_layers(content, request.layers, template)
    text = _INTRODUCTION + yaml_file.dump(content)
    document = yaml_file.load(text, Path(FILE))
    config = render_text([Layer(origin=FILE, content=document.value, document=document)], templates)
    merged = content["values"]
    assert isinstance(merged, dict)
    final = template.completed(merge({}, merged))
    refuse_unserved(final, request)
    files = [PlannedFile(path=CONFIG_NAME, text=config), PlannedFile(path=FILE, text=text)]
    if labels is not None:
        files.append(labels.file)
    files += _model_files(request, backend, _file_name(final.get("default_model_filename")) or kind.default_file)
    files += special.files
    files += _extra_files(templates, template, final, {f.path for f in files})
    notes = [*guess_notes(derived, values), *(labels.notes if labels else ())]
    if kind.default_file and not any(f.path.startswith(f"{request.version}/") for f in files):
        files.append(PlannedFile(path=WAITING, text=""))
        file = f"{request.version}/{kind.default_file}"
        notes.append(f"{request.name} has no model file yet: until {file} is there, the model is refused")
    _refuse_collisions(files)
    return Plan(
        root=request.repository / request.name,
        files=tuple(files),
        next_steps=_next(request, backend, files),
        notes=tuple(notes),
    )


def _with_layers(content: dict[str, object], layers: Sequence[Layer], template: Template) -> dict[str, object]:
    """The content of model.yaml with what --values and --set say. Raises UsageError for a key that there is not."""
    for layer in layers:
        if layer.origin == ORIGIN:
            refuse_unknown_settings(layer.content, template)
        content = merge(content, dict(layer.content), keep_null=True)
    return content


def _refuse_release(backend: Backend, release: str) -> None:
    if backend.last_release is not None and before(backend.last_release, release):
        raise UsageError(
            f"no release after {backend.last_release} has the backend {backend.name}, and this is for {release}",
            hint=f"take --release {backend.last_release} or earlier, or convert the model to ONNX with tf2onnx",
        )


def _unusual_file(backend: Backend, kind: FileKind, release: str) -> dict[str, str]:
    """The file's name as a value, where the server would fill in another one beside that platform."""
    found = detect_backend(
        model_name="", backend=backend.name, platform=kind.platform, filename="", listing=NOTHING, release=release
    )
    filled = found.default_model_filename
    return {"default_model_filename": kind.default_file} if filled and filled != kind.default_file else {}


def _meant_backend(request: AddRequest) -> str | None:
    """The backend that a model without a file has by what is asked of it: steps make an ensemble, the rest model.py.

    A library is a backend of the user's own, with a file or without.
    """
    if request.library is not None:
        return custom.name
    if request.source is not None:
        return None
    if request.wiring is not None or request.steps:
        return ensemble.name
    asked = request.behaviour
    return python.name if asked is not None and (asked.bls or asked.decoupled or asked.sequence) else None


def _values(request: AddRequest, backend: Backend, release: str) -> tuple[dict[str, Any], DerivedConfig]:
    """The values for the template, in the order in which config.pbtxt has them, and what the file said of them."""
    derived = DerivedConfig()
    if request.wiring is not None:
        values: dict[str, Any] = {**wired_values(request.wiring)}
    else:
        if request.source is not None:
            derived = derive(backend, request.source, max_batch_size=request.max_batch_size, release=release)
        values = _tensor_values(request, backend, derived)
    if backend.facts.steps:
        refuse_for_ensembles(request)
    size = values["max_batch_size"]
    batching = options.dynamic_batching(request.batching, request.preferred, request.delay_us, size)
    if batching is None and request.batching is None and derived.dynamic_batching:
        batching = {}
    if batching is not None:
        values["dynamic_batching"] = batching
    if group := options.instance_group(request.instances, request.kind, request.gpus):
        values["instance_group"] = group
    if request.version_policy is not None:
        values["version_policy"] = options.parse_version_policy(request.version_policy)
    said = {t["name"] for side in ("input", "output") if getattr(request, f"{side}s") for t in values[side]}
    return values, replace(derived, guessed=derived.guessed - said, rankless=derived.rankless - said)


def _tensor_values(request: AddRequest, backend: Backend, derived: DerivedConfig) -> dict[str, Any]:
    """The largest batch, the tensors and the steps, as given or as the file says."""
    input_ = [options.parse_tensor(t, "--input") for t in request.inputs] or list(derived.input)
    output = [options.parse_tensor(t, "--output") for t in request.outputs] or list(derived.output)
    refuse_missing_tensors(request, backend, input_, output)
    refuse_twice("--input", [t["name"] for t in input_ if request.inputs])
    refuse_twice("--output", [t["name"] for t in output if request.outputs])
    size = derived.max_batch_size if request.max_batch_size is None else request.max_batch_size
    if size < 0:
        raise UsageError(f"--max-batch-size {size}: below 0", hint="give 0 for a model without a batch dimension")
    values: dict[str, Any] = {"max_batch_size": size, "input": input_, "output": output}
    if backend.facts.steps:
        values["step"] = [options.parse_step(s) for s in request.steps]
    elif request.steps:
        raise UsageError("--step belongs to an ensemble", hint="leave out --step")
    return values


def _with_format(
    values: dict[str, Any], special: formats.FormatAdditions, request: AddRequest, template: Template
) -> dict[str, Any]:
    """The values with what the format needs, where the user did not say otherwise, and without what is not taken."""
    asked = {
        "input": bool(request.inputs),
        "output": bool(request.outputs),
        "max_batch_size": request.max_batch_size is not None,
        "dynamic_batching": request.batching is not None,
        "instance_group": "instance_group" in values,
    }
    full = {**values, **{key: value for key, value in special.values.items() if not asked.get(key)}}
    return {k: v for k, v in full.items() if v or template.values is None or k in template.values}


def _model_files(request: AddRequest, backend: Backend, name: str) -> list[PlannedFile]:
    """The model's file in its version directory under that name, and what belongs to it; none without a source."""
    if request.source is None:
        return []
    companions = backend.companions(request.source)
    missing = [c.target for c in companions if not c.source.exists()]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise UsageError(
            f"{request.source} needs {missing[0]}, which does not exist{more}",
            hint=f"put it into {request.source.parent}, or export the model with its weights inside",
        )
    return [
        PlannedFile(path=f"{request.version}/{name}", source=request.source, mode=request.mode),
        *(PlannedFile(path=f"{request.version}/{c.target}", source=c.source, mode=request.mode) for c in companions),
    ]


def _extra_files(
    templates: Templates, template: Template, values: Mapping[str, Any], taken: set[str]
) -> list[PlannedFile]:
    """The files of a template beside config.pbtxt, such as model.py: made once, then the user's."""
    files = []
    for name, path in template.files().items():
        target = name.removesuffix(".j2")
        if name == CONFIG or target in taken:
            continue
        if name.endswith(".j2"):
            more = python_values(values) if target.endswith(".py") else dict(values)
            files.append(PlannedFile(path=target, text=jinja.render(templates, template, path, more)))
        elif path.stat().st_size == 0:
            files.append(PlannedFile(path=target, text=""))
        else:
            files.append(PlannedFile(path=target, source=path))
    return files


def _file_name(given: object) -> str:
    if not isinstance(given, str):
        return ""
    if "/" in given or given in (".", ".."):
        raise UsageError(f"default_model_filename {given} is a path", hint="give a name without directories")
    return given


def _refuse_collisions(files: Sequence[PlannedFile]) -> None:
    seen: set[str] = set()
    for file in files:
        if file.path in seen:
            raise UsageError(f"{file.path} would be in the model twice", hint="rename one of the files")
        seen.add(file.path)


def _next(request: AddRequest, backend: Backend, files: Sequence[PlannedFile]) -> tuple[str, ...]:
    steps = []
    if backend.default_file and request.source is None:
        file = f"{request.version}/{backend.default_file}"
        do = "edit" if any(f.path == file for f in files) else "cp FILE"
        steps.append(f"{do} {shlex.quote(str(request.repository / request.name / file))}")
    steps += [
        f"tk validate {shlex.quote(str(request.repository / request.name))}",
        f"tk serve {shlex.quote(str(request.repository))}",
        f"tk infer {shlex.quote(request.name)} --random",
    ]
    return tuple(steps)
