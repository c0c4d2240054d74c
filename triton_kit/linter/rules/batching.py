"""Rules about max_batch_size, dynamic batching and what excludes what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model.ensemble import is_decoupled, steps_of
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelDynamicBatching


@rule(Severity.ERROR)
def negative_max_batch_size(model: Model) -> Iterator[Problem]:
    """max_batch_size is negative.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        'max_batch_size' must be non-negative value

    Bad:

        max_batch_size: -1

    Good:

        max_batch_size: 0
    """
    size = model.config.max_batch_size
    if size < 0:
        yield Problem(
            at=("max_batch_size",),
            message=f"max_batch_size {size} is negative",
            help="write 0 for a model without a batch dimension",
        )


@rule(Severity.ERROR, about=("dynamic_batching", "sequence_batching"))
def preferred_batch_size_not_positive(model: Model) -> Iterator[Problem]:
    """A preferred batch size is not positive.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        dynamic batching preferred size must be positive
        sequence batching preferred batch size must be positive

    Bad:

        max_batch_size: 8
        dynamic_batching { preferred_batch_size: [ 0, 4 ] }

    Good:

        max_batch_size: 8
        dynamic_batching { preferred_batch_size: [ 4 ] }
    """
    for at, size in _preferred(model):
        if size <= 0:
            yield Problem(at=at, message=f"a preferred batch of {size} is not positive", help="remove it")


@rule(Severity.ERROR, about=("dynamic_batching", "sequence_batching"))
def preferred_batch_size_too_large(model: Model) -> Iterator[Problem]:
    """A preferred batch is larger than the largest batch allowed.

    It is compared with max_batch_size as written, before the backend fills that in, so an omitted one counts as 0 (core
    model_config_utils.cc:ValidateModelConfig).

    Server says:

        dynamic batching preferred size must be <= max batch size
        sequence batching preferred batch size must be <= max batch size

    Bad:

        max_batch_size: 8
        dynamic_batching { preferred_batch_size: [ 4, 16 ] }

    Good:

        max_batch_size: 16
        dynamic_batching { preferred_batch_size: [ 4, 16 ] }
    """
    limit = model.config.max_batch_size
    for at, size in _preferred(model):
        if 0 <= limit < size:
            if limit:
                bound, help_ = f"max_batch_size, {limit}", f"lower it, or raise max_batch_size to {size}"
            else:
                bound, help_ = "max_batch_size, which is 0 unless written", f"write max_batch_size: {size}"
            yield Problem(at=at, message=f"a preferred batch of {size} is over {bound}", help=help_)


def _preferred(model: Model) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if model.config.has("dynamic_batching"):
        for i, size in enumerate(model.config.dynamic_batching.preferred_batch_size):
            yield ("dynamic_batching", "preferred_batch_size", i), size
    if model.config.has("sequence_batching"):
        for i, size in enumerate(model.config.sequence_batching.oldest.preferred_batch_size):
            yield ("sequence_batching", "oldest", "preferred_batch_size", i), size


@rule(Severity.WARNING, about=("dynamic_batching",))
def dynamic_batching_without_batches(model: Model) -> Iterator[Problem]:
    """Dynamic batching is asked for, and batches are not allowed.

    With max_batch_size 0 or 1 no two requests can be merged. The queue is kept nevertheless: with a queue policy, with
    levels of priority or preserve_ordering nothing is said (core dynamic_batch_scheduler.cc).

    Bad:

        backend: "python"
        dynamic_batching { }

    Good:

        backend: "python"
        max_batch_size: 8
        dynamic_batching { }
    """
    if not model.config.has("dynamic_batching"):
        return
    completed = model.completed_latest
    if (
        completed is None
        or not completed.known
        or completed.max_batch_size not in (0, 1)
        or _keeps_a_queue(model.config.dynamic_batching)
    ):
        return
    if not any(True for _ in _preferred(model)):
        yield Problem(
            at=("dynamic_batching",),
            key=True,
            message=f"dynamic_batching has no effect with max_batch_size {completed.max_batch_size}",
            help="write the largest batch as max_batch_size, or leave dynamic_batching out",
        )


def _keeps_a_queue(dynamic: ModelDynamicBatching) -> bool:
    """Whether something is set that has an effect on requests which are not merged."""
    return bool(
        dynamic.preserve_ordering
        or dynamic.priority_levels
        or dynamic.default_queue_policy.says_something()
        or dynamic.priority_queue_policy
    )


@rule(Severity.ERROR, since="22.07", about=("response_cache",))
def cache_with_sequences(model: Model) -> Iterator[Problem]:
    """The response cache is on for a model with sequence batching.

    (core model_config_utils.cc:ValidateModelConfig, since 22.07.)

    Server says:

        with sequence batching scheduler. Please disable the response

    Bad:

        backend: "python"
        sequence_batching { }
        response_cache { enable: true }

    Good:

        backend: "python"
        sequence_batching { }
    """
    if model.config.response_cache.enable and model.config.has("sequence_batching"):
        yield Problem(
            at=("response_cache", "enable"),
            message="the response cache excludes sequence_batching",
            help="leave response_cache out",
        )


@rule(Severity.ERROR, about=("response_cache",))
def cache_with_decoupled(model: Model) -> Iterator[Problem]:
    """The response cache is on for a decoupled model.

    An ensemble is decoupled when a model of it is, and a model also when its code or its backend makes it so (core
    model_config_utils.cc:ValidateModelConfig, ensemble_utils.cc:ValidateEnsembleConfig).

    Server says:

        with 'decoupled' transaction policy. Please disable the response

    Bad:

        backend: "python"
        model_transaction_policy { decoupled: true }
        response_cache { enable: true }

    Good:

        backend: "python"
        model_transaction_policy { decoupled: true }
    """
    if model.config.response_cache.enable and is_decoupled(model):
        through = listed(found.name for _, _, found in steps_of(model) if is_decoupled(found))
        yield Problem(
            at=("response_cache", "enable"),
            message="the response cache excludes decoupled models"
            + (f", and the ensemble is one through {through}" if through else ""),
            help="leave response_cache out",
        )


@rule(Severity.NOTE, about=("response_cache",))
def response_cache_of_server(model: Model) -> Iterator[Problem]:
    """The response cache is on, which has an effect only where the server has one.

    The cache is the whole server's: without `--cache-config` no answer is kept, and nothing is said (core server.cc,
    model_config_utils.cc). `tk validate --cache on` says that the server has one; `tk serve` knows its flags.

    Bad:

        backend: "python"
        response_cache { enable: true }

    Good:

        -- tk validate --cache on
        backend: "python"
        response_cache { enable: true }
    """
    if model.config.response_cache.enable and not model.options.cache:
        yield Problem(
            at=("response_cache", "enable"),
            message="the response cache has an effect only where the server has one"
            + (", and this one has none" if model.options.cache is False else ""),
            help="start the server with --cache-config=local,size=1048576, or leave response_cache out",
        )


@rule(Severity.WARNING, about=("max_batch_size",), backend="onnxruntime")
def zero_batch_size_replaced(model: Model) -> Iterator[Problem]:
    """A max_batch_size of 0 is written, and completion raises it.

    0 looks like an omitted value: a model that can batch gets the default, 4, unless its inputs and outputs
    are listed (onnxruntime onnxruntime.cc:AutoCompleteMaxBatch).

    Server says:

        autofilled max_batch_size to

    Bad:

        backend: "onnxruntime"
        max_batch_size: 0
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        backend: "onnxruntime"
        max_batch_size: 4
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    if not model.config.has("max_batch_size") or model.config.max_batch_size:
        return
    for version in model.versions:
        completed = model.completed(version)
        if completed.max_batch_size:
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size: 0 becomes {completed.max_batch_size}: the model can batch, and not all of its"
                " inputs and outputs are listed",
                help="list inputs and outputs, or leave max_batch_size out",
            )
            return
