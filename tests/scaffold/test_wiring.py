"""How steps are wired: by name, type and shape, and what is asked or refused."""

from __future__ import annotations

from typing import Any

import pytest

from triton_kit.scaffold.ensemble.assembly import wire
from triton_kit.scaffold.ensemble.value import End, Member, Port, Step, Wiring


def step(label: str, inputs: str, outputs: str, batch: int = 0, *, decoupled: bool = False) -> Step:
    """A step; tensors as ``name:TYPE:1,2``, optional ones with a question mark."""

    def read(text: str) -> tuple[Port, ...]:
        parts = [one.split(":") for one in text.split()]
        return tuple(
            Port(
                name=name.rstrip("?"),
                data_type=f"TYPE_{kind}",
                dims=tuple(int(d) for d in dims.split(",")),
                batching=batch > 0,
                optional=name.endswith("?"),
            )
            for name, kind, dims in parts
        )

    member = Member(name=label, max_batch_size=batch, inputs=read(inputs), outputs=read(outputs), decoupled=decoupled)
    return Step(label=label, member=member)


def wired(*steps: Step, **more: Any) -> Wiring:
    return wire(steps, **{"maps": {}, "exposed": {}, **more})


def maps_of(wiring: Wiring) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    assert not wiring.questions
    assert not wiring.conflicts
    return [(s.model, s.inputs, s.outputs) for s in wiring.steps]


PREPROCESSING = step("prep", "raw:UINT8:-1", "image:FP32:3,8,8", 16)
CLASSIFIER = step("classifier", "image:FP32:3,8,8", "scores:FP32:10", 8)


def test_names_types_and_shapes_make_a_chain() -> None:
    found = wired(PREPROCESSING, CLASSIFIER)
    assert maps_of(found) == [
        ("prep", {"raw": "raw"}, {"image": "image"}),
        ("classifier", {"image": "image"}, {"scores": "scores"}),
    ]
    assert found.max_batch_size == 8
    assert [(t.name, t.dims) for t in (*found.inputs, *found.outputs)] == [("raw", (-1,)), ("scores", (10,))]


def test_other_names_go_by_type_and_shape() -> None:
    found = wired(PREPROCESSING, step("c", "pixels:FP32:3,8,8", "scores:FP32:10", 8))
    assert maps_of(found)[1] == ("c", {"pixels": "image"}, {"scores": "scores"})


def test_one_output_and_one_input_may_feed_many() -> None:
    found = wired(PREPROCESSING, CLASSIFIER, step("embed", "image:FP32:3,8,8", "vector:FP32:4", 8))
    assert [s.inputs for s in found.steps[1:]] == [{"image": "image"}] * 2
    found = wired(step("a", "x:FP32:4", "y:INT32:4"), step("b", "x:FP32:4", "z:INT64:4"))
    assert [t.name for t in found.inputs] == ["x"]
    assert [t.name for t in found.outputs] == ["y", "z"]


def test_the_last_step_of_a_chain_has_the_last_word_on_a_name() -> None:
    resize, flip = (step(n, "image:FP32:4", "image:FP32:4") for n in ("resize", "flip"))
    found = wired(resize, flip, step("c", "image:FP32:4", "scores:FP32:2"))
    assert [s.inputs["image"] for s in found.steps] == ["image", "resize_image", "flip_image"]
    assert [t.name for t in found.outputs] == ["scores"]


def test_what_is_ambiguous_is_asked_with_every_candidate() -> None:
    found = wired(
        step("a", "p:FP32:4", "y:FP32:4"), step("b", "q:INT8:4", "z:FP32:4"), step("c", "x:FP32:4", "o:FP32:2")
    )
    [question] = found.questions
    assert (str(question.end), [str(c) for c in question.candidates]) == ("c.x", ["a.y", "b.z", "x"])
    assert not found.steps


def test_an_output_that_fits_two_inputs_of_a_step_is_asked_about() -> None:
    found = wired(step("a", "p:FP32:4", "y:FP32:4"), step("add", "l:FP32:4 r:FP32:4", "sum:FP32:4"))
    assert [str(q.end) for q in found.questions] == ["add.l", "add.r"]


def test_an_input_of_the_ensemble_of_the_same_name_is_a_candidate_too() -> None:
    found = wired(step("a", "x:FP32:4", "y:FP32:4"), step("b", "x:FP32:4", "z:FP32:4"))
    assert [str(c) for c in found.questions[0].candidates] == ["a.y", "x"]
    answered = wired(
        step("a", "x:FP32:4", "y:FP32:4"), step("b", "x:FP32:4", "z:FP32:4"), maps={End("b", "x"): End("", "x")}
    )
    assert [t.name for t in answered.outputs] == ["y", "z"]


def test_optional_inputs_are_fed_by_name_alone() -> None:
    a = step("a", "p:FP32:4", "y:FP32:4")
    assert maps_of(wired(a, step("b", "y:FP32:4 m?:FP32:4", "z:FP32:4")))[1][1] == {"y": "y"}
    assert maps_of(wired(a, step("b", "y?:FP32:4", "z:FP32:4")))[1][1] == {"y": "y"}
    [conflict] = wired(step("b", "m?:FP32:4", "z:FP32:4")).conflicts
    assert conflict.hint == "feed one: --map b.m=m"


