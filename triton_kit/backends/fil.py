"""The FIL backend: forests of XGBoost, LightGBM and treelite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes, text_parameters
from triton_kit.backends.types import Companion, Completion, ConfigTensor, FileKind
from triton_kit.repository.release_name import NEWEST, before
from triton_kit.repository.tensor import TensorSpec, dims
from triton_kit.signature import forest
from triton_kit.signature.types import Signature

name = "fil"
platforms: tuple[str, ...] = ()
default_file = "xgboost.model"
suffixes = (".json", ".ubj", ".model", ".txt", ".tl", ".bin")
last_release: str = NEWEST
facts = Facts(
    states=False,
    python_stub=False,
    shipped=True,
)

FILES = {
    "xgboost": "xgboost.model",
    "xgboost_json": "xgboost.json",
    "xgboost_ubj": "xgboost.ubj",
    "lightgbm": "model.txt",
    "treelite_checkpoint": "checkpoint.tl",
}
"""The backend's word for each format, with the file that it opens by default (fil src/serialization.h, src/model.h)."""

MAX_BATCH_SIZE = 32768
"""Forests must batch, and only memory bounds their batches: the number that the backend's documents begin with."""


def recognise(path: Path) -> FileKind | None:
    """A file that is a forest by its content; by its name alone where there is nothing to read."""
    by_name = {".ubj": "xgboost_ubj", ".tl": "treelite_checkpoint"}
    suffix = path.suffix.lower()
    head = first_bytes(path)
    if not head:
        return FileKind(platform="", default_file=FILES[by_name[suffix]]) if suffix in by_name else None
    kind: str | None = forest.sniff(head)
    if kind is None and head.lstrip()[:1] == b"{" and suffix != ".py" and forest.is_forest(path):
        kind = "xgboost_json"
    kind = kind or by_name.get(suffix)
    return FileKind(platform="", default_file=FILES[kind]) if kind else None


def read(path: Path) -> Signature | None:
    """The tensors of the forest, by the names that the backend gives them. Raises ModelFileError."""
    return forest.read(path).signature()


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """Batches of samples, each a row of features. The backend completes nothing: this is what it needs.

    Shapes that do not begin with a batch dimension stay as they are.
    """
    tensors = (*signature.inputs, *signature.outputs)
    if not all(dims(t.shape or ())[:1] == [-1] for t in tensors):
        return complete_as_is(signature)
    return Completion(
        max_batch_size=MAX_BATCH_SIZE,
        inputs=tuple(map(_row, signature.inputs)),
        outputs=tuple(map(_row, signature.outputs)),
        dynamic_batching=True,
    )


def _row(tensor: TensorSpec) -> ConfigTensor:
    return ConfigTensor(
        name=tensor.name, data_type=tensor.dtype or "TYPE_FP32", dims=tuple(dims(tensor.shape or ()))[1:] or (1,)
    )


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: a forest is one file."""
    return ()


def template_values(
    source: Path | None,
    *,
    model: str,  # noqa: ARG001 - the Protocol's
    release: str,
    given: Mapping[str, object],
) -> dict[str, object]:
    """The type of the file, and whether it classifies, by the name that the release has for that.

    From 25.09 on the parameter is is_classifier, before it output_class; neither has a default, nor has threshold
    where it is true (fil src/shared_state.h).
    """
    found = None if source is None else forest.read(source)
    classifies = found is not None and bool(found.classifies or found.classes > 2)
    parameters = {
        "model_type": found.format if found else "xgboost",
        "output_class" if before(release, "25.09") else "is_classifier": str(classifies).lower(),
    }
    if classifies:
        parameters["threshold"] = "0.5"
    values: dict[str, object] = {"parameters": text_parameters(parameters)}
    mine = given.get("parameters")
    asked = str(((mine.get("predict_proba") or {}) if isinstance(mine, dict) else {}).get("string_value", "")).lower()
    if found and asked == "true":
        output = found.signature(probabilities=True).outputs[0]
        values["output"] = [{"name": output.name, "data_type": output.dtype, "dims": [(output.shape or (1,))[-1]]}]
    return values
