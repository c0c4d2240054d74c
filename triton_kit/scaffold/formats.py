"""What a format needs in its config beside its tensors: parameters that its file names, a library, an environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triton_kit.backends import custom, onnxruntime, tensorrtllm
from triton_kit.backends.generic import first_bytes
from triton_kit.backends.types import Backend, ConfigTensor
from triton_kit.errors import UsageError
from triton_kit.files.plan import PlannedFile
from triton_kit.repository.release import python_of
from triton_kit.repository.release_name import before
from triton_kit.scaffold.accelerator import parse_accelerator
from triton_kit.signature import environment, forest


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatAdditions:
    """What is added to a model: ``values`` of its template, ``config`` fields laid over it, ``files`` in its folder."""

    values: Mapping[str, object]
    config: Mapping[str, object]
    files: tuple[PlannedFile, ...] = ()


def describe(
    backend: Backend,
    *,
    model: str,
    source: Path | None,
    library: Path | None,
    env: Path | None,
    accelerator: str | None,
    given: Mapping[str, object],
    release: str,
) -> FormatAdditions:
    """What the backend needs for a model of that name and file; ``given`` are values that the user set.

    Raises UsageError for options that do not go with the backend, ModelFileError for files that are not what they
    should be.
    """
    _refuse_strangers(backend, library, env)
    if accelerator is not None:
        if backend.name != onnxruntime.name:
            raise UsageError(
                f"--accelerator is ONNX Runtime's, and does not go with {backend.name}", hint="leave out --accelerator"
            )
        return FormatAdditions(values={}, config=parse_accelerator(accelerator, release=release).config)
    match backend.name:
        case "fil":
            return FormatAdditions(values=_forest(source, given, release), config={})
        case "tensorrtllm":
            return FormatAdditions(values=_tensorrtllm(model, source), config={})
        case "custom":
            assert library is not None
            values: dict[str, object] = {"backend": custom.backend_name(library)}
            if source is not None:
                values["default_model_filename"] = source.name
            return FormatAdditions(values=values, config={}, files=(PlannedFile(path=library.name, source=library),))
    if env is not None:
        return _with_environment(env, release)
    return FormatAdditions(values={}, config={})


def _refuse_strangers(backend: Backend, library: Path | None, env: Path | None) -> None:
    if library is not None and not backend.facts.library:
        raise UsageError(
            f"--library goes with --backend custom, not with {backend.name}",
            hint="add --backend custom, or leave out --library",
        )
    if backend.facts.library and library is None:
        raise UsageError(
            "a backend of your own has a library: --library missing", hint="add --library libtriton_NAME.so"
        )
    if env is not None and not backend.facts.environment:
        raise UsageError(
            f"--env goes with models in Python, not with {backend.name}",
            hint="leave out --env, or add --backend python",
        )


def text_parameters(parameters: Mapping[str, str]) -> dict[str, object]:
    """Parameters as the config has them."""
    return {key: {"string_value": value} for key, value in parameters.items()}


def _forest(source: Path | None, given: Mapping[str, object], release: str) -> dict[str, object]:
    """The type of the file, and whether it classifies, by the name that the release has for that.

    From 25.09 on the parameter is is_classifier, before it output_class; neither has a default, nor has threshold
    where it is true (fil src/shared_state.h).
    """
    found = None if source is None else forest.read(source)
    classifies = found is not None and bool(found.classifies or found.classes > 2)
    parameters = {
        "model_type": found.format if found else "xgboost",
        "output_class" if before(release, "25.09") else "is_classifier": str(classifies).lower(),
    }
    if classifies:
        parameters["threshold"] = "0.5"
    values: dict[str, object] = {"parameters": text_parameters(parameters)}
    mine = given.get("parameters")
    asked = str(((mine.get("predict_proba") or {}) if isinstance(mine, dict) else {}).get("string_value", "")).lower()
    if found and asked == "true":
        output = found.signature(probabilities=True).outputs[0]
        values["output"] = [{"name": output.name, "data_type": output.dtype, "dims": [(output.shape or (1,))[-1]]}]
    return values


def _tensorrtllm(model: str, source: Path | None) -> dict[str, object]:
    """The tensors and parameters of the backend; the engine lies in the version, where the server's image sees it."""
    size = tensorrtllm.MAX_BATCH_SIZE if source is None else _engine_batch(source)
    return {
        "max_batch_size": size,
        "input": [_value(t) for t in tensorrtllm.INPUTS],
        "output": [_value(t) for t in tensorrtllm.OUTPUTS],
        "dynamic_batching": {},
        "instance_group": [{"kind": "KIND_CPU", "count": 1}],
        "parameters": text_parameters(
            {
                tensorrtllm.STRATEGY: tensorrtllm.STRATEGIES[0],
                tensorrtllm.ENGINE_PATH: f"/models/{model}/1/{tensorrtllm.default_file}",
            }
        ),
    }


def _engine_batch(directory: Path) -> int:
    """The largest batch that the engine was built for, by its config.json."""
    try:
        found = json.loads(first_bytes(directory / "config.json", 1 << 22))
        size = found["build_config"]["max_batch_size"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return tensorrtllm.MAX_BATCH_SIZE
    return size if isinstance(size, int) and 0 < size < 2**31 else tensorrtllm.MAX_BATCH_SIZE


def _value(tensor: ConfigTensor) -> dict[str, object]:
    value: dict[str, object] = {"name": tensor.name, "data_type": tensor.data_type, "dims": list(tensor.dims)}
    if tensor.reshape is not None:
        value["reshape"] = {"shape": list(tensor.reshape)}
    if tensor.name == "input_ids":
        value["allow_ragged_batch"] = True
    if tensor.optional:
        value["optional"] = True
    return value


def _with_environment(archive: Path, release: str) -> FormatAdditions:
    """The packed environment in the model's folder, its Python compared with that of the release's image.

    The server's stub is linked with one Python, and takes the packages of no other (python_backend README, Creating
    Custom Execution Environments).
    """
    found = environment.read(archive)
    wanted = python_of(release)
    if found.python is None:
        raise UsageError(
            f"{archive} holds no Python: neither lib/python3.X nor bin/python3.X is in it",
            hint="pack a whole environment, with conda-pack or venv-pack",
        )
    if wanted and found.python != wanted:
        raise UsageError(
            f"{archive} has Python {found.python}, and the server of {release} runs models in Python {wanted}",
            hint=f"make the environment with Python {wanted}, or choose a release whose image has {found.python}",
        )
    if found.whole and not found.activates:
        raise UsageError(
            f"{archive} has no bin/activate, which the server asks for", hint="pack it with conda-pack or venv-pack"
        )
    where = f"$$TRITON_MODEL_DIRECTORY/{archive.name}"
    return FormatAdditions(
        values={},
        config={"parameters": text_parameters({"EXECUTION_ENV_PATH": where})},
        files=(PlannedFile(path=archive.name, source=archive),),
    )