def test_a_name_of_another_type_is_no_wire() -> None:
    [conflict] = wired(PREPROCESSING, step("c", "image:FP16:3,8,8", "scores:FP32:10", 8)).conflicts
    assert conflict.message == "c.image is FP16 [-1, 3, 8, 8], and prep.image is FP32 [-1, 3, 8, 8]: the type differs"


def test_a_step_that_nothing_fits_would_stand_apart() -> None:
    [conflict] = wired(PREPROCESSING, step("c", "words:STRING:1", "scores:FP32:10", 8)).conflicts
    assert "c would not be connected: nothing fits c.words, STRING [-1, 1]" in conflict.message
    apart = wired(
        PREPROCESSING, step("c", "words:STRING:1", "s:FP32:10", 8), maps={End("c", "words"): End("", "words")}
    )
    assert [t.name for t in apart.inputs] == ["raw", "words"]


def test_steps_that_wait_for_each_other_are_refused() -> None:
    steps = (step("a", "x:FP32:4", "y:FP32:4"), step("b", "x:FP32:4", "y:FP32:4"))
    found = wired(*steps, maps={End("a", "x"): End("b", "y"), End("b", "x"): End("a", "y")})
    assert found.conflicts[0].message == "a, b wait for each other: no step can be the first of them"


def test_a_step_may_stand_before_what_it_waits_for() -> None:
    steps = (step("late", "x:FP32:4", "y:INT8:4"), step("early", "q:INT32:4", "x:FP32:4"))
    found = wired(*steps, maps={End("late", "x"): End("early", "x")})
    assert [s.model for s in found.steps] == ["early", "late"]


@pytest.mark.parametrize(
    ("plain", "size", "dims"),
    [
        # A first dimension of any size takes the batch.
        (step("n", "x:FP32:-1,4", "y:FP32:-1,4"), 8, [(4,), (4,)]),
        # One item at a time: the ensemble takes items.
        (step("n", "x:FP32:4", "y:FP32:4"), 0, [(4,), (4,)]),
    ],
)
def test_models_with_and_without_batches(plain: Step, size: int, dims: list[tuple[int, ...]]) -> None:
    found = wired(step("b", "p:FP32:4", "x:FP32:4", 8), plain)
    assert found.max_batch_size == size
    assert [t.dims for t in (*found.inputs, *found.outputs)] == dims


def test_a_smaller_batch_can_be_asked_for_and_a_larger_one_cannot() -> None:
    assert wired(PREPROCESSING, CLASSIFIER, max_batch_size=2).max_batch_size == 2
    complete = wired(PREPROCESSING, CLASSIFIER, max_batch_size=0)
    assert [t.dims for t in (*complete.inputs, *complete.outputs)] == [(-1, -1), (-1, 10)]
    [conflict] = wired(PREPROCESSING, CLASSIFIER, max_batch_size=9).conflicts
    assert conflict.message == "--max-batch-size 9: classifier takes batches of up to 8"


def test_answers_of_a_decoupled_model_are_joined_with_nothing_else() -> None:
    stream = step("stream", "x:FP32:4", "y:FP32:4", decoupled=True)
    assert not wired(stream, step("a", "y:FP32:4", "z:FP32:4")).conflicts
    [conflict] = wired(stream, step("a", "y:FP32:4 k:INT8:4", "z:FP32:4")).conflicts
    assert "a joins answers of stream, which is decoupled" in conflict.message
    both = wired(step("a", "x:FP32:4", "x:FP32:4 rest:FP32:2"), stream)
    assert "the outputs join answers of stream" in both.conflicts[0].message
    assert not wired(
        step("a", "x:FP32:4", "x:FP32:4 rest:FP32:2"), stream, hidden=frozenset({End("a", "rest")})
    ).conflicts


def test_outputs_can_be_shown_renamed_and_hidden() -> None:
    found = wired(PREPROCESSING, CLASSIFIER, exposed={End("prep", "image"): "picture"})
    assert [t.name for t in found.outputs] == ["picture", "scores"]
    assert found.steps[1].inputs == {"image": "picture"}
    [conflict] = wired(PREPROCESSING, CLASSIFIER, hidden=frozenset({End("classifier", "scores")})).conflicts
    assert conflict.message == "classifier gives nothing: no step reads it, and all of it is hidden"


def test_the_same_name_for_different_tensors_becomes_two_inputs() -> None:
    steps = (step("a", "x:FP32:4 k:INT8:1", "y:INT32:4"), step("b", "y:INT32:4 k:INT64:1", "z:FP32:4"))
    assert [(t.name, t.data_type) for t in wired(*steps).inputs] == [
        ("x", "TYPE_FP32"),
        ("k", "TYPE_INT8"),
        ("b_k", "TYPE_INT64"),
    ]
