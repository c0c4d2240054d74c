"""Inputs, outputs and the largest batch for a new model: from its file, from what the user says, or from both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from triton_kit.backends.table import BACKENDS, for_file
from triton_kit.backends.types import Backend, ConfigTensor, FileKind
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import TensorSpec, dims, show_shape
from triton_kit.signature.types import Signature
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelTensorReshape


class Tensor(TypedDict, total=False):
    """An input or output as the fields of a configuration."""

    name: str
    data_type: str | int | None
    dims: list[int]
    reshape: ModelTensorReshape.Dict
    optional: bool
    label_filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedConfig:
    """What a model file says for its config; ``known`` is false where the file does not describe its tensors.

    ``guessed`` are the outputs with a size that only the server knows.
    """

    max_batch_size: int = 0
    input: tuple[Tensor, ...] = ()
    output: tuple[Tensor, ...] = ()
    dynamic_batching: bool = False
    known: bool = False
    guessed: frozenset[str] = frozenset()


def choose_backend(name: str | None, file: Path | None) -> tuple[Backend, FileKind]:
    """The backend for a file, and how it serves it; ``name`` is what the user asked for. Raises UsageError."""
    if name is not None and name not in BACKENDS:
        raise UsageError(f"{name} is not a backend that tk knows", hint=suggest(name, tuple(BACKENDS)))
    if file is None:
        if name is None:
            raise UsageError(
                "a model needs a file or a backend",
                hint=f"give --from FILE, or --backend with one of {', '.join(BACKENDS)}",
            )
        backend = BACKENDS[name]
        return backend, FileKind(platform=next(iter(backend.platforms), ""), default_file=backend.default_file)
    if not file.exists():
        raise UsageError(f"{file} does not exist", hint="give --from the model's file, or its directory")
    found = for_file(file)
    if name is None:
        if found is None:
            raise UsageError(
                f"{file} is not a model file that tk recognises", hint=f"say --backend, one of {', '.join(BACKENDS)}"
            )
        backend = found
    else:
        backend = BACKENDS[name]
        if backend.facts.steps:
            raise UsageError(f"{name} takes no model file", hint="leave out --from")
        if found is not None and found.name != name and backend.recognise(file) is None:
            raise UsageError(f"{file} is for the backend {found.name}, not for {name}", hint="leave out --backend")
    kind = backend.recognise(file)
    usual = FileKind(platform=next(iter(backend.platforms), ""), default_file=backend.default_file or file.name)
    return backend, kind or usual


def derive(backend: Backend, file: Path, *, max_batch_size: int | None, release: str) -> DerivedConfig:
    """What the server would complete for the file, its tensors in the file's order.

    ``max_batch_size`` is the user's: 0 makes dims of complete shapes, more than 0 asks for a first dimension of any
    size in every tensor. Raises ModelFileError for a file that is none, UsageError for one that cannot be served so.
    """
    signature = backend.read(file)
    if signature is None:
        return DerivedConfig()
    completion = backend.complete(signature, release=release)
    if completion.blockers:
        more = f" (and {len(completion.blockers) - 1} more)" if len(completion.blockers) > 1 else ""
        raise UsageError(
            f"{file}: {completion.blockers[0]}{more}", hint="export the model with tensors that Triton can carry"
        )
    if max_batch_size is None or max_batch_size == completion.max_batch_size:
        return DerivedConfig(
            max_batch_size=completion.max_batch_size,
            input=tuple(_ordered(completion.inputs, signature.inputs)),
            output=tuple(_ordered(completion.outputs, signature.outputs)),
            dynamic_batching=completion.dynamic_batching,
            known=True,
            guessed=signature.guessed,
        )
    if max_batch_size > 0:
        _refuse_fixed_batch(file, signature, max_batch_size)
    return DerivedConfig(
        max_batch_size=max_batch_size,
        input=tuple(_tensor(t, max_batch_size > 0) for t in signature.inputs),
        output=tuple(_tensor(t, max_batch_size > 0) for t in signature.outputs),
        dynamic_batching=completion.dynamic_batching and max_batch_size > 1,
        known=True,
        guessed=signature.guessed,
    )


def guess_notes(guessed: Collection[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    """What is said of each output with a size that only the server knows, in the order of the configuration."""
    return tuple(
        f"the sizes {show_shape(t['dims'])} of output {t['name']} are a guess: the model's file does not give them. "
        "pip install 'triton-kit[local]' and add the model again to have them from ONNX Runtime, or see with "
        "tk validate --load which ones the server expects"
        for t in values.get("output") or ()
        if t["name"] in guessed
    )


def _refuse_fixed_batch(file: Path, signature: Signature, max_batch_size: int) -> None:
    for side, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        for tensor in tensors:
            if dims(tensor.shape or ())[:1] != [-1]:
                raise UsageError(
                    f"--max-batch-size {max_batch_size}: {side} {tensor.name} of {file} is {show_shape(tensor.shape)}, "
                    "whose first dimension is not variable, so there is none for the batch",
                    hint="export the model with a dynamic batch dimension, or leave out --max-batch-size",
                )


def _ordered(tensors: Iterable[ConfigTensor], order: Sequence[TensorSpec]) -> Iterable[Tensor]:
    places = {tensor.name: i for i, tensor in enumerate(order)}
    for t in sorted(tensors, key=lambda t: places.get(t.name, len(places))):
        value: Tensor = {"name": t.name, "data_type": t.data_type, "dims": list(t.dims)}
        if t.reshape is not None:
            value["reshape"] = {"shape": list(t.reshape)}
        if t.optional:
            value["optional"] = True
        yield value


def _tensor(tensor: TensorSpec, batching: bool) -> Tensor:
    sizes = dims(tensor.shape or ())[1 if batching else 0 :]
    value: Tensor = {"name": tensor.name, "data_type": tensor.dtype, "dims": sizes or [1]}
    if batching and not sizes:
        # A tensor of one number an item: dims may not be empty, so the server reshapes.
        value["reshape"] = {"shape": []}
    if tensor.optional:
        value["optional"] = True
    return value
