"""Inputs, outputs and the largest batch for a new model: from its file, from what the user says, or from both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from triton_kit.backends import onnxruntime
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

    ``guessed`` are the outputs with a size that only the server knows, ``rankless`` the inputs and outputs of which the
    file does not say how many dimensions they have.
    """

    max_batch_size: int = 0
    input: tuple[Tensor, ...] = ()
    output: tuple[Tensor, ...] = ()
    dynamic_batching: bool = False
    known: bool = False
    guessed: frozenset[str] = frozenset()
    rankless: frozenset[str] = frozenset()


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
            raise UsageError(f"{name} takes no model file", hint="leave out --backend")
        # A backend of one's own reads what it likes.
        other = None if backend.facts.library else found
        if other is not None and other.name != name and backend.recognise(file) is None:
            raise UsageError(f"{file} is for the backend {other.name}, not for {name}", hint="leave out --backend")
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
        raise UsageError(f"{file}: {completion.blockers[0]}{more}", hint=_how_to_export(backend, file, signature))
    rankless = frozenset(t.name for t in (*signature.inputs, *signature.outputs) if t.shape is None)
    if max_batch_size is None or max_batch_size == completion.max_batch_size:
        return DerivedConfig(
            max_batch_size=completion.max_batch_size,
            input=tuple(_ordered(completion.inputs, signature.inputs)),
            output=tuple(_ordered(completion.outputs, signature.outputs)),
            dynamic_batching=completion.dynamic_batching,
            known=True,
            guessed=signature.guessed - rankless,
            rankless=rankless,
        )
    if max_batch_size > 0:
        _refuse_fixed_batch(file, signature, max_batch_size)
    return DerivedConfig(
        max_batch_size=max_batch_size,
        input=tuple(_tensor(t, max_batch_size > 0) for t in signature.inputs),
        output=tuple(_tensor(t, max_batch_size > 0) for t in signature.outputs),
        dynamic_batching=completion.dynamic_batching and max_batch_size > 1,
        known=True,
        guessed=signature.guessed - rankless,
        rankless=rankless,
    )


def _how_to_export(backend: Backend, file: Path, signature: Signature) -> str:
    """What to do about a file with tensors that the server does not take."""
    if backend.name == onnxruntime.name:
        if onnxruntime.has_zip_map(file):
            return f"export the model with skl2onnx again: {onnxruntime.WITHOUT_ZIP_MAP}"
        tensors = (*signature.inputs, *signature.outputs)
        if all(t.dtype is not None and 0 not in (t.shape or ()) for t in tensors):
            return f"add --release {onnxruntime.BF16_SINCE}, or export the model with FP16 or FP32"
    return "export the model with tensors that Triton can carry"


def guess_notes(derived: DerivedConfig, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What is said of each tensor with sizes that the file does not give, in the order of the configuration."""
    tensors = [(side, t) for side in ("input", "output") for t in values.get(side) or ()]
    return tuple(
        f"the sizes {show_shape(t['dims'])} of {side} {t['name']} are a guess: {_what_to_do(derived, t['name'])}"
        for side, t in tensors
        if t["name"] in derived.rankless or (side == "output" and t["name"] in derived.guessed)
    )


def _what_to_do(derived: DerivedConfig, name: str) -> str:
    if name in derived.rankless:
        return (
            "the model's file does not say how many dimensions it has. Export the model with the shapes of its inputs "
            "and outputs, or see with tk validate --load which ones the server expects"
        )
    return (
        "the model's file does not give them. pip install 'triton-kit[local]' and add the model again to have them "
        "from ONNX Runtime, or see with tk validate --load which ones the server expects"
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
