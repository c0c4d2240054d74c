"""Which models an ensemble's steps lead to: the same as by walking from each, and without a walk from each."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from triton_kit.model.ensemble import is_decoupled, reached_from
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository

LEAF = 'backend: "onnxruntime"\n'
STREAM = f"{LEAF}model_transaction_policy {{ decoupled: true }}\n"


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str] | bool]:
    """Ensembles with the names of their members, circles included, and leaves with whether they stream."""
    names = [f"e{i}" for i in range(draw(st.integers(1, 7)))]
    leaves = [f"l{i}" for i in range(draw(st.integers(1, 3)))]
    members = st.lists(st.sampled_from([*names, *leaves, "missing"]), max_size=4)
    return {**{name: draw(members) for name in names}, **{leaf: draw(st.booleans()) for leaf in leaves}}


def written(folder: str, graph: dict[str, list[str] | bool]) -> Repository:
    for name, what in graph.items():
        directory = Path(folder, name)
        directory.mkdir()
        if isinstance(what, list):
            steps = "".join(f'step {{ model_name: "{member}" model_version: -1 }}\n' for member in what)
            text = f'platform: "ensemble"\nensemble_scheduling {{\n{steps}}}\n'
        else:
            text = STREAM if what else LEAF
        directory.joinpath("config.pbtxt").write_text(text)
    return Repository(folder)


def led_to(graph: dict[str, list[str] | bool], start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        what = graph[todo.pop()]
        new = {name for name in what if name in graph} - found if isinstance(what, list) else set()
        found |= new
        todo += new
    return found


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_each_question_is_answered_as_by_a_walk_from_each_model(graph: dict[str, list[str] | bool]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = written(folder, graph)
        models: dict[str, Model] = repository.models
        ensembles = repository.ensembles
        closed = {name for name in graph if name in led_to(graph, name)}
        for name, model in models.items():
            reached = led_to(graph, name)
            assert {one.name for one in reached_from(model).values()} == reached
            assert ensembles.uses_itself(model) == (name in closed)
            first = ensembles.first_closed(model)
            assert (first.name if first else None) == min(({name} | reached) & closed, default=None)
            assert is_decoupled(model) == any(graph[one] is True for one in {name} | reached)
            for other, behind in models.items():
                both = other in reached and name in led_to(graph, other)
                assert ensembles.use_each_other(model, behind) == (both or name == other)


def test_three_thousand_ensembles_in_a_row_need_no_nested_calls(tmp_path: Path) -> None:
    graph: dict[str, list[str] | bool] = {f"e{i}": [f"e{i + 1}"] for i in range(3000)}
    graph["e3000"] = True
    repository = written(str(tmp_path), graph)
    first = repository.models["e0"]
    assert is_decoupled(first)
    assert not repository.ensembles.uses_itself(first)
    assert len(reached_from(first)) == 3000
