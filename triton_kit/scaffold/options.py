"""What a user types for a model, as values: tensors, versions, instances, steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError
from triton_kit.repository.tensor import BY_WIRE, DATA_TYPES
from triton_kit.suggestion import suggest

if TYPE_CHECKING:
    from triton_kit.repository.model_config import (
        ModelDynamicBatching,
        ModelEnsembling,
        ModelInstanceGroup,
        ModelVersionPolicy,
    )
    from triton_kit.scaffold.tensors import Tensor

KINDS = {"cpu": "KIND_CPU", "gpu": "KIND_GPU", "auto": "KIND_AUTO"}


def parse_tensor(text: str, option: str) -> Tensor:
    """``NAME:TYPE:DIMS`` such as ``image:FP32:3,224,224`` as a tensor of model.yaml; -1 is any size.

    The name may hold colons; the type is one of config.pbtxt or of the protocol, with or without ``TYPE_``.
    """
    hint = f"write {option} NAME:FP32:3,224,224"
    parts = text.rsplit(":", 2)
    if len(parts) != 3 or not parts[0]:
        raise UsageError(f"{option} {text}: not of the form NAME:TYPE:DIMS", hint=hint)
    name, kind, sizes = parts
    plain = kind.upper().removeprefix("TYPE_")
    data_type = BY_WIRE[plain].config if plain in BY_WIRE else f"TYPE_{plain}"
    if data_type not in DATA_TYPES:
        known = tuple(t.removeprefix("TYPE_") for t in DATA_TYPES)
        raise UsageError(f"{option} {text}: {kind} is not a data type", hint=suggest(plain, known))
    dims = [_size(size.strip(), f"{option} {text}") for size in sizes.strip("[]").split(",")]
    return {"name": name, "data_type": data_type, "dims": dims}


def _size(text: str, option: str) -> int:
    if not re.fullmatch(r"-1|[0-9]+", text, re.ASCII) or text.strip("0") == "":
        shown = repr(text) if text else "an empty one"
        raise UsageError(f"{option}: {shown} is not a dimension", hint="write sizes of 1 or more, or -1 for any size")
    return int(text)


def parse_numbers(text: str, option: str, *, least: int = 1) -> list[int]:
    """``8,16`` as numbers."""
    numbers = []
    for part in text.split(","):
        if not re.fullmatch(r"[0-9]+", part.strip(), re.ASCII) or int(part) < least:
            raise UsageError(f"{option} {text}: {part.strip() or 'an empty part'} is not a number from {least} up")
        numbers.append(int(part))
    if len(set(numbers)) != len(numbers):
        raise UsageError(f"{option} {text}: a number is given twice")
    return numbers


def parse_version_policy(text: str) -> ModelVersionPolicy.Dict:
    """``latest:2``, ``all`` or ``specific:1,3`` as the field of that name."""
    kind, colon, rest = text.partition(":")
    option = "--version-policy"
    match kind:
        case "all" if not colon:
            return {"all": {}}
        case "latest":
            numbers = parse_numbers(rest, f"{option} latest:" if colon else option) if colon else [1]
            if len(numbers) == 1:
                return {"latest": {"num_versions": numbers[0]}}
        case "specific" if colon:
            return {"specific": {"versions": parse_numbers(rest, f"{option} specific:", least=0)}}
    raise UsageError(f"{option} {text}: not a policy", hint="write latest:2, all or specific:1,3")


def parse_step(text: str) -> ModelEnsembling.Step.Dict:
    """``MODEL[@VERSION] INPUT=TENSOR ... -> OUTPUT=TENSOR ...`` as a step of an ensemble.

    INPUT and OUTPUT are the model's names, TENSOR the pipeline's; a name alone stands for both.
    """
    hint = "write --step 'MODEL INPUT=TENSOR -> OUTPUT=TENSOR'"
    left, arrow, right = text.partition("->")
    words = left.split()
    if not arrow or len(words) < 2 or not right.split():
        raise UsageError(f"--step {text}: not of the form MODEL INPUT=TENSOR -> OUTPUT=TENSOR", hint=hint)
    name, at, version = words[0].partition("@")
    if at and not re.fullmatch(r"[0-9]+", version, re.ASCII):
        raise UsageError(f"--step {text}: {version or 'an empty version'} is not a version", hint=hint)
    return {
        "model_name": name,
        "model_version": int(version) if at else -1,
        "input_map": _map(words[1:], text, hint),
        "output_map": _map(right.split(), text, hint),
    }


def _map(words: Sequence[str], step: str, hint: str) -> dict[str, str]:
    result: dict[str, str] = {}
    for word in words:
        name, sign, tensor = word.partition("=")
        if not name or (sign and not tensor):
            raise UsageError(f"--step {step}: {word} is not NAME=TENSOR", hint=hint)
        if name in result:
            raise UsageError(f"--step {step}: {name} is given twice")
        result[name] = tensor or name
    return result


def instance_group(count: int | None, kind: str | None, gpus: str | None) -> list[ModelInstanceGroup.Dict]:
    """The instance group for ``--instances``, ``--kind`` and ``--gpus``; none where none of them is given.

    GPUs without a kind mean the kind GPU: with KIND_AUTO a list of GPUs is refused on a machine without them
    (core model_config_utils.cc:ValidateInstanceGroup).
    """
    if count is None and kind is None and gpus is None:
        return []
    if count is not None and count < 1:
        raise UsageError(f"--instances {count}: fewer than one instance", hint="give 1 or more")
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: not a kind", hint=suggest(kind, tuple(KINDS)))
    if gpus is not None and kind == "cpu":
        raise UsageError("--gpus goes with --kind gpu, not with --kind cpu", hint="leave one of them out")
    if gpus is not None and kind == "auto":
        raise UsageError("--gpus with --kind auto is refused by a machine without GPUs", hint="write --kind gpu")
    group: ModelInstanceGroup.Dict = {"count": count or 1}
    if kind is not None or gpus is not None:
        group["kind"] = KINDS[kind or "gpu"]
    if gpus is not None:
        group["gpus"] = parse_numbers(gpus, "--gpus", least=0)
    return [group]


def dynamic_batching(
    batching: str | None, preferred: str | None, delay_us: int | None, max_batch_size: int
) -> ModelDynamicBatching.Dict | None:
    """The field of that name for ``--batching``, ``--preferred`` and ``--delay-us``; ``None`` for none.

    Raises UsageError for what core refuses or ignores (core model_config_utils.cc:ValidateModelConfig).
    """
    if batching not in (None, "dynamic", "none"):
        raise UsageError(f"--batching {batching}: not a way of batching", hint="write dynamic or none")
    tuned = "--preferred" if preferred is not None else "--delay-us" if delay_us is not None else None
    if batching != "dynamic":
        if tuned:
            raise UsageError(f"{tuned} needs --batching dynamic", hint=f"add --batching dynamic, or leave out {tuned}")
        return None
    if max_batch_size < 1:
        raise UsageError(
            "--batching dynamic, but the model takes no batches: max_batch_size is 0",
            hint="give --max-batch-size for a model whose first dimension is the batch, or leave out --batching",
        )
    result: ModelDynamicBatching.Dict = {}
    if preferred is not None:
        sizes = parse_numbers(preferred, "--preferred")
        if max(sizes) > max_batch_size:
            raise UsageError(
                f"--preferred {preferred}: {max(sizes)} is over max_batch_size, {max_batch_size}",
                hint=f"lower it, or add --max-batch-size {max(sizes)}",
            )
        result["preferred_batch_size"] = sizes
    if delay_us is not None:
        if delay_us < 0:
            raise UsageError(f"--delay-us {delay_us}: below 0", hint="give microseconds")
        result["max_queue_delay_microseconds"] = delay_us
    return result
