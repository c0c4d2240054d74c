"""Rules about the parameters of the Python backend, the execution environment above all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
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
    path = given.replace("$$TRITON_MODEL_DIRECTORY", os.path.abspath(model.path), 1)
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
    path = given.replace("$$TRITON_MODEL_DIRECTORY", os.path.abspath(model.path), 1)
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
