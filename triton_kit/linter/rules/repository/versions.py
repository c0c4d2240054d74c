"""Rules about version directories and the policy that selects them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import make_version
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.version import overflows, version_numbers
from triton_kit.repository.names import RESERVED_DIRECTORIES

_STEPS = re.compile(r"""\bplatform\s*:\s*["']ensemble["']|\bensemble_scheduling\b""")


@rule(Severity.ERROR)
def version_overflow(model: Model) -> Iterator[Problem]:
    """A directory's name begins with a number beyond 64 bits, and the server process aborts.

    The conversion throws, uncaught (core model_lifecycle.cc:VersionsToLoad; SIGABRT on 24.10).

    Server says:

        std::out_of_range

    Bad:

        -- 9223372036854775808/

    Good:

        -- notes/
    """
    for name, number in version_numbers(model.directories).items():
        if overflows(number):
            yield Problem(
                message=f"kills the server: the directory '{name}' is a version number beyond 64 bits",
                help="rename the directory, or move it out of the model",
                file=Path(model.join(name)),
            )


@rule(Severity.ERROR)
def no_version_directory(model: Model) -> Iterator[Problem]:
    """A model has no version directory.

    At least one sub-directory must have a number for a name; an ensemble needs an empty one. Git keeps no empty
    directory: a file in it, such as `.gitkeep`, does no harm (core model_lifecycle.cc:AsyncLoad).

    Server says:

        at least one version must be available under the version policy of model
        Invalid model name: Could not determine backend for model

    Bad:

        backend: "onnxruntime"
        -- model.onnx
        (the file of the model, beside its configuration)

    Good:

        backend: "onnxruntime"
    """
    if model.version_numbers or model.placeholders:
        return
    ensemble = _is_ensemble(model)
    if model.config_kind is None and (model.name.startswith(".") or not model.entries):
        message = f"'{model.name}' is taken for a model, as is every directory of a repository"
        help_ = "move it out of the repository" + ("" if model.entries else ", or fill it")
    else:
        message = "no version directory, such as 1/, is in the model's directory"
        help_ = "make the directory 1" + ("" if ensemble else " and move the model file into it")
        if _in_git(model.directory):
            help_ += "; git keeps no empty directory, but one with a file such as 1/.gitkeep"
    fix = make_version() if ensemble and "1" not in model.entries else None
    yield Problem(message=message, help=help_, file=Path(model.directory), fix=fix)


def _is_ensemble(model: Model) -> bool:
    """Whether it is an ensemble, or would be one if its text could be read."""
    try:
        return model.is_ensemble
    except Broken:
        return model.has_config and _STEPS.search(model.document.source.text) is not None


def _in_git(directory: str) -> bool:
    """Whether the directory is part of a checkout of git."""
    path = Path(directory).absolute()
    return any((parent / ".git").exists() for parent in (path, *path.parents))


@rule(Severity.ERROR)
def policy_selects_no_version(model: Model) -> Iterator[Problem]:
    """The version policy selects none of the versions there are.

    `latest { }` means none, and so do `specific { }` and only absent versions (core
    model_lifecycle.cc:VersionsToLoad).

    Server says:

        at least one version must be available under the version policy of model

    Bad:

        version_policy { latest { } }

    Good:

        version_policy { latest { num_versions: 1 } }
    """
    if not model.version_numbers or model.versions:
        return
    policy = model.config.version_policy
    if policy.has("latest"):
        yield Problem(
            at=("version_policy", "latest"),
            message="the version policy latest with num_versions 0 selects no version",
            help="write num_versions: 1 or more",
        )
    else:
        there = ", ".join(map(str, sorted(set(model.version_numbers.values()))))
        yield Problem(
            at=("version_policy", "specific"),
            message="the version policy selects none of the versions there are",
            help=f"list some of: {there}",
        )


@rule(Severity.WARNING, about=("version_policy",))
def policy_names_absent_version(model: Model) -> Iterator[Problem]:
    """The version policy lists a version that has no directory.

    It is only logged as long as another listed version exists; listed twice it counts as present and then fails
    (core model_lifecycle.cc:VersionsToLoad).

    Server says:

        but the version directory is not present

    Bad:

        version_policy { specific { versions: [ 1, 3 ] } }

    Good:

        version_policy { specific { versions: [ 1 ] } }
    """
    if not model.config.has("version_policy") or not model.versions:
        return
    present = set(model.version_numbers.values())
    for i, version in enumerate(model.config.version_policy.specific.versions):
        if version not in present:
            yield Problem(
                at=("version_policy", "specific", "versions", i),
                message=f"version {version} has no directory",
                help=f"use the versions there are: {', '.join(map(str, sorted(present)))}",
            )


@rule(Severity.WARNING)
def ignored_version_directory(model: Model) -> Iterator[Problem]:
    """A directory looks like a version, and the server skips it.

    Names that begin with zero, and names that begin with no number, are skipped with a line in the log (core
    model_lifecycle.cc:VersionsToLoad).

    Server says:

        which contains leading zeros in its directory name
        which fails to convert to integral number

    Bad:

        -- 02/

    Good:

        -- 2/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    ignored = [
        n
        for n in model.directories
        if n not in model.version_numbers and n not in RESERVED_DIRECTORIES and (n[0] in "0v" and n[1:].isdecimal())
    ]
    if ignored:
        yield Problem(
            message=f"{listed(ignored)} {'is' if len(ignored) == 1 else 'are'} ignored: not a plain number",
            help="name versions 1, 2, 3 and so on",
            file=Path(model.join(ignored[0])),
        )


@rule(Severity.WARNING)
def numeric_prefix_version(model: Model) -> Iterator[Problem]:
    """A directory's name begins with a number and counts as that version.

    What follows the number is ignored, and the server then opens the directory of the plain number (core
    model_lifecycle.cc:VersionsToLoad).

    Bad:

        -- 1_old/

    Good:

        -- old_1/
    """
    for name, number in model.version_numbers.items():
        if name != str(number):
            yield Problem(
                message=f"'{name}' counts as version {number}, and the server opens '{number}' for it",
                help=f"rename it so that it begins with no number, or to {number}",
                file=Path(model.join(name)),
            )


@rule(Severity.WARNING)
def negative_version(model: Model) -> Iterator[Problem]:
    """A directory counts as a negative version.

    Version -1 stands for the latest one in the API (core model_lifecycle.cc:VersionsToLoad).

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel: pass
        -- -1/

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel: pass
    """
    for name, number in model.version_numbers.items():
        if number < 0:
            yield Problem(
                message=f"'{name}' counts as version {number}",
                help="rename the directory to a positive number",
                file=Path(model.join(name)),
            )
