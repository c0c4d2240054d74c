"""Rules about what an instance group sets for TensorRT alone: optimization profiles and secondary devices."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.instances import groups
from triton_kit.model.model import Model
from triton_kit.model.version import leading_integer


@rule(Severity.ERROR, about=("profile",))
def profile_elsewhere(model: Model) -> Iterator[Problem]:
    """A group names optimization profiles, and the model is none of TensorRT.

    (core model_config_utils.cc:ValidateInstanceGroup.)

    Server says:

        specifies profile field which is only supported for TensorRT models

    Bad:

        instance_group [ { profile: [ "0" ] } ]

    Good:

        platform: "tensorrt_plan"
        instance_group [ { profile: [ "0" ] } ]
    """
    if model.platform != "tensorrt_plan" and not model.detected.undeterminable:
        for i, group in groups(model):
            if group.profile:
                yield Problem(
                    at=("instance_group", i, "profile"),
                    message="profile is for TensorRT models only",
                    help="leave it out",
                )


@rule(Severity.ERROR, platform="tensorrt_plan")
def bad_profile(model: Model) -> Iterator[Problem]:
    """An optimization profile is not the number of one.

    It must begin with a number that is not negative; one beyond 32 bits aborts the server (core
    model_config_utils.cc:GetProfileIndex).

    Server says:

        profile name must not be empty
        unable to parse '
        specifies invalid profile
        std::out_of_range

    Bad:

        platform: "tensorrt_plan"
        instance_group [ { profile: [ "first" ] } ]

    Good:

        platform: "tensorrt_plan"
        instance_group [ { profile: [ "0" ] } ]
    """
    for i, group in groups(model):
        for j, profile in enumerate(group.profile):
            number = leading_integer(profile)
            at = ("instance_group", i, "profile", j)
            if number is not None and not -(2**31) <= number < 2**31:
                yield Problem(
                    at=at,
                    message=f"kills the server: the profile '{profile}' is beyond 32 bits",
                    help="write the profile's number",
                )
            elif number is None or number < 0:
                yield Problem(
                    at=at,
                    message=f"the profile '{profile}' is not the number of one",
                    help="write the profile's number",
                )


@rule(Severity.ERROR, about=("instance_group",), backend="tensorrt")
def secondary_device(model: Model) -> Iterator[Problem]:
    """A TensorRT group has more than one secondary device, or one of an undefined kind.

    (tensorrt tensorrt_model_instance.cc.)

    Server says:

        must have either zero or

    Bad:

        backend: "tensorrt"
        instance_group [ { secondary_devices [
          { kind: KIND_NVDLA device_id: 0 }, { kind: KIND_NVDLA device_id: 1 } ] } ]

    Good:

        backend: "tensorrt"
        instance_group [ { secondary_devices [ { kind: KIND_NVDLA device_id: 0 } ] } ]
    """
    for i, group in enumerate(model.config.instance_group):
        at = ("instance_group", i, "secondary_devices")
        if len(group.secondary_devices) > 1:
            yield Problem(at=at, message=f"{len(group.secondary_devices)} secondary devices", help="keep one of them")
        elif any(device.kind != "KIND_NVDLA" for device in group.secondary_devices):
            yield Problem(at=(*at, 0, "kind"), message="a secondary device of no kind", help="write KIND_NVDLA")
