"""What a format needs in its config beside its tensors: what its backend tells, a library, an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triton_kit.backends import custom, onnxruntime
from triton_kit.backends.generic import text_parameters
from triton_kit.backends.types import Backend, NeedsValues
from triton_kit.errors import UsageError
from triton_kit.files.plan import PlannedFile
from triton_kit.repository.release import python_of
from triton_kit.scaffold.accelerator import parse_accelerator
from triton_kit.signature import environment


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
    if library is not None:
        values: dict[str, object] = {"backend": custom.backend_name(library)}
        if source is not None:
            values["default_model_filename"] = source.name
        return FormatAdditions(values=values, config={}, files=(PlannedFile(path=library.name, source=library),))
    if isinstance(backend, NeedsValues):
        needed = backend.template_values(source, model=model, release=release, given=given)
        return FormatAdditions(values=needed, config={})
    if env is not None:
        return _with_environment(env, release)
    return FormatAdditions(values={}, config={})


def _refuse_strangers(backend: Backend, library: Path | None, env: Path | None) -> None:
    if library is not None and not backend.facts.library:
        raise UsageError(
            f"--library goes with --backend custom, not with {backend.name}",
            hint="leave out --backend, or leave out --library",
        )
    if backend.facts.library and library is None:
        raise UsageError(
            "a backend of your own has a library: --library missing", hint="add --library libtriton_NAME.so"
        )
    if env is not None and not backend.facts.environment:
        raise UsageError(
            f"--env goes with models in Python, not with {backend.name}",
            hint="leave out --env",
        )


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
