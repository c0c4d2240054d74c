"""Rules about the label files of outputs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.model import disk
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def label_file_missing(model: Model) -> Iterator[Problem]:
    """The label file of an output cannot be read.

    Its name is looked up in the model's directory, not in a version's, a leading `/` notwithstanding (core
    label_provider.cc). A directory in its place aborts the server (SIGABRT on 24.10).

    Server says:

        failed to open text file for read

    Bad:

        backend: "python"
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }

    Good:

        backend: "python"
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
        -- labels.txt
        cat
        dog
    """
    for tensor, written in zip(model.outputs, model.config.output, strict=True):
        name = written.label_filename
        if not name:
            continue
        at = (*tensor.at, "label_filename")
        kind = disk.kind_of(model.join(name.lstrip("/")))
        if kind == disk.DIRECTORY:
            yield Problem(
                at=at,
                message=f"kills the server: the label file '{name}' is a directory",
                help="give a text file with one label a line",
            )
        elif kind in (None, disk.DANGLING):
            inside = next((d for d in model.directories if disk.kind_of(model.join(d, name)) == disk.FILE), None)
            help_ = (
                f"move it from {inside}/ to the model's directory" if inside else "put it into the model's directory"
            )
            yield Problem(at=at, message=f"the label file '{name}' does not exist in the model's directory", help=help_)
        elif kind == disk.FILE and not os.access(model.join(name.lstrip("/")), os.R_OK):
            yield Problem(at=at, message=f"the label file '{name}' cannot be read", help="check its permissions")


@rule(Severity.ERROR, since="26.02")
def label_file_outside(model: Model) -> Iterator[Problem]:
    """A label file lies outside the model's directory.

    Links and `..` are resolved first (core model.cc:Model::Init). Read in the sources, not seen on a server.

    Server says:

        is outside model directory

    Bad:

        -- tk validate --release 26.02
        backend: "python"
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "../labels.txt" }
        -- ../labels.txt
        cat

    Good:

        -- tk validate --release 26.02
        backend: "python"
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
        -- labels.txt
        cat
    """
    root = os.path.realpath(model.directory)
    for tensor, written in zip(model.outputs, model.config.output, strict=True):
        name = written.label_filename
        if name and os.path.commonpath((root, os.path.realpath(model.join(name.lstrip("/"))))) != root:
            yield Problem(
                at=(*tensor.at, "label_filename"),
                message=f"the label file '{name}' lies outside the model's directory",
                help="copy it into the model's directory",
            )


@rule(Severity.ERROR)
def labels_twice(model: Model) -> Iterator[Problem]:
    """Two outputs of one name both have a label file.

    (core label_provider.cc:AddLabels.)

    Server says:

        multiple label files for

    Bad:

        backend: "python"
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
        -- labels.txt
        cat

    Good:

        backend: "python"
        output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
        -- labels.txt
        cat
    """
    first: dict[str, tuple[str | int, ...]] = {}
    for tensor, written in zip(model.outputs, model.config.output, strict=True):
        if not written.label_filename:
            continue
        at = first.setdefault(tensor.name, tensor.at)
        if at != tensor.at:
            there = model.document.source.locate((*at, "label_filename"))
            yield Problem(
                at=(*tensor.at, "label_filename"),
                message=f"a second output '{tensor.name}' has a label file",
                help="remove one of the two",
                related=(Related(message="the first is here", file=model.at_file, span=there),),
            )
