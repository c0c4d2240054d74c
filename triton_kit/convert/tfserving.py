"""Models of TensorFlow Serving as models of a repository: every version, the policy, the batching."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from triton_kit.backends import tensorflow
from triton_kit.convert import tfserving_config
from triton_kit.convert.report import ImportedModel, Item, carried, changed, failed, left
from triton_kit.convert.tfserving_batching import Batching, read_batching
from triton_kit.errors import TkError, UsageError
from triton_kit.files.plan import PlannedFile
from triton_kit.project.model_name import check_name
from triton_kit.project.templates import Templates
from triton_kit.repository.release_name import before
from triton_kit.scaffold import new_model
from triton_kit.scaffold.request import AddRequest
from triton_kit.signature.types import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class TFServingRequest:
    """What a user asks for: ``source`` is a model's base path, or a models.config."""

    source: Path
    repository: Path
    name: str | None = None
    batching: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model as TensorFlow Serving serves it: where its versions lie, and which of them."""

    name: str
    base: Path
    policy: str | None = None
    items: tuple[Item, ...] = ()


def plan(request: TFServingRequest, templates: Templates, release: str) -> list[ImportedModel]:
    """The plan for each model. Writes nothing.

    Raises UsageError for a source that is not one. What is wrong with one model of a models.config is reported with it.
    """
    batching = read_batching(request.batching) if request.batching is not None else None
    if request.source.is_dir():
        name = request.name or request.source.resolve().name
        return [_plan(ServedModel(name=name, base=request.source), request, batching, templates, release)]
    models = _models(request.source)
    if request.name is not None and len(models) != 1:
        raise UsageError(
            f"--name {request.name}: {request.source} has {len(models)} models",
            hint="leave out --name: they have theirs",
        )
    found = []
    for one in models:
        one = replace(one, name=request.name or one.name)
        try:
            found.append(_plan(one, request, batching, templates, release))
        except TkError as error:
            found.append(failed(ImportedModel(name=one.name, source=str(one.base), plan=None, items=one.items), error))
    return found


def _models(path: Path) -> list[ServedModel]:
    """The models of a models.config. Raises UsageError for one without any, and for a name that stands twice."""
    document, unknown = tfserving_config.read(path, tfserving_config.model_server_config())
    message = cast("tfserving_config.ModelServerConfig", document.message)
    models = [_model(path, config) for config in message.model_config_list.config]
    if not models:
        raise UsageError(f"{path} has no model", hint="give a models.config with a model_config_list, or a base path")
    names = [model.name for model in models]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{path} names {twice} twice", hint="give each model a name of its own")
    more = tuple(left(name, "no counterpart in Triton") for name in unknown)
    return [replace(models[0], items=(*models[0].items, *more)), *models[1:]]


def _model(path: Path, config: tfserving_config.ModelConfig) -> ServedModel:
    base, items = _base(path, config.base_path)
    if config.version_labels:
        labels = ", ".join(f"{name} is {number}" for name, number in config.version_labels.items())
        items.append(left("version_labels", f"Triton has numbers only: {labels}; clients ask for those"))
    if config.model_platform not in ("", "tensorflow"):
        raise UsageError(
            f"{path}: {config.name} is of the platform {config.model_platform}, not of tensorflow",
            hint="leave it out, and add it by hand",
        )
    policy, policy_items = _policy(config)
    return ServedModel(name=config.name or base.name, base=base, policy=policy, items=(*items, *policy_items))


def _base(path: Path, written: str) -> tuple[Path, list[Item]]:
    """Where a base path is on this machine: as written, or the end of it beside the file, as out of a container."""
    base = Path(written)
    if "://" in written or base.is_dir():
        return base, []
    parts = base.parts[1:] if base.is_absolute() else base.parts
    for i in range(len(parts)):
        near = path.parent.joinpath(*parts[i:])
        if ".." not in parts and near.is_dir():
            return near, [changed(f"base_path {written}", f"{near}, beside {path.name}")]
    return base, []


def _policy(config: tfserving_config.ModelConfig) -> tuple[str | None, list[Item]]:
    """The version policy as tk add takes it; that of both servers is the latest version, where none is written."""
    policy = config.model_version_policy
    if policy.has("all"):
        return "all", [carried("model_version_policy all", "version_policy all")]
    if policy.has("specific"):
        numbers = ",".join(map(str, sorted(set(policy.specific.versions))))
        if numbers:
            return f"specific:{numbers}", [
                carried(f"model_version_policy specific {numbers}", "version_policy specific")
            ]
    count = policy.latest.num_versions or 1
    if count > 1:
        return f"latest:{count}", [carried(f"model_version_policy latest {count}", "version_policy latest")]
    return None, []


def _plan(
    model: ServedModel, request: TFServingRequest, batching: Batching | None, templates: Templates, release: str
) -> ImportedModel:
    check_name(model.name)
    versions = _versions(model.base)
    if tensorflow.last_release is not None and before(tensorflow.last_release, release):
        return _converted(model, request, versions, release)
    items = list(model.items)
    served = _served(versions, model.policy)
    newest = max(served)
    signature = tensorflow.read(versions[newest])
    assert signature is not None
    items.append(carried(f"version {newest}", f"{newest}/{tensorflow.default_file}"))
    others = _others(versions, newest, signature, items)
    common = AddRequest(
        name=model.name,
        repository=request.repository,
        version=newest,
        source=versions[newest],
        version_policy=model.policy,
    )
    if batching is None:
        items.append(changed("no batching parameters", "batches as tk add sees them fit"))
    else:
        common, batching_items = batching.applied(common, tensorflow.is_batchable(signature))
        items += batching_items
    planned = new_model.plan_model(common, templates, release=release)
    items += _extras(versions[newest])
    files = (*planned.files, *others)
    return ImportedModel(
        name=model.name, source=str(model.base), plan=replace(planned, files=files), items=tuple(items)
    )


def _versions(base: Path) -> dict[int, Path]:
    """The version directories with a SavedModel, by number. Raises UsageError where there is none."""
    if "://" in str(base) or str(base).startswith(("gs:/", "s3:/")):
        raise UsageError(f"{base} is not on this machine", hint="copy it here first, and give its directory")
    if not base.is_dir():
        raise UsageError(f"{base} is not a directory here", hint="give the base path of the model on this machine")
    names = [path for path in base.iterdir() if path.is_dir() and path.name.isascii() and path.name.isdecimal()]
    found = {int(path.name): path for path in names if int(path.name) > 0 and tensorflow.recognise(path)}
    if not found:
        raise UsageError(
            f"{base} has no version with a SavedModel", hint="give the directory that holds 1/saved_model.pb"
        )
    return found


def _served(versions: dict[int, Path], policy: str | None) -> list[int]:
    """The versions that the policy chooses. Raises UsageError where it chooses none."""
    if policy is not None and policy.startswith("specific:"):
        asked = [int(number) for number in policy.partition(":")[2].split(",")]
        found = [number for number in asked if number in versions]
        if not found:
            raise UsageError(
                f"none of the versions {policy.partition(':')[2]} is there", hint="correct the version policy"
            )
        return found
    return sorted(versions)


def _others(versions: dict[int, Path], newest: int, signature: Signature, items: list[Item]) -> list[PlannedFile]:
    """The other versions: those that one configuration with the newest can serve."""
    files = []
    for number, path in sorted(versions.items()):
        if number == newest:
            continue
        try:
            same = tensorflow.read(path) == signature
            why = f"its signature is not that of version {newest}, and a model has one configuration"
        except TkError as error:
            same, why = False, error.message
        if same:
            files.append(PlannedFile(path=f"{number}/{tensorflow.default_file}", source=path))
            items.append(carried(f"version {number}", f"{number}/{tensorflow.default_file}"))
        else:
            items.append(left(f"version {number}", why))
    return files


def _extras(version: Path) -> Sequence[Item]:
    warmup = version / "assets.extra" / "tf_serving_warmup_requests"
    return [left("warmup requests", "Triton has model_warmup in the configuration")] if warmup.exists() else []


def _converted(model: ServedModel, request: TFServingRequest, versions: dict[int, Path], release: str) -> ImportedModel:
    """What to do where no image serves TensorFlow: the converter's command for each version."""
    said = f"no image after {tensorflow.last_release} serves TensorFlow, and this is for {release}: convert to ONNX"
    items = [*model.items, left("SavedModels", said)]
    newest = max(_served(versions, model.policy))
    for number, path in sorted(versions.items()):
        file = f"{model.name}-{number}.onnx"
        convert = ["python", "-m", "tf2onnx.convert", "--saved-model", str(path), "--output", file]
        then = ["tk", "add", model.name, "--from", file, "--repository", str(request.repository)]
        if number != newest:
            then = ["tk", "versions", "add", str(request.repository / model.name), file]
        items.append(left(f"version {number}", f"{shlex.join(convert)} && {shlex.join(then)}"))
    return ImportedModel(name=model.name, source=str(model.base), plan=None, items=tuple(items))
