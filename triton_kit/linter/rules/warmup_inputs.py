"""Rules about the inputs of warm-up samples: their sizes, and where their data come from."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.states import byte_size
from triton_kit.linter.warmup_samples import KILLS, samples
from triton_kit.linter.wording import count
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelWarmup


def _inputs(model: Model) -> Iterator[tuple[Route, str, ModelWarmup.Input]]:
    for at, sample in samples(model):
        for name, given in sample.inputs.items():
            yield (*at, "inputs", name), name, given


@rule(Severity.ERROR)
def warmup_dims(model: Model) -> Iterator[Problem]:
    """A warm-up input has a dimension that is not fixed, or is larger than any memory.

    The size of one that is larger than a process can have overflows, or cannot be allocated, and the server ends (core
    backend_model_instance.cc:GenerateWarmupData).

    Server says:

        warmup setting expects all variable-size dimensions are specified

    Bad:

        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ -1 ] zero_data: true } }
        }

    Good:

        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
    """
    for at, name, given in _inputs(model):
        for i, dim in enumerate(given.dims):
            if dim < 0:
                yield Problem(
                    at=(*at, "dims", i),
                    message=f"dimension {dim} of the warm-up input '{name}' is not a size",
                    help="write the size that the sample has",
                )
        size = byte_size(given.data_type, list(given.dims))
        if size is not None and size >= _ADDRESSES:
            yield Problem(
                at=(*at, "dims"),
                message=f"kills the server: the warm-up input '{name}' is {size} bytes, more than a process can have",
                help="write the sizes that a request has",
            )


_ADDRESSES = 1 << 47
"""The bytes that a process can address on x86-64 Linux."""


@rule(Severity.ERROR)
def warmup_without_data(model: Model) -> Iterator[Problem]:
    """A warm-up input does not say where its data come from.

    (core backend_model_instance.cc:GenerateWarmupData.)

    Server says:

        to have input_data_type set

    Bad:

        model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] } } }

    Good:

        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] random_data: true } }
        }
    """
    for at, name, given in _inputs(model):
        if not any(given.has(field) for field in ("zero_data", "random_data", "input_data_file")):
            yield Problem(
                at=at,
                message=f"the warm-up input '{name}' has no data",
                help="write zero_data: true or random_data: true, or name an input_data_file",
            )


@rule(Severity.ERROR, since="24.10")
def warmup_strings(model: Model) -> Iterator[Problem]:
    """The file of a warm-up input of strings does not hold as many as its dims say.

    Each string is its length, four bytes with the lowest first, and then its bytes, as in a request (core
    infer_request.cc:ValidateBytesInputs). Seen with 24.10.

    Server says:

        expected … string elements for inference input

    Bad:

        input { name: "x" data_type: TYPE_STRING dims: [ 1 ] }
        output { name: "y" data_type: TYPE_STRING dims: [ 1 ] }
        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_STRING dims: [ 1 ] input_data_file: "x.txt" } }
        }
        -- warmup/x.txt
        a line of text

    Good:

        input { name: "x" data_type: TYPE_STRING dims: [ 1 ] }
        output { name: "y" data_type: TYPE_STRING dims: [ 1 ] }
        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_STRING dims: [ 1 ] zero_data: true } }
        }
    """
    for at, name, given in _inputs(model):
        if given.data_type != "TYPE_STRING" or not given.has("input_data_file") or any(d < 0 for d in given.dims):
            continue
        path = model.join("warmup", given.input_data_file)
        if disk.kind_of(path) != disk.FILE or os.path.getsize(path) > _LARGEST:
            continue
        needed, held = math.prod(given.dims), _strings(disk.read_bytes(path, most=_LARGEST))
        if held != needed:
            said = "does not hold strings with their lengths" if held is None else f"holds {count(held, 'string')}"
            yield Problem(
                at=(*at, "input_data_file"),
                message=f"{KILLS}warmup/{given.input_data_file} {said}, where '{name}' needs {needed}",
                help="write each string as four bytes with its length, lowest first, and its bytes",
            )


_LARGEST = 1 << 26


def _strings(data: bytes) -> int | None:
    """How many strings with their lengths these are; ``None`` where they do not end as they should."""
    at = found = 0
    while at < len(data):
        at += 4 + int.from_bytes(data[at : at + 4], "little")
        found += 1
    return found if at == len(data) else None


@rule(Severity.ERROR)
def warmup_file(model: Model) -> Iterator[Problem]:
    """The file of a warm-up input is missing or too short.

    It is looked up in the model's directory `warmup/` and must hold the bytes of the dims (core
    backend_model_instance.cc:GenerateWarmupData).

    Server says:

        failed to open text file for read … warmup
        warmup setting expects … bytes, but the data provided from …only has

    Bad:

        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] input_data_file: "x.bin" } }
        }

    Good:

        model_warmup {
          batch_size: 1
          inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] input_data_file: "x.bin" } }
        }
        -- warmup/x.bin
        0123456789abcdef
    """
    for at, name, given in _inputs(model):
        if not given.has("input_data_file"):
            continue
        path = model.join("warmup", given.input_data_file)
        if disk.kind_of(path) != disk.FILE:
            yield Problem(
                at=(*at, "input_data_file"),
                message=f"the file warmup/{given.input_data_file} does not exist",
                help="put it into the directory warmup of the model",
            )
            continue
        needed, size = byte_size(given.data_type, list(given.dims)), os.path.getsize(path)
        if needed is not None and size < needed:
            yield Problem(
                at=(*at, "input_data_file"),
                message=f"warmup/{given.input_data_file} has {count(size, 'byte')} where '{name}' needs {needed}",
                help="write all elements of the input to it",
            )
