"""A wrong key after --set is answered with the key that was meant, wherever in the configuration it is."""

from __future__ import annotations

import pytest

from triton_kit.errors import UsageError
from triton_kit.project.setting_paths import refuse_unknown_settings
from triton_kit.project.templates import Templates
from triton_kit.project.values import parse_settings

TEMPLATE = Templates().get("onnxruntime")

MEANT = {
    "dynamic_batching.max_delay=3": "dynamic_batching.max_queue_delay_microseconds",
    "max_queue_delay_microseconds=3": "dynamic_batching.max_queue_delay_microseconds",
    "dynamic_batch.preferred_batch_size=[3]": "dynamic_batching.preferred_batch_size",
    "dynamic_batching={max_delay: 3}": "dynamic_batching.max_queue_delay_microseconds",
    "values.max_batch_size=3": "max_batch_size",
    "max_batchsize=3": "max_batch_size",
    "count=2": "instance_group.0.count",
    "instance_group.1.kin=KIND_CPU": "instance_group.1.kind",
    "input.0.dim=[3]": "input.0.dims",
    "config.level=1": "config.optimization.graph.level",
    "config.optimisation.graph.level=1": "config.optimization.graph.level",
    "config.optimization.grap.level=1": "config.optimization.graph.level",
    "config.dynamic_batching.max_queue_delay=3": "dynamic_batching.max_queue_delay_microseconds",
    "config.response_cach.enable=true": "config.response_cache.enable",
}


@pytest.mark.parametrize("setting", MEANT)
def test_a_wrong_key_leads_to_the_nearest(setting: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unknown_settings(parse_settings([setting]), TEMPLATE)
    assert caught.value.hint == f"did you mean {MEANT[setting]}?"
    # What is named can be set.
    refuse_unknown_settings(parse_settings([f"{MEANT[setting]}=1"]), TEMPLATE)


def test_the_message_begins_with_what_was_typed_and_names_the_wrong_part() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unknown_settings(parse_settings(["config.optimization.grap.level=1"]), TEMPLATE)
    assert caught.value.message == "--set config.optimization.grap.level: grap is not a field of optimization"


def test_what_is_near_to_nothing_gets_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unknown_settings(parse_settings(["config.zzzzzzzz=1"]), TEMPLATE)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("set one of max_batch_size, input, output, ")
    assert caught.value.hint.endswith(", or config.FIELD")


@pytest.mark.parametrize(
    "setting",
    [
        "max_batch_size=8",
        "input.0.dims=[3]",
        "instance_group=[{count: 2}]",
        "dynamic_batching=null",
        "dynamic_batching=3",
        "config.parameters.any.string_value=x",
        "config.optimization.cuda.graphs=true",
        "config.sequence_batching={oldest: {}}",
    ],
)
def test_keys_that_there_are_pass(setting: str) -> None:
    refuse_unknown_settings(parse_settings([setting]), TEMPLATE)


@pytest.mark.parametrize("name", Templates().names())
def test_every_value_of_every_template_can_be_set(name: str) -> None:
    template = Templates().get(name)
    for value in template.values or {}:
        refuse_unknown_settings({"values": {value: None}}, template)


def test_a_template_that_takes_anything_is_not_judged() -> None:
    from dataclasses import replace

    refuse_unknown_settings(parse_settings(["whatever=1"]), replace(TEMPLATE, values=None))
