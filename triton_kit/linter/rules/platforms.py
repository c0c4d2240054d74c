"""Rules about the platform that a model names, beside its backend."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from triton_kit.backends.detect import ENSEMBLE
from triton_kit.backends.facts import facts, platforms
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import rename_field, set_near, set_string
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model
from triton_kit.repository.release_name import show_release

_OLDEST = "00.01"
"""Before all releases: what holds then, holds in every one."""

_EXAMPLES = ("identity", "repeat", "square")
"""Backends of the official images that show how one is written; tk knows nothing else of them."""


@cache
def platforms_of(backend: str, release: tuple[int, int]) -> tuple[str, ...]:
    """The platforms that a backend takes in a release; none where it takes any."""
    return platforms(backend, show_release(release))


def named_by(platform: str) -> str | None:
    """The backend that a platform names in every release; ``None`` for other words.

    Such a platform begins with its backend (core model_config_utils.cc:GetBackendTypeFromPlatform).
    """
    backend = platform.partition("_")[0]
    return backend if platform in platforms(backend, _OLDEST) else None


def is_shipped(backend: str) -> bool:
    """Whether an official image of some release or variant has that backend."""
    return backend in _EXAMPLES or facts(backend).shipped


def shipped() -> list[str]:
    """The backends of the official images that are there for a model of one's own."""
    from triton_kit.backends.table import BACKENDS

    return [name for name, backend in BACKENDS.items() if backend.facts.shipped]


def _platforms_of_all() -> list[str]:
    from triton_kit.backends.table import BACKENDS

    return [platform for backend in BACKENDS for platform in platforms(backend, _OLDEST)]


@rule(Severity.ERROR)
def unexpected_platform(model: Model) -> Iterator[Problem]:
    """The platform is none that names a backend.

    Backends are named by `backend`; `platform` takes a few fixed words (core
    model_config_utils.cc:ValidateModelConfig).

    Server says:

        unexpected platform type

    Bad:

        platform: "onnxruntime"

    Good:

        platform: "onnxruntime_onnx"
    """
    if model.backend or model.is_ensemble or model.detected.undeterminable:
        return
    platform = model.config.platform
    if not platform:
        name = model.config.default_model_filename
        yield Problem(
            at=("default_model_filename",),
            message=f"the backend cannot be determined from the file name '{name}'"
            if name
            else f"the model's name, '{model.name}', ends in a dot where the backend's name is expected",
            help=_backend_for(model),
        )
        return
    known = [*_platforms_of_all(), ENSEMBLE]
    is_backend = is_shipped(platform)
    yield Problem(
        at=("platform",),
        message=f"'{platform}' is not a platform" + (" but a backend" if is_backend else ""),
        help=f'write backend: "{platform}"' if is_backend else nearest(platform, known),
        fix=rename_field(("platform",), "backend") if is_backend else set_near(("platform",), platform, known),
    )


def _backend_for(model: Model) -> str:
    """What to write as backend: the one that takes such a file, where the file tells."""
    from triton_kit.linter.file_kinds import backend_remedy

    latest = model.latest if model.file_name else None
    found = None if latest is None else backend_remedy(model.model_file(latest))
    return found or 'write the backend that takes the file, such as backend: "onnxruntime" for ONNX'


@rule(Severity.ERROR)
def platform_of_another_backend(model: Model) -> Iterator[Problem]:
    """Platform and backend do not belong together.

    tensorflow, tensorrt, onnxruntime and pytorch take the platforms of their family only, every other backend any text
    but `ensemble` (core model_config_utils.cc:ValidateModelConfig).

    Server says:

        unexpected 'platform' and 'backend' pair

    Bad:

        backend: "onnxruntime"
        platform: "tensorrt_plan"

    Good:

        backend: "onnxruntime"
        platform: "onnxruntime_onnx"
    """
    backend, platform = model.backend, model.platform
    allowed = platforms_of(backend, model.options.release)
    if not allowed or platform in allowed or platform == ENSEMBLE:
        return
    if not model.config.backend and not model.config.platform and not model.config.default_model_filename:
        yield Problem(
            message=f"the backend '{backend}' is taken from the model's name, and then no platform is filled in",
            help=f'write backend: "{backend}"',
        )
    elif not platform:
        yield Problem(
            at=("backend",),
            message=f"the backend '{backend}' needs a platform with a file name of its own",
            help="write platform: " + " or ".join(f'"{p}"' for p in allowed),
        )
    else:
        yield Problem(
            at=("platform",),
            message=f"the platform '{platform}' does not belong to the backend '{backend}'",
            help=f'write platform: "{_usual(model, allowed)}", or leave one of the two out',
            fix=set_string(("platform",), allowed[0]) if model.config.platform == backend else None,
        )


def _usual(model: Model, allowed: tuple[str, ...]) -> str:
    """The platform that was probably meant: the one that ends so, else one that every release has."""
    meant = [platform for platform in allowed if platform.endswith(f"_{model.platform}")]
    newer = dict(model.facts.since)
    return next(iter(meant or [platform for platform in reversed(allowed) if platform not in newer]), allowed[-1])
