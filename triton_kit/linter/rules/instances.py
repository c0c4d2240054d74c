"""Rules about instance groups and the devices that they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import count, shape
from triton_kit.model.model import Model
from triton_kit.repository.release_name import show_release

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelInstanceGroup


def groups(model: Model) -> Iterator[tuple[int, ModelInstanceGroup]]:
    if not model.is_ensemble:
        yield from enumerate(model.config.instance_group)


@rule(Severity.ERROR, about=("gpus",))
def gpus_without_gpu_kind(model: Model) -> Iterator[Problem]:
    """A group of CPU or MODEL kind lists GPUs.

    (core model_config_utils.cc:ValidateInstanceGroup.)

    Server says:

        has kind KIND_CPU but specifies one or more GPUs
        has kind KIND_MODEL but specifies one or more GPUs

    Bad:

        instance_group [ { kind: KIND_CPU gpus: [ 0 ] } ]

    Good:

        instance_group [ { kind: KIND_GPU gpus: [ 0 ] } ]
    """
    for i, group in groups(model):
        if group.kind in ("KIND_CPU", "KIND_MODEL") and group.gpus:
            yield Problem(
                at=("instance_group", i, "gpus"),
                message=f"a group of {group.kind} lists the GPUs {shape(group.gpus)}",
                help="leave gpus out, or write kind: KIND_GPU",
            )


@rule(Severity.ERROR)
def no_gpu_for_group(model: Model) -> Iterator[Problem]:
    """A group asks for a GPU, and the server's machine has none.

    Reported only where the number of GPUs is given. Without a kind, a list of GPUs is not a fallback: the kind becomes
    KIND_CPU and the list stays (core model_config_utils.cc:ValidateInstanceGroup).

    Server says:

        has kind KIND_GPU but no GPUs are available
        has kind KIND_GPU but server does not support GPUs
        has kind KIND_CPU but specifies one or more GPUs
        specifies invalid or unsupported gpu id

    Bad:

        -- tk validate --gpus 0
        instance_group [ { kind: KIND_GPU } ]

    Good:

        -- tk validate --gpus 1
        instance_group [ { kind: KIND_GPU } ]
    """
    if model.options.gpus != 0:
        return
    for i, group in groups(model):
        if group.kind == "KIND_GPU":
            yield Problem(
                at=("instance_group", i, "kind"),
                message="KIND_GPU on a machine without a GPU",
                help="write KIND_CPU, or leave kind and gpus out",
            )
        elif group.kind == "KIND_AUTO" and group.gpus:
            yield Problem(
                at=("instance_group", i, "gpus"),
                message=f"the GPUs {shape(group.gpus)} on a machine without a GPU",
                help="leave gpus out, so that the server takes what there is",
            )


@rule(Severity.ERROR, about=("gpus",))
def no_such_gpu(model: Model) -> Iterator[Problem]:
    """A group names a GPU that the server's machine does not have.

    Ids count from 0. Those below 0 are wrong everywhere, the others where the number of GPUs is given (core
    model_config_utils.cc:ValidateInstanceGroup).

    Server says:

        specifies invalid or unsupported gpu id
        has kind KIND_CPU but specifies one or more GPUs

    Bad:

        -- tk validate --gpus 1
        instance_group [ { kind: KIND_GPU gpus: [ 1 ] } ]

    Good:

        -- tk validate --gpus 2
        instance_group [ { kind: KIND_GPU gpus: [ 1 ] } ]
    """
    there = model.options.gpus
    if there == 0:
        return
    for i, group in groups(model):
        if group.kind not in ("KIND_GPU", "KIND_AUTO"):
            continue
        for j, gpu in enumerate(group.gpus):
            if gpu < 0 or (there is not None and gpu >= there):
                yield Problem(
                    at=("instance_group", i, "gpus", j),
                    message=f"GPU {gpu} does not exist" + (f" among {count(there, 'GPU')}" if there else ""),
                    help=f"use ids from 0 to {there - 1}" if there else "use ids from 0 on",
                )


@rule(Severity.ERROR)
def undefined_instance_kind(model: Model) -> Iterator[Problem]:
    """A group is of a kind that does not exist.

    An undefined number parses, and is refused afterwards (core model_config_utils.cc:ValidateInstanceGroup).

    Server says:

        has unexpected kind

    Bad:

        instance_group [ { kind: 9 } ]

    Good:

        instance_group [ { kind: KIND_CPU } ]
    """
    for i, group in groups(model):
        if isinstance(group.kind, int):
            yield Problem(
                at=("instance_group", i, "kind"),
                message=f"instance kind {group.kind} does not exist",
                help="write KIND_AUTO, KIND_GPU, KIND_CPU or KIND_MODEL",
            )


@rule(Severity.WARNING, about=("count",))
def negative_instance_count(model: Model) -> Iterator[Problem]:
    """A group has a negative number of instances, which counts as not given.

    (core model_config_utils.cc:NormalizeInstanceGroup.)

    Bad:

        instance_group [ { count: -2 } ]

    Good:

        instance_group [ { count: 2 } ]
    """
    for i, group in groups(model):
        if group.count < 0:
            yield Problem(
                at=("instance_group", i, "count"),
                message=f"a count of {group.count} is taken for the default",
                help="write how many instances you want",
            )


@rule(Severity.ERROR)
def kind_unsupported_by_backend(model: Model) -> Iterator[Problem]:
    """A group is of a kind that the backend does not run on.

    TensorRT runs on GPUs only, from 26.06 on also on several at a time as KIND_MODEL; OpenVINO on CPUs. A group without
    a kind is one of GPUs on a machine that has some (tensorrt tensorrt.cc, openvino openvino.cc, core
    model_config_utils.cc:NormalizeInstanceGroup).

    Server says:

        TensorRT backend supports only GPU device
        supports only Kind CPU and AUTO

    Bad:

        backend: "tensorrt"
        instance_group [ { kind: KIND_CPU } ]

    Good:

        backend: "tensorrt"
        instance_group [ { kind: KIND_GPU } ]
    """
    allowed = model.facts.in_release(model.facts.kinds, show_release(model.options.release))
    if not allowed:
        return
    gpus = model.options.gpus
    for i, group in groups(model):
        if isinstance(group.kind, str) and group.kind not in allowed:
            yield Problem(
                at=("instance_group", i, "kind"),
                message=f"the backend '{model.backend}' does not run on {group.kind}",
                help=f"write {allowed[0]}, or leave the kind out",
            )
        elif "KIND_GPU" not in allowed and group.kind == "KIND_AUTO" and not group.gpus and gpus != 0:
            yield Problem(
                at=("instance_group", i),
                message=f"a group without a kind is one of GPUs, on which the backend '{model.backend}' does not run"
                + ("" if gpus else ", if the server's machine has a GPU"),
                help="write kind: KIND_CPU",
                severity=None if gpus else Severity.WARNING,
            )


@rule(Severity.WARNING, about=("instance_group",), backend="onnxruntime")
def onnx_kind_model(model: Model) -> Iterator[Problem]:
    """An ONNX model's instances are of KIND_MODEL, which counts as CPU.

    (onnxruntime onnxruntime.cc:LoadModel.)

    Bad:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_MODEL } ]

    Good:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_CPU } ]
    """
    for i, group in enumerate(model.config.instance_group):
        if group.kind == "KIND_MODEL":
            yield Problem(
                at=("instance_group", i, "kind"),
                message="KIND_MODEL counts as KIND_CPU for the onnxruntime backend",
                help="write KIND_CPU or KIND_GPU",
            )
