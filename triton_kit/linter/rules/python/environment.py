"""Rules about the parameters of the Python backend, the execution environment above all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.python_code import environment_path
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.model.model_file import read_once
from triton_kit.repository.release import python_of
from triton_kit.signature import environment
from triton_kit.signature.errors import ModelFileError


@rule(Severity.ERROR, backend="python")
def execution_environment(model: Model) -> Iterator[Problem]:
    """The execution environment of a Python model cannot be found.

    A relative path is relative to the server's working directory; `$$TRITON_MODEL_DIRECTORY` stands for the model's
    (python python_be.cc).

    Server says:

        Failed to get the canonical path for
        The Python environment should contain an 'activate' script

    Bad:

        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }

    Good:

        backend: "python"
    """
    parameters = model.config.parameters
    if "EXECUTION_ENV_PATH" not in parameters:
        return
    given = parameters["EXECUTION_ENV_PATH"].string_value
    path = given.replace("$$TRITON_MODEL_DIRECTORY", os.path.abspath(model.directory), 1)
    if not given or given == path:
        return
    if os.path.isdir(path) and not os.path.isfile(os.path.join(path, "bin", "activate")):
        yield Problem(
            at=("parameters", "EXECUTION_ENV_PATH"),
            message=f"the execution environment '{given}' has no bin/activate",
            help="give an unpacked environment, or its archive",
        )
    elif not os.path.exists(path):
        yield Problem(
            at=("parameters", "EXECUTION_ENV_PATH"),
            message=f"the execution environment '{given}' does not exist",
            help="put it there, packed for the server's machine",
        )


@rule(Severity.WARNING, backend="python")
def execution_environment_python(model: Model) -> Iterator[Problem]:
    """The execution environment of a Python model has another Python than the server.

    The program that runs the model is linked with the Python of the release's image, and finds no packages of another
    (python README.md, Creating Custom Execution Environments). A `triton_python_backend_stub` of one's own in the
    model's directory is made for the other Python.

    Bad:

        -- tk validate --release 24.10
        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests):
                return [None for _ in requests]
        -- env.tar.gz environment 3.8

    Good:

        -- tk validate --release 24.10
        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests):
                return [None for _ in requests]
        -- env.tar.gz environment 3.10
    """
    parameters = model.config.parameters
    if "EXECUTION_ENV_PATH" not in parameters:
        return
    given = parameters["EXECUTION_ENV_PATH"].string_value
    path = given.replace("$$TRITON_MODEL_DIRECTORY", os.path.abspath(model.directory), 1)
    wanted = python_of("{:02d}.{:02d}".format(*model.options.release))
    if path == given or not wanted or not os.path.isfile(path) or "triton_python_backend_stub" in model.entries:
        return
    try:
        found = environment.read(Path(path), most=environment.GLANCE).python
    except ModelFileError as error:
        yield Problem(
            at=("parameters", "EXECUTION_ENV_PATH"),
            message=f"the execution environment '{given}' {error.detail}",
            help=error.hint or "pack it with conda-pack or venv-pack",
        )
        return
    if found is not None and found != wanted:
        yield Problem(
            at=("parameters", "EXECUTION_ENV_PATH"),
            message=f"the execution environment '{given}' has Python {found}, and the server {wanted}",
            help=f"make it with Python {wanted}, or put a triton_python_backend_stub for {found} into the model",
        )


@rule(Severity.ERROR, since="26.06", backend="python")
def execution_environment_entries(model: Model) -> Iterator[Problem]:
    """The archive of an execution environment has entries that lead out of it.

    From 26.06 on the server refuses to unpack entries with `..`, absolute paths, and what lies behind a link of the
    archive (python pb_env.cc:ExtractTarFile). Read in the sources, not seen on a server.

    Server says:

        archive_write_header() failed with error code

    Bad:

        -- tk validate --release 26.06
        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }
        -- env.tar.gz environment 3.12 with ../lib/other.so

    Good:

        -- tk validate --release 26.06
        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }
        -- env.tar.gz environment 3.12
    """
    found = _surveyed(model)
    if found and found.leaving:
        name, why = found.leaving
        yield Problem(
            at=("parameters", "EXECUTION_ENV_PATH"),
            message=f"the entry '{name}' of the execution environment {why}, which the server refuses to unpack",
            help="pack the environment again with conda-pack or venv-pack",
        )


@rule(Severity.WARNING, since="25.08", backend="python")
def execution_environment_hooks(model: Model) -> Iterator[Problem]:
    """An execution environment has hooks of conda that are not run.

    Up to 25.07 the environment is activated by a shell. From 25.08 on VIRTUAL_ENV, PATH and LD_LIBRARY_PATH are set as
    its `activate` says, and nothing else is run (python pb_utils.cc:ParseActivationScript). Read in the sources, not
    seen on a server.

    Bad:

        -- tk validate --release 25.08
        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }
        -- env.tar.gz environment 3.12 with etc/conda/activate.d/libs.sh

    Good:

        -- tk validate --release 25.08
        backend: "python"
        parameters {
          key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" }
        }
        -- env.tar.gz environment 3.12
    """
    path = environment_path(model)
    hook = None
    if path and os.path.isdir(os.path.join(path, "etc", "conda", "activate.d")):
        held = sorted(os.listdir(os.path.join(path, "etc", "conda", "activate.d")))
        hook = f"etc/conda/activate.d/{held[0]}" if held else None
    elif found := _surveyed(model):
        hook = found.hook
    if hook:
        yield Problem(
            at=("parameters", "EXECUTION_ENV_PATH"),
            message=f"the execution environment has the hook '{hook}', which is not run from 25.08 on",
            help="set what it sets in initialize(self, args), before the packages are imported",
        )


def _surveyed(model: Model) -> environment.Survey | None:
    """What the entries of the model's packed environment show; ``None`` where there is none, or it is broken."""
    path = environment_path(model)
    if path is None or not os.path.isfile(path):
        return None
    found = read_once(model, 0, environment.survey, path)
    return None if isinstance(found, ModelFileError) else found


@rule(Severity.ERROR, backend="python")
def force_cpu_parameter(model: Model) -> Iterator[Problem]:
    """FORCE_CPU_ONLY_INPUT_TENSORS is neither yes nor no.

    (python python_be.cc.)

    Server says:

        Incorrect value for FORCE_CPU_ONLY_INPUT_TENSORS

    Bad:

        backend: "python"
        parameters { key: "FORCE_CPU_ONLY_INPUT_TENSORS" value { string_value: "true" } }

    Good:

        backend: "python"
        parameters { key: "FORCE_CPU_ONLY_INPUT_TENSORS" value { string_value: "yes" } }
    """
    parameters = model.config.parameters
    if "FORCE_CPU_ONLY_INPUT_TENSORS" in parameters:
        value = parameters["FORCE_CPU_ONLY_INPUT_TENSORS"].string_value
        if value not in ("yes", "no"):
            yield Problem(
                at=("parameters", "FORCE_CPU_ONLY_INPUT_TENSORS"),
                message=f"FORCE_CPU_ONLY_INPUT_TENSORS is '{value}'",
                help="write yes or no",
            )
