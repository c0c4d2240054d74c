"""Rules about the targets of ``batch_output``."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.batch_inputs import known_names
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def batch_output_unknown_target(model: Model) -> Iterator[Problem]:
    """The target of a batch output is not an output of the model.

    (core model_config_utils.cc:ValidateBatchIO.)

    Server says:

        unknown target output name

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_output { kind: BATCH_SCATTER_WITH_INPUT_SHAPE target_name: "Y" source_input: "x" }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_output { kind: BATCH_SCATTER_WITH_INPUT_SHAPE target_name: "y" source_input: "x" }
    """
    for i, entry in enumerate(model.config.batch_output):
        names = known_names(model, "output")
        for j, target in enumerate(entry.target_name):
            if names is not None and target not in names:
                yield Problem(
                    at=("batch_output", i, "target_name", j),
                    message=f"'{target}' is not an output",
                    help=nearest(target, names),
                )


@rule(Severity.ERROR)
def batch_output_duplicate_target(model: Model) -> Iterator[Problem]:
    """A batch output names a target twice.

    (core model_config_utils.cc:ValidateBatchIO.)

    Server says:

        can only be specified once

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_output { target_name: [ "y", "y" ] source_input: "x" }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_output { target_name: "y" source_input: "x" }
    """
    for i, entry in enumerate(model.config.batch_output):
        for j, target in enumerate(entry.target_name):
            if target in entry.target_name[:j]:
                yield Problem(
                    at=("batch_output", i, "target_name", j),
                    message=f"the target '{target}' is named twice",
                    help="remove one of the two",
                )


@rule(Severity.ERROR)
def batch_output_without_target(model: Model) -> Iterator[Problem]:
    """A batch output has no target, and the server process dies.

    The backends read the first element of the empty list (backend backend_common.cc:BatchOutput::ParseFromModelConfig;
    SIGSEGV on 24.10).

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_output { source_input: "x" }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_output { target_name: "y" source_input: "x" }
    """
    for i, entry in enumerate(model.config.batch_output):
        if not entry.target_name and not model.is_ensemble:
            yield Problem(
                at=("batch_output", i),
                message=f"kills the server: batch_output {i} has no target_name",
                help="name the output that it is for",
            )
