"""Rules about the files that a backend opens: the model's, and the backend's own library."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from triton_kit.backends.generic import first_bytes
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.platforms import platforms_of
from triton_kit.linter.wording import listed
from triton_kit.model import disk
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def library_no_library(model: Model) -> Iterator[Problem]:
    """A backend library in the model's directory is not a shared library.

    (core backend_model.cc, shared_library.cc.)

    Server says:

        unable to load shared library

    Bad:

        backend: "mine"
        -- libtriton_mine.so
        text

    Good:

        backend: "python"
    """
    library = f"libtriton_{model.backend}.so"
    for folder in ("", *(model.version_folder(v) for v in model.versions)):
        held = model.listing(folder) if folder else model.entries
        if library in held:
            head = first_bytes(Path(model.join(folder, library)), 4)
            if head != b"\x7fELF":
                yield Problem(
                    message=f"'{library}' is not a shared library",
                    help="build it again, or remove it",
                    file=Path(model.join(folder, library)),
                )


@rule(Severity.ERROR)
def model_file_missing(model: Model) -> Iterator[Problem]:
    """A version has no model file of the expected name.

    The backend opens `<version>/<default_model_filename>`, where none is given by its own default name, for each
    version that is loaded (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        failed to stat file
        unable to find '…' for model

    Bad:

        backend: "onnxruntime"
        -- 1/resnet50.onnx
        (a model file under a name of its own)

    Good:

        backend: "onnxruntime"
        default_model_filename: "resnet50.onnx"
        -- 1/resnet50.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    if not model.facts.opens_file or model.config.has("ensemble_scheduling"):
        return
    if model.facts.python_runtime and model.config.runtime == "model.py":
        # The backend in Python opens files of its own, as PyTorch's does: pytorch-runtime-files.
        return
    allowed = platforms_of(model.backend, model.options.release)
    if allowed and model.platform not in allowed:
        # Which of the two applies, and so the file, is another rule's matter.
        return
    for version in model.versions:
        path = model.model_file(version)
        kind = model.model_file_kind(version)
        if kind == disk.DIRECTORY and (inside := model.facts.file_in_directory):
            # The file in such a directory has a fixed name, whatever the directory's.
            kind = disk.kind_of(os.path.join(path, inside))
            if kind is None:
                yield Problem(
                    at=("default_model_filename",),
                    message=f"the directory {version}/{model.file_name} holds no {inside}",
                    help=f"name the file in it {inside}",
                )
                continue
        if kind is None or kind == disk.DANGLING:
            yield _missing(model, version, kind)


def _missing(model: Model, version: int, kind: str | None) -> Problem:
    name = model.file_name
    folder = model.version_folder(version)
    if disk.kind_of(model.join(folder)) != disk.DIRECTORY:
        return Problem(
            message=f"version {version} is to be loaded, and there is no directory '{folder}'",
            help=f"rename the directory that counts as version {version} to {folder}",
        )
    held = sorted(model.listing(folder))
    if kind == disk.DANGLING:
        fault, help_ = "is a broken link", "restore what it points to"
    else:
        fault = "does not exist"
        near = [h for h in held if h.rpartition(".")[2] == name.rpartition(".")[2]]
        if name in model.entries:
            help_ = f"move {name} into {folder}/"
        elif len(near) == 1:
            help_ = f'rename {near[0]} to {name}, or write default_model_filename: "{near[0]}"'
        else:
            help_ = f"put the model file there; {folder}/ holds {listed(held) or 'nothing'}"
    at = ("default_model_filename",) if model.config.default_model_filename else ()
    file = None if at else Path(model.join(folder))
    return Problem(at=at, message=f"the model file {folder}/{name} {fault}", help=help_, file=file)


@rule(Severity.WARNING, about=("cc_model_filenames", "default_model_filename"))
def unused_file_name(model: Model) -> Iterator[Problem]:
    """A file name for a kind of GPU is under a key that no GPU has, or names a file that a version lacks.

    Keys are compute capabilities such as `8.0`; where none fits, the default name is used (backend
    backend_model_instance.cc:BackendModelInstance).

    Bad:

        cc_model_filenames { key: "sm80" value: "model.onnx" }

    Good:

        cc_model_filenames { key: "8.0" value: "model.onnx" }
    """
    if model.is_ensemble:
        return
    for key, name in model.config.cc_model_filenames.items():
        at = ("cc_model_filenames", key)
        if not re.fullmatch(r"[1-9][0-9]?\.[0-9]", key):
            yield Problem(
                at=at, key=True, message=f"'{key}' is not a compute capability", help='write one such as "8.0"'
            )
            continue
        lacking = [v for v in model.versions if disk.kind_of(model.join(model.version_folder(v), name)) is None]
        if lacking:
            yield Problem(
                at=at,
                message=f"the file '{name}' is not in version {listed(map(str, lacking))}",
                help="put it there, or leave the entry out",
            )
