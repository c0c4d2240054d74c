"""Rules about the queue of the dynamic batcher: priorities, order and delays."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


@rule(Severity.ERROR, about=("dynamic_batching",))
def default_priority_out_of_range(model: Model) -> Iterator[Problem]:
    """The default priority level is none of the levels.

    With priority_levels set it must be one of them, and there is no default (core
    model_config_utils.cc:ValidateModelConfig).

    Server says:

        default priority level must be in range [1,

    Bad:

        max_batch_size: 8
        dynamic_batching { priority_levels: 3 }

    Good:

        max_batch_size: 8
        dynamic_batching { priority_levels: 3 default_priority_level: 2 }
    """
    dynamic = model.config.dynamic_batching
    if dynamic.priority_levels and not 1 <= dynamic.default_priority_level <= dynamic.priority_levels:
        yield Problem(
            at=("dynamic_batching", "default_priority_level"),
            message=f"default_priority_level {dynamic.default_priority_level} is none of the levels 1 to"
            f" {dynamic.priority_levels}",
            help=f"write a level from 1 to {dynamic.priority_levels}",
        )


@rule(Severity.ERROR, about=("dynamic_batching",))
def priority_policy_out_of_range(model: Model) -> Iterator[Problem]:
    """A queue policy is for a priority level that does not exist.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        priority queue policy must have priority level in range [1,

    Bad:

        max_batch_size: 8
        dynamic_batching {
          priority_levels: 2 default_priority_level: 1
          priority_queue_policy { key: 3 value { max_queue_size: 4 } }
        }

    Good:

        max_batch_size: 8
        dynamic_batching {
          priority_levels: 2 default_priority_level: 1
          priority_queue_policy { key: 2 value { max_queue_size: 4 } }
        }
    """
    dynamic = model.config.dynamic_batching
    if dynamic.priority_levels:
        for level in dynamic.priority_queue_policy:
            if not 1 <= level <= dynamic.priority_levels:
                yield Problem(
                    at=("dynamic_batching", "priority_queue_policy", level),
                    message=f"the level {level} of a queue policy is none of 1 to {dynamic.priority_levels}",
                    help="remove the policy, or raise priority_levels",
                )


@rule(Severity.WARNING, about=("dynamic_batching",))
def priority_without_levels(model: Model) -> Iterator[Problem]:
    """Priorities are set up, and there are no levels.

    With priority_levels 0 neither the default level nor the policies by level have an effect (core
    model_config_utils.cc:ValidateModelConfig).

    Bad:

        max_batch_size: 8
        dynamic_batching { default_priority_level: 1 }

    Good:

        max_batch_size: 8
        dynamic_batching { priority_levels: 2 default_priority_level: 1 }
    """
    dynamic = model.config.dynamic_batching
    if dynamic.priority_levels:
        return
    for field in ("default_priority_level", "priority_queue_policy"):
        if getattr(dynamic, field):
            yield Problem(
                at=("dynamic_batching", field),
                key=True,
                message=f"{field} has no effect without priority_levels",
                help="write priority_levels",
            )


@rule(Severity.ERROR, about=("dynamic_batching",))
def ordering_with_priorities(model: Model) -> Iterator[Problem]:
    """preserve_ordering is combined with several priority levels.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        Only one priority level is allowed when 'preserve_ordering' is true

    Bad:

        max_batch_size: 8
        dynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 1 }

    Good:

        max_batch_size: 8
        dynamic_batching { priority_levels: 2 default_priority_level: 1 }
    """
    dynamic = model.config.dynamic_batching
    if dynamic.preserve_ordering and dynamic.priority_levels > 1:
        yield Problem(
            at=("dynamic_batching", "preserve_ordering"),
            key=True,
            message=f"preserve_ordering excludes {dynamic.priority_levels} priority levels",
            help="leave one of the two out",
        )


@rule(Severity.WARNING, since="25.09", until="26.09", about=("dynamic_batching",))
def ordering_not_kept(model: Model) -> Iterator[Problem]:
    """preserve_ordering is asked for in a release that does not keep the order.

    In 25.09 to 26.08 a response takes its place in the row as it arrives, not as its request began, so that responses
    overtake each other; 26.09 keeps the order again (core dynamic_batch_scheduler.cc:DelegateResponse, and the release
    notes of 2.73.0). Read in the sources, not seen on a server.

    Bad:

        -- tk validate --release 26.08
        max_batch_size: 8
        dynamic_batching { preserve_ordering: true }

    Good:

        -- tk validate --release 26.09
        max_batch_size: 8
        dynamic_batching { preserve_ordering: true }
    """
    if model.config.has("dynamic_batching") and model.config.dynamic_batching.preserve_ordering:
        yield Problem(
            at=("dynamic_batching", "preserve_ordering"),
            key=True,
            message="preserve_ordering does not hold in 25.09 to 26.08: responses come in any order",
            help="serve it with 26.09 or later, or with 25.08 or earlier",
        )


@rule(Severity.ERROR, about=("dynamic_batching",))
def ordering_with_delay(model: Model) -> Iterator[Problem]:
    """preserve_ordering is combined with a queue policy that delays requests which time out.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        can not have DELAY as timeout action when 'preserve_ordering' is true

    Bad:

        max_batch_size: 8
        dynamic_batching {
          preserve_ordering: true
          default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 100 }
        }

    Good:

        max_batch_size: 8
        dynamic_batching {
          preserve_ordering: true
          default_queue_policy { timeout_action: REJECT default_timeout_microseconds: 100 }
        }
    """
    dynamic = model.config.dynamic_batching
    if not dynamic.preserve_ordering:
        return
    policies = [(("default_queue_policy",), dynamic.default_queue_policy)] + [
        (("priority_queue_policy", level), policy) for level, policy in dynamic.priority_queue_policy.items()
    ]
    for at, policy in policies:
        if policy.timeout_action == "DELAY" and policy.default_timeout_microseconds:
            yield Problem(
                at=("dynamic_batching", *at, "timeout_action"),
                message="the timeout action DELAY breaks the order that preserve_ordering asks for",
                help="write REJECT, or leave preserve_ordering out",
            )


@rule(Severity.WARNING, about=("dynamic_batching",))
def queue_delay_of_seconds(model: Model) -> Iterator[Problem]:
    """Requests may wait for seconds, as if the unit had been mistaken.

    The delay is in microseconds and has no upper limit (common protobuf/model_config.proto:ModelDynamicBatching).

    Bad:

        max_batch_size: 8
        dynamic_batching { max_queue_delay_microseconds: 5000000 }

    Good:

        max_batch_size: 8
        dynamic_batching { max_queue_delay_microseconds: 500 }
    """
    delay = model.config.dynamic_batching.max_queue_delay_microseconds
    if delay >= 1_000_000:
        yield Problem(
            at=("dynamic_batching", "max_queue_delay_microseconds"),
            message=f"a queue delay of {delay} microseconds is {delay / 1e6:g} seconds",
            help="write microseconds: 1000 are a millisecond",
        )
