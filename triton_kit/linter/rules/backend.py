"""Rules about which backend runs a model."""

from __future__ import annotations

import os
from collections.abc import Iterator

from triton_kit import suggestion
from triton_kit.backends.detect import ENSEMBLE, MODEL_FILES
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import rename_field, set_string
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.platforms import is_shipped, named_by, shipped
from triton_kit.linter.wording import listed
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def backend_undeterminable(model: Model) -> Iterator[Problem]:
    """Nothing says which backend runs the model.

    `backend`, `platform` and `default_model_filename` are absent, and the first sub-directory by name holds no file of
    a known name (core model_config_utils.cc:AutoCompleteBackendFields).

    Server says:

        Invalid model name: Could not determine backend for model

    Bad:

        max_batch_size: 8
        -- 1/resnet50.onnx
        (a model file under a name of its own)

    Good:

        max_batch_size: 8
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    first = model.first_directory
    if not model.detected.undeterminable or not model.version_numbers or first is None:
        return
    held = sorted(model.listing(first))
    if model.config.has("ensemble_scheduling"):
        help_ = 'write platform: "ensemble"'
    elif len(model.directories) > 1 and any(not MODEL_FILES.isdisjoint(model.listing(d)) for d in model.directories):
        help_ = f"write the backend's name; only '{first}', the first directory by name, is looked into"
    elif len(held) == 1 and held[0].endswith(".onnx"):
        help_ = f'rename {held[0]} to model.onnx, or write backend: "onnxruntime" and default_model_filename'
    elif any(name.endswith(".onnx") for name in held):
        help_ = 'write backend: "onnxruntime" and default_model_filename'
    else:
        help_ = "write the backend's name, or give the model file its default name such as model.onnx"
    yield Problem(
        message=f"the backend is unknown: neither backend nor platform is set, and '{first}' holds no file of a "
        "known name",
        help=help_,
    )


@rule(Severity.ERROR)
def backend_is_no_backend(model: Model) -> Iterator[Problem]:
    """The name of a platform is written as backend.

    The server looks for a library of that name and finds none (core backend_model.cc:GetBackendRuntimeLibraryName).

    Server says:

        unable to find backend library for backend

    Bad:

        backend: "onnxruntime_onnx"

    Good:

        backend: "onnxruntime"
    """
    backend = model.config.backend
    meant = named_by(backend)
    if meant or backend == ENSEMBLE:
        yield Problem(
            at=("backend",),
            message=f"'{backend}' is a platform, not a backend",
            help=f'write backend: "{meant}"' if meant else 'write platform: "ensemble", and no backend',
            fix=set_string(("backend",), meant) if meant else rename_field(("backend",), "platform"),
        )


@rule(Severity.NOTE)
def unknown_backend(model: Model) -> Iterator[Problem]:
    """No official image ships a backend of that name.

    The server looks for `libtriton_<backend>.so` in the version, the model and its backend directory (core
    backend_model.cc:GetBackendRuntimeLibraryName), so a backend of your own is found when it is installed there. A name
    that is nearly one of an official image is a warning.

    Server says:

        unable to find backend library for backend

    Bad:

        backend: "resizer"

    Good:

        backend: "onnxruntime"
    """
    backend = model.backend
    if (
        not model.versions
        or model.options.image_backends is not None
        or not backend
        or is_shipped(backend)
        or backend == ENSEMBLE
        or named_by(backend)
    ):
        return
    library = f"libtriton_{backend}.so"
    if library in model.entries or any(library in model.listing(model.version_folder(v)) for v in model.versions):
        return
    if not model.config.backend:
        yield Problem(
            message=f"the backend '{backend}' is taken from the model's name, and no official image has it",
            help="write the backend's name",
            severity=Severity.WARNING,
        )
    else:
        near = suggestion.nearest(backend, shipped())
        yield Problem(
            at=("backend",),
            message=f"'{backend}' is not a backend of an official image, so the server must have it installed",
            help=f"did you mean '{near}'?" if near else f"install {library} on the server, or beside the model",
            severity=Severity.WARNING if near else None,
        )


@rule(Severity.ERROR, since="25.03", backend="tensorflow")
def tensorflow_removed(model: Model) -> Iterator[Problem]:
    """The release ships no TensorFlow backend.

    It is no longer built from 25.03 on (server build.py). Read in the sources, not seen on a server.

    Server says:

        unable to find backend library for backend 'tensorflow'

    Bad:

        -- tk validate --release 25.03
        platform: "tensorflow_savedmodel"

    Good:

        -- tk validate --release 25.03
        platform: "onnxruntime_onnx"
    """
    if model.options.image_backends is None:
        at = ("backend",) if model.config.backend else ("platform",)
        yield Problem(
            at=at,
            message="the tensorflow backend is not part of releases from 25.03 on",
            help="serve with release 25.02 at most, or convert the model to ONNX",
        )


@rule(Severity.ERROR)
def runtime_missing(model: Model) -> Iterator[Problem]:
    """The runtime names a library that the backend does not have.

    It is looked for in the version, the model and the backend's directory, which holds `libtriton_<backend>.so`;
    `model.py` stands for the Python runtime (core backend_model.cc:GetBackendLibraryProperties).

    Server says:

        unable to find backend library '
        unable to find Python backend based backend library
        escapes backend directory

    Bad:

        backend: "onnxruntime"
        runtime: "onnxruntime"

    Good:

        backend: "onnxruntime"
        runtime: "libtriton_onnxruntime.so"
    """
    runtime, backend = model.config.runtime, model.backend
    if not runtime or not is_shipped(backend) or runtime == f"libtriton_{backend}.so":
        return
    if runtime == "model.py" and model.facts.python_runtime:
        return
    if os.path.normpath(os.path.join("..", backend, runtime)) == os.path.join("..", backend, f"libtriton_{backend}.so"):
        return
    beside = runtime in model.entries or any(runtime in model.listing(model.version_folder(v)) for v in model.versions)
    if beside and runtime != "model.py":
        return
    yield Problem(
        at=("runtime",),
        message=f"the backend '{backend}' has no runtime '{runtime}'",
        help=f'leave it out, or write "libtriton_{backend}.so"',
    )


@rule(Severity.WARNING)
def several_model_files(model: Model) -> Iterator[Problem]:
    """The directory that tells the backend holds model files of several.

    Where the configuration names neither backend, platform nor file, a fixed order decides: tensorflow, tensorrt,
    onnxruntime, openvino, pytorch, python (core model_config_utils.cc:AutoCompleteBackendFields).

    Bad:

        max_batch_size: 4
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
        -- 1/model.py
        class TritonPythonModel: pass

    Good:

        max_batch_size: 4
        backend: "onnxruntime"
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
        -- 1/model.py
        class TritonPythonModel: pass
    """
    config = model.config
    first = model.first_directory
    if config.backend or config.platform or config.default_model_filename or first is None or not model.backend:
        return
    held = sorted(MODEL_FILES.intersection(model.listing(first)))
    if len(held) > 1:
        yield Problem(
            message=f"'{first}' holds {listed(held)}, of which {model.file_name} is taken",
            help="write the backend's name",
        )
