"""A model whose versions are asked for: its folder, and what is in it now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from triton_kit.backends.detect import ENSEMBLE
from triton_kit.errors import TkError, UsageError
from triton_kit.linter.options import Options
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.model.target import is_model
from triton_kit.model.version import leading_integer
from triton_kit.project.context import ProjectContext, find_repository
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.suggestion import suggest
from triton_kit.versions.log import State
from triton_kit.versions.policy import Policy, read_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model's folder, how it is named in messages, and how what changes in it is judged."""

    path: Path
    lint_options: Options

    @property
    def name(self) -> str:
        """The model's name."""
        return self.path.name

    @property
    def repository(self) -> Path:
        """The repository that it is in."""
        return self.path.parent

    @property
    def config(self) -> Path:
        """Where its configuration is, whether or not it exists."""
        return self.path / CONFIG_NAME


def find_model_folder(here: ProjectContext, given: str, repository: Path | None = None) -> ModelFolder:
    """The model of that path, or of that name in the repository. Raises UsageError where there is none."""
    path = Path(given)
    if repository is None and path.is_dir() and ("/" in given or is_model(given)):
        return ModelFolder(path=path if path.name not in ("", "..") else path.resolve(), lint_options=here.lint_options)
    if "/" in given:
        raise UsageError(f"{given} is not a directory" if path.exists() else f"{given} does not exist")
    root = find_repository(here, repository)
    if given in ("", ".", "..") or not (root / given).is_dir():
        there = tuple(Repository(root).models)
        hint = suggest(given, there) if there else None
        raise UsageError(f"{root} has no model {given or repr(given)}", hint=hint)
    return ModelFolder(path=root / given, lint_options=here.lint_options)


def versions_of(folder: ModelFolder) -> dict[int, Path]:
    """The versions that the server counts by number, lowest first, with the directory that it opens for each.

    The directory of a version is missing where only one of another name, such as ``1_old``, counts as it. Versions
    below 0 are left out: the server counts them, and no request can name them.
    """
    return {version.number: version.path for version in listed(folder).all_versions if version >= 0}


def ignored_directories(folder: ModelFolder) -> list[str]:
    """The directories whose names look like versions and are none, or stand for another one: ``007``, ``1_old``."""
    names = listed(folder).directories
    plain = {str(number) for number in versions_of(folder)}
    return [name for name in names if name not in plain and leading_integer(name) is not None]


def next_number(folder: ModelFolder) -> int:
    """One more than every number that a directory's name begins with, so that none is taken for another."""
    numbers = [leading_integer(name) or 0 for name in listed(folder).directories]
    return max([0, *numbers]) + 1


def state_of(folder: ModelFolder) -> State:
    """The policy and what it serves. Raises UsageError where the configuration cannot be read."""
    policy = policy_of(folder)
    return State(policy=policy, served=served_by(folder, policy))


def policy_of(folder: ModelFolder) -> Policy:
    """The policy that is written. Raises UsageError where the configuration cannot be read."""
    model = listed(folder)
    try:
        document = model.document
    except Broken:
        why = model.config_error or f"it is a {model.config_kind}"
        raise TkError(f"{folder.config} cannot be read: {why}", hint=model.config_remedy or None) from None
    if document.problems:
        first = document.problems[0]
        raise UsageError(
            f"{folder.config}:{first.span.line}:{first.span.column}: {first.message}", hint="fix it; see tk validate"
        )
    return read_policy(document.config)


def served_by(folder: ModelFolder, policy: Policy) -> tuple[int, ...]:
    """The versions that a policy serves, of those that the server counts."""
    return policy.serves(listed(folder).all_versions)


def checked(folder: ModelFolder) -> Model:
    """The model as the linter sees it."""
    model = Repository(str(folder.repository), folder.lint_options.server).model(folder.name)
    if model is None:
        raise UsageError(f"{folder.path} is not a directory")
    return model


def listed(folder: ModelFolder) -> Model:
    """The model, whose directory can be listed. Raises TkError where it cannot."""
    model = checked(folder)
    if model.listing_error is not None:
        raise TkError(f"{folder.path} cannot be read: {model.listing_error}", hint="check its permissions")
    return model


def backend_and_file(folder: ModelFolder) -> tuple[str, str]:
    """The backend, ``ensemble`` for one, and the model file's name in a version directory; empty where unknown."""
    model = checked(folder)
    try:
        detected = model.detected
    except Broken:
        return "", ""
    if detected.is_ensemble:
        return ENSEMBLE, ""
    return str(detected.backend), str(detected.default_model_filename)


def require_versions(folder: ModelFolder, wanted: tuple[int, ...]) -> None:
    """Raise UsageError where one of the versions has no directory."""
    there = {number: path for number, path in versions_of(folder).items() if path.is_dir()}
    for version in wanted:
        if version not in there:
            listed = ", ".join(map(str, there)) or "none"
            raise UsageError(f"{folder.name} has no version {version}", hint=f"those there are: {listed}")


def read_number(text: str) -> int:
    """A version as it is typed: a plain number. Raises UsageError."""
    if not (text.isascii() and text.isdecimal() and str(int(text[:30])) == text[:30]) or int(text[:30]) >= 2**63:
        raise UsageError(f"{text!r} is not a version", hint="give a number as its directory has it: 1, 2, 3")
    return int(text)
