"""Whatever models are put one after the other: what feeds an input fits it, and comes from before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from triton_kit.scaffold.ensemble.assembly import wire
from triton_kit.scaffold.ensemble.matching import connect, plain
from triton_kit.scaffold.ensemble.value import End, Member, Port, Step

PORTS = st.builds(
    Port,
    name=st.sampled_from("abc"),
    data_type=st.sampled_from(("TYPE_FP32", "TYPE_INT64")),
    dims=st.sampled_from(((4,), (-1,), (2, 2))),
    optional=st.booleans(),
)


@st.composite
def chains(draw):
    steps = []
    for i in range(draw(st.integers(1, 4))):
        inputs = draw(st.lists(PORTS, min_size=1, max_size=2, unique_by=lambda p: p.name))
        outputs = draw(st.lists(PORTS, min_size=1, max_size=2, unique_by=lambda p: p.name))
        member = Member(name=f"m{i}", max_batch_size=0, inputs=tuple(inputs), outputs=tuple(outputs))
        steps.append(Step(label=f"m{i}", member=member))
    return steps


@given(chains())
def test_every_input_is_fed_by_what_fits_it_or_asked_about(steps):
    wires = connect(steps, {})
    order = {step.label: i for i, step in enumerate(steps)}
    outputs = {End(s.label, p.name): p for s in steps for p in s.member.outputs}
    inputs = {End(s.label, p.name): p for s in steps for p in s.member.inputs}
    asked = {question.end for question in wires.questions}
    for end, source in wires.sources.items():
        assert end in inputs
        if source.step:
            assert order[source.step] < order[end.step]
            assert inputs[end].fits(outputs[source])
        else:
            assert inputs[end] in wires.opened[source.tensor]
    for ports in wires.opened.values():
        assert all(one.fits(other) for one in ports for other in ports)
    assert not asked & wires.sources.keys()
    for question in wires.questions:
        assert question.candidates[-1].step == ""
        assert all(inputs[question.end].fits(outputs[c]) for c in question.candidates[:-1])
    if not wires.conflicts:
        left = inputs.keys() - wires.sources.keys() - asked
        assert all(inputs[end].optional for end in left)


@given(chains())
def test_an_ensemble_that_is_wired_gives_each_tensor_once_and_before_it_is_read(steps):
    found = wire(steps, maps={}, exposed={})
    if found.questions or found.conflicts:
        assert not found.steps
        return
    there = {tensor.name for tensor in found.inputs}
    for step in found.steps:
        assert set(step.inputs.values()) <= there
        assert not set(step.outputs.values()) & there
        there |= set(step.outputs.values())
    assert {tensor.name for tensor in found.outputs} <= there
    assert len({tensor.name for tensor in found.outputs}) == len(found.outputs)


@given(st.sets(st.sampled_from(("x", "x_2", "x_3", "a_b"))))
def test_a_new_name_is_not_taken(taken):
    for name in ("x", "a#b"):
        found = plain(name, taken)
        assert found not in taken
        assert found == name.replace("#", "_") or name.replace("#", "_") in taken
