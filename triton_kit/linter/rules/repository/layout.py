"""Rules about what is where in a repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import set_string
from triton_kit.linter.rule import rule
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository


@rule(Severity.ERROR, scope="repository")
def unreadable_repository(repository: Repository) -> Iterator[Problem]:
    """The repository, or something right in it, cannot be read.

    The server lists a repository with a stat of every entry, and one failure loses all of its models (core
    filesystem/implementations/local.h:GetDirectorySubdirs).

    Server says:

        failed to poll model repository
        failed to stat file

    Bad:

        -- ../broken -> nowhere

    Good:

        max_batch_size: 0
    """
    try:
        entries = disk.listing(repository.directory)
    except OSError as error:
        yield Problem(
            message=f"{repository.directory} cannot be listed: {disk.reason(error)}", help="check permissions"
        )
        return
    for name, kind in sorted(entries.items()):
        if kind == disk.DANGLING:
            yield Problem(
                message=f"'{name}' is a broken link, which loses every model of the repository",
                help="remove the link, or restore what it points to",
                file=Path(repository.directory) / name,
            )


@rule(Severity.ERROR)
def unreadable_directory(model: Model) -> Iterator[Problem]:
    """The model's directory, or something right in it, cannot be read.

    The server lists it with a stat of every entry that follows links (core
    filesystem/implementations/local.h:GetDirectorySubdirs).

    Server says:

        failed to stat file

    Bad:

        -- old -> gone

    Good:

        -- notes.txt
        anything
    """
    if model.listing_error:
        yield Problem(
            message=f"{model.directory} cannot be listed: {model.listing_error}",
            help="check its permissions",
            file=Path(model.directory),
        )
        return
    for name, kind in sorted(model.entries.items()):
        if kind == disk.DANGLING:
            yield Problem(
                message=f"'{name}' is a broken link, and the server stops at it",
                help="remove the link, or restore what it points to",
                file=Path(model.join(name)),
            )


@rule(Severity.ERROR)
def name_mismatch(model: Model) -> Iterator[Problem]:
    """The name in the configuration is not the directory's.

    They must be equal byte for byte; an omitted name is the directory's (core
    model_repository_manager.cc:InitializeModelInfo).

    Server says:

        directory name must equal model name

    Bad:

        name: "another"

    Good:

        name: "m"
    """
    if model.config.name and model.config.name != model.name:
        yield Problem(
            at=("name",),
            message=f"the name '{model.config.name}' is not that of the directory, '{model.name}'",
            help=f'write name: "{model.name}", or leave the field out',
            fix=set_string(("name",), model.name),
        )


@rule(Severity.WARNING)
def version_directory_as_model(model: Model) -> Iterator[Problem]:
    """A model's name is a plain number, as if a model had been given for a repository.

    Each sub-directory of the repository path is taken for a model; a path that is one level too deep makes models of
    the version directories (core model_repository_manager.cc:Poll).

    Server says:

        Invalid model name: Could not determine backend for model

    Bad:

        -- ../7/model.onnx
        (a version directory beside the models)

    Good:

        max_batch_size: 0
    """
    if model.name.isdecimal() and "config.pbtxt" not in model.entries and not model.directories:
        yield Problem(
            message=f"'{model.name}' looks like a version directory where a model is expected",
            help="give the directory above as the repository",
            file=Path(model.directory),
        )
