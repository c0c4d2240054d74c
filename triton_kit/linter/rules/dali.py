"""Rules about models of the DALI backend, as far as their files show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model.model import Model


@rule(Severity.ERROR, backend="dali")
def dali_file_missing(model: Model) -> Iterator[Problem]:
    """A DALI model has neither a serialised pipeline nor the source of one.

    It is in `model.dali`, or in `dali.py`, which the backend serialises itself (dali src/dali_backend.cc).

    Bad:

        backend: "dali"
        -- 1/pipeline.dali
        pipeline

    Good:

        backend: "dali"
        -- 1/model.dali
        pipeline
    """
    name = model.config.default_model_filename or "model.dali"
    for version in model.versions:
        folder = model.version_folder(version)
        held = model.listing(folder)
        if name not in held and "dali.py" not in held:
            yield Problem(
                message=f"{folder}/ holds neither {name} nor dali.py",
                help="put the serialised pipeline there",
                file=Path(model.join(folder)),
            )


@rule(Severity.ERROR, since="25.07", backend="dali")
def dali_file_name(model: Model) -> Iterator[Problem]:
    """The file's name, or the model's, is one that the DALI backend refuses.

    From 25.07 on names are letters, digits, `_`, `.` and `-` alone, and no path has `..` in it (dali
    src/utils/utils.h:ValidateFilename, ValidateAbsPath). Read in the sources, not seen on a server.

    Server says:

        contains an invalid character
        Invalid '..' sequence found in model path

    Bad:

        -- tk validate --release 25.07
        backend: "dali"
        default_model_filename: "my+pipeline.dali"
        -- 1/my+pipeline.dali
        pipeline

    Good:

        -- tk validate --release 25.07
        backend: "dali"
        default_model_filename: "my-pipeline.dali"
        -- 1/my-pipeline.dali
        pipeline
    """
    given = model.config.default_model_filename
    for at, what, name in ((("default_model_filename",), "file", given), ((), "model", model.name)):
        if name and (strange := sorted(set(re.findall(r"[^A-Za-z0-9_.-]", name)))):
            yield Problem(
                at=at,
                message=f"the name of the {what}, '{name}', has {listed(strange)}, which the dali backend refuses",
                help="use letters, digits, _, . and -",
                file=None if at else Path(model.directory),
            )
        elif ".." in name:
            yield Problem(
                at=at,
                message=f"the name of the {what}, '{name}', has '..', which the dali backend refuses",
                help="give it a name without '..'",
                file=None if at else Path(model.directory),
            )


@rule(Severity.ERROR, backend="dali")
def dali_outputs_missing(model: Model) -> Iterator[Problem]:
    """A DALI model lists no outputs, and the server does not complete configurations.

    (dali src/config_tools/config_tools.cc.)

    Server says:

        Missing outputs config

    Bad:

        -- tk validate --strict
        backend: "dali"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_UINT8 dims: [ -1 ] }
        -- 1/model.dali
        pipeline

    Good:

        backend: "dali"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_UINT8 dims: [ -1 ] }
        -- 1/model.dali
        pipeline
    """
    if not model.options.auto_complete and (not model.config.output):
        yield Problem(message="the DALI model lists no outputs", help="list the outputs of the pipeline")
