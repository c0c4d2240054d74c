"""Turn what the user wants to ask of a model into requests that the model takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.client.errors import ServerError
from triton_kit.client.image import LAYOUTS, SCALES, Scale, image_slot, read_image
from triton_kit.client.input_slots import Slot, check_batches, check_complete, find_slot, fit, slots
from triton_kit.client.inputs import read_data, read_inline
from triton_kit.client.made_up_inputs import Filling, MadeUp, make_up_inputs, read_shapes
from triton_kit.client.sequence import takes_sequences
from triton_kit.client.types import Inference, ModelMetadata, Parameter, ServedConfig
from triton_kit.errors import TkError, UsageError
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.client.types import Array, Client

TOP = 5
"""How many classes are shown of an output that has labels, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferRequest:
    """What the user wants to ask.

    ``fill`` is ``random``, ``zeros`` or empty; ``inline`` and ``shapes`` are as typed: ``NAME=VALUE``, ``NAME:3,224``;
    ``images`` are ``FILE`` or ``NAME=FILE``. ``top`` is how many classes to show, ``None`` for the usual.
    ``values`` says that the outputs' values are wanted, and not only the best classes of them. ``outputs`` are the only
    ones to ask for, all where there is none. ``rung`` is how many guesses of what the model leaves open were refused,
    and ``examples`` gives inputs that
    the model takes.
    """

    model: str
    version: str = ""
    inline: Sequence[str] = ()
    fill: str = ""
    data: Path | None = None
    images: Sequence[str] = ()
    scale: Scale = "none"
    layout: str = "auto"
    seed: int = 0
    batch: int | None = None
    shapes: Sequence[str] = ()
    top: int | None = None
    values: bool = False
    outputs: Sequence[str] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    request_id: str = ""
    rung: int = 0
    examples: Callable[[Mapping[str, Slot]], Mapping[str, Sequence[Array]]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferPlan:
    """The requests, what is known of the model, and what was decided on the way, for the user to know.

    ``guesses`` are what was made up where the model leaves it open, in words, and ``guesses_open`` says whether the
    model may take another guess where it refuses this one. With ``sequences`` the requests are a whole sequence.
    """

    metadata: ModelMetadata
    config: ServedConfig | None
    requests: tuple[Inference, ...]
    notes: tuple[str, ...]
    guesses: tuple[str, ...] = ()
    guesses_open: bool = False
    rung: int = 0
    sequences: bool = False


def plan_inferences(client: Client, question: InferRequest) -> InferPlan:
    """Ask the server what the model takes, and make the requests.

    Raises UsageError where the question does not fit the model, and ServerError where the model cannot be asked.
    """
    metadata, config = describe(client, question.model, question.version)
    client.warm()
    return make_plan(metadata, config, question)


def make_plan(metadata: ModelMetadata, config: ServedConfig | None, question: InferRequest) -> InferPlan:
    """The requests for a model that is known. Raises UsageError where the question does not fit it."""
    known = slots(metadata, config)
    notes: list[str] = []
    for name in question.outputs:
        if name not in (names := [tensor.name for tensor in metadata.outputs]):
            hint = suggest(name, names, otherwise="the outputs are: " + ", ".join(names))
            raise UsageError(f"{name!r} is not an output of this model", hint=hint)
    rows, made_up = _inputs(known, config, question, notes)
    return InferPlan(
        metadata=metadata,
        config=config,
        requests=tuple(_request(arrays, known, metadata, config, question) for arrays in rows),
        notes=tuple(notes),
        guesses=made_up.guesses,
        guesses_open=made_up.open,
        rung=question.rung,
        sequences=bool(question.fill) and takes_sequences(config) and "sequence_id" not in question.parameters,
    )


def describe(client: Client, model: str, version: str) -> tuple[ModelMetadata, ServedConfig | None]:
    """A model's metadata, and its configuration where the server gives it.

    Raises UsageError for a model or version that the server does not have, ServerError for one that is not ready.
    """
    try:
        metadata = client.metadata(model, version)
    except ServerError as error:
        raise _not_there(client, model, version, error) from None
    try:
        return metadata, client.config(model, version)
    except ServerError:
        return metadata, None


def _not_there(client: Client, model: str, version: str, error: ServerError) -> TkError:
    """Why a model has no metadata, as the server's index has it."""
    try:
        entries = client.index()
    except ServerError:
        return error
    mine = [e for e in entries if e.name == model]
    ready = sorted({e.name for e in entries if e.state == "READY"})
    listed = f"the models are: {', '.join(ready)}" if ready else "no model is ready; see: tk health"
    if not mine:
        return UsageError(f"{model!r} is not a model of {client.url}", hint=suggest(model, ready, otherwise=listed))
    versions = [e.version for e in mine if e.state == "READY"]
    if versions and version and version not in versions:
        return UsageError(f"model {model} has no version {version} ready", hint=f"ready are: {', '.join(versions)}")
    if versions:
        return error
    reason = next((e.reason.strip().splitlines()[0] for e in mine if e.reason.strip()), "it is not loaded")
    return ServerError(f"model {model} is not ready: {reason}", status=error.status, hint="see: tk health")


def _inputs(
    known: Mapping[str, Slot], config: ServedConfig | None, question: InferRequest, notes: list[str]
) -> tuple[list[dict[str, Array]], MadeUp]:
    """The arrays of each request, complete and fitting, and what was made up for the first of them."""
    limit = config.max_batch_size if config is not None else 0
    if question.batch is not None and config is not None and question.batch > max(limit, 1):
        why = f"its max_batch_size is {limit}" if limit else "it does not batch"
        raise UsageError(f"model {question.model} takes no batch of {question.batch}: {why}")
    given: dict[str, Array] = {}
    for text in question.inline:
        name, array = read_inline(text, known)
        if name in given:
            raise UsageError(f"input {name} is given twice")
        given[name] = array
    given |= _images(known, question, set(given), notes)
    rows = read_data(question.data, known) if question.data is not None else [{}]
    if not rows:
        raise UsageError(f"{question.data} holds no request")
    filling = Filling(
        fill=question.fill,
        seed=question.seed,
        batch=question.batch,
        shapes=read_shapes(question.shapes, known),
        rung=question.rung,
        examples=question.examples(known) if question.examples is not None and question.fill == "random" else {},
    )
    requests: list[dict[str, Array]] = []
    first: MadeUp | None = None
    for row in rows:
        for name in given.keys() & row.keys():
            raise UsageError(f"input {name} is given twice: in {question.data} and on the command line")
        arrays = {name: fit(a, known[name], batch=question.batch) for name, a in (given | row).items()}
        made_up = make_up_inputs(known, filling, arrays)
        first = first or made_up
        arrays |= made_up.arrays
        check_complete(known, arrays)
        check_batches(arrays, known, limit)
        requests.append({name: arrays[name] for name in known if name in arrays})
    assert first is not None
    return requests, first


def _images(known: Mapping[str, Slot], question: InferRequest, taken: set[str], notes: list[str]) -> dict[str, Array]:
    """The images by the input they go to; several for one input become a batch."""
    import numpy as np

    for value, choices, option in ((question.scale, SCALES, "--scale"), (question.layout, LAYOUTS, "--layout")):
        if value not in choices:
            raise UsageError(f"{option} {value} is unknown", hint=suggest(value, choices))
    found: dict[str, list[Array]] = {}
    for text in question.images:
        name, equals, file = text.partition("=")
        slot = find_slot(known, name) if equals and name in known else image_slot(known, taken)
        path = Path(file if equals and name in known else text)
        if slot.name in taken:
            raise UsageError(f"input {slot.name} is given twice")
        array, note = read_image(path, slot, scale=question.scale, layout=question.layout)
        found.setdefault(slot.name, []).append(array)
        notes.append(note)
    arrays: dict[str, Array] = {}
    for name, images in found.items():
        if len(images) > 1 and not known[name].batching:
            raise UsageError(f"input {name} takes one image, and {len(images)} are given: the model does not batch")
        if len({a.shape for a in images}) > 1:
            raise UsageError(f"the images for input {name} differ in size, and go in one batch", hint="send one by one")
        arrays[name] = np.stack(images) if known[name].batching else images[0]
    return arrays


def _request(
    arrays: Mapping[str, Array],
    known: Mapping[str, Slot],
    metadata: ModelMetadata,
    config: ServedConfig | None,
    question: InferRequest,
) -> Inference:
    """The request; of an output with labels only the best classes are asked for, unless its values are wanted."""
    labelled = config.labelled if config is not None and not question.values else frozenset()
    top = TOP if question.top is None else question.top
    return Inference(
        model=question.model,
        version=question.version,
        inputs=arrays,
        datatypes={name: known[name].datatype for name in arrays},
        outputs=_outputs(metadata, question, bool(labelled and top)),
        classes=dict.fromkeys(labelled, top) if top else {},
        parameters=question.parameters,
        request_id=question.request_id,
    )


def _outputs(metadata: ModelMetadata, question: InferRequest, named: bool) -> list[str] | None:
    """The outputs to ask for by name; ``None`` for all."""
    if question.outputs:
        return list(question.outputs)
    return [tensor.name for tensor in metadata.outputs] if named else None
