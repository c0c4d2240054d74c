"""Rules about the configuration file itself: there, readable, under its right name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.repository.names import CONFIG_NAME


@rule(Severity.ERROR)
def config_is_directory(model: Model) -> Iterator[Problem]:
    """`config.pbtxt` is a directory, and the server process aborts.

    Reading it as a file throws, uncaught (core filesystem/implementations/local.h:ReadTextFile; SIGABRT on 24.10).

    Bad:

        -- config.pbtxt/

    Good:

        max_batch_size: 0
    """
    if model.config_kind == disk.DIRECTORY:
        yield Problem(
            message=f"kills the server: {model.config_name} is a directory",
            help="remove it, and write the configuration to a file of that name",
            file=model.at_file,
        )


@rule(Severity.ERROR)
def config_unreadable(model: Model) -> Iterator[Problem]:
    """`config.pbtxt` cannot be read.

    It has to be a regular file that the server may read (core filesystem/implementations/local.h:ReadTextFile).

    Server says:

        failed to open text file for read

    Bad:

        -- config.pbtxt fifo

    Good:

        max_batch_size: 0
    """
    if model.config_kind == disk.OTHER:
        yield Problem(
            message="config.pbtxt is not a regular file",
            help="replace it with a file",
            file=model.at_file,
        )
    elif model.config_error:
        yield Problem(
            message=f"config.pbtxt cannot be read: {model.config_error}",
            help=model.config_remedy,
            file=model.at_file,
        )


@rule(Severity.ERROR)
def config_missing(model: Model) -> Iterator[Problem]:
    """There is no `config.pbtxt`, and nobody to complete one.

    With completion off the file is required (core model_repository_manager.cc:InitializeModelInfo); with completion on
    the backend must deliver the configuration, which PyTorch and a frozen TensorFlow graph do not (core
    model.cc:Model::Init).

    Server says:

        failed to open text file for read … config.pbtxt: No such file or directory
        model configuration is not provided for model

    Bad:

        -- tk validate --strict
        -- no config.pbtxt

    Good:

        -- tk validate
        -- no config.pbtxt
    """
    if model.config_kind is not None:
        return
    if not model.options.auto_complete:
        yield Problem(
            message="config.pbtxt is missing, and completion is off",
            help="write a config.pbtxt, or validate without --strict",
        )
    elif model.facts.completes == "nothing":
        yield Problem(
            message=f"config.pbtxt is missing, and the {model.backend} backend completes no inputs and outputs",
            help="write a config.pbtxt with the model's inputs and outputs",
        )
    elif model.platform == "tensorflow_graphdef":
        yield Problem(
            message="config.pbtxt is missing, and a frozen TensorFlow graph does not describe its inputs and outputs",
            help="write a config.pbtxt with the model's inputs and outputs, or save it as a SavedModel",
        )


_MISNAMED = (
    "config.pbtxt.txt",
    "config.pbtx",
    "config.pb.txt",
    "config.pbtext",
    "model_config.pbtxt",
    "config.prototxt",
)


@rule(Severity.WARNING)
def config_misnamed(model: Model) -> Iterator[Problem]:
    """A configuration lies under a name that the server never reads.

    Only `config.pbtxt` in the model's directory is read; the model then loads with whatever completion gives (core
    model_repository_manager.cc:GetModelConfigFullPath).

    Bad:

        -- no config.pbtxt
        -- Config.pbtxt
        max_batch_size: 8

    Good:

        max_batch_size: 8
    """
    if model.config_kind is not None:
        return
    for name in sorted(model.entries):
        if name in _MISNAMED or (name.lower() == CONFIG_NAME and name != CONFIG_NAME):
            yield Problem(
                message=f"'{name}' is never read: the server looks for config.pbtxt",
                help="rename it to config.pbtxt",
                file=Path(model.join(name)),
            )
    for version in model.directories:
        if CONFIG_NAME in model.listing(version):
            yield Problem(
                message=f"the configuration in '{version}' is never read: it belongs in the model's directory",
                help="move it one directory up",
                file=Path(model.join(version, CONFIG_NAME)),
            )
