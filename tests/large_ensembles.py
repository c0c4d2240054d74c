"""Ensembles of a shape and a size: what a program writes, or somebody who wants a reader of it to take for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Maps = Sequence[tuple[str, str]]
Step = tuple[str, Maps, Maps]
"""A model's name, and the pairs of its input_map and output_map."""


def write(root: Path, shape: str, size: int) -> None:
    """Write a repository of one of the ``SHAPES``."""
    SHAPES[shape](root, size)


def _tensors(kind: str, names: Iterable[str]) -> str:
    blocks = ", ".join(f'{{ name: "{name}" data_type: TYPE_FP32 dims: [ 1 ] }}' for name in names)
    return f"{kind} [ {blocks} ]\n"


def _leaf(root: Path, inputs: int = 1, outputs: int = 1) -> None:
    version = root / "leaf" / "1"
    version.mkdir(parents=True)
    version.joinpath("model.py").write_text(
        "class TritonPythonModel:\n    def execute(self, requests):\n        return [None for _ in requests]\n"
    )
    text = 'backend: "python"\n' + _tensors("input", (f"I{i}" for i in range(inputs)))
    root.joinpath("leaf", "config.pbtxt").write_text(text + _tensors("output", (f"O{i}" for i in range(outputs))))


def _ensemble(
    root: Path, name: str, steps: Iterable[Step], inputs: Sequence[str] = ("X",), outputs: Sequence[str] = ("Y",)
) -> None:
    root.joinpath(name, "1").mkdir(parents=True)
    lines = []
    for model, read, made in steps:
        maps = [f'input_map {{ key: "{key}" value: "{value}" }}' for key, value in read]
        maps += [f'output_map {{ key: "{key}" value: "{value}" }}' for key, value in made]
        lines.append(f'  {{ model_name: "{model}" model_version: -1 {" ".join(maps)} }}')
    scheduling = "ensemble_scheduling {{ step [\n{}\n] }}\n".format(",\n".join(lines))
    text = f'platform: "ensemble"\n{_tensors("input", inputs)}{_tensors("output", outputs)}{scheduling}'
    root.joinpath(name, "config.pbtxt").write_text(text)


def _chain(root: Path, size: int) -> None:
    _leaf(root)
    _ensemble(root, "e0", [("leaf", [("I0", "X")], [("O0", "Y")])])
    for i in range(1, size):
        _ensemble(root, f"e{i}", [(f"e{i - 1}", [("X", "X")], [("Y", "Y")])])


def _doubled_chain(root: Path, size: int) -> None:
    _leaf(root)
    _ensemble(root, "e0", [("leaf", [("I0", "X")], [("O0", "Y")])])
    for i in range(1, size):
        steps = [(f"e{i - 1}", [("X", "X")], [("Y", "t")]), (f"e{i - 1}", [("X", "t")], [("Y", "Y")])]
        _ensemble(root, f"e{i}", steps)


def _circle(root: Path, size: int) -> None:
    for i in range(size):
        _ensemble(root, f"e{i}", [(f"e{(i + 1) % size}", [("X", "X")], [("Y", "Y")])])


def _row(root: Path, size: int) -> None:
    _leaf(root)
    names = ["X", *(f"t{i}" for i in range(1, size)), "Y"]
    _ensemble(root, "e", [("leaf", [("I0", names[i])], [("O0", names[i + 1])]) for i in range(size)])


def _waiting(root: Path, size: int) -> None:
    _leaf(root, inputs=2)
    steps: list[Step] = [("leaf", [("I0", f"t{(i - 1) % size}"), ("I1", "X")], [("O0", f"t{i}")]) for i in range(size)]
    _ensemble(root, "e", [*steps, ("leaf", [("I0", "t0"), ("I1", "X")], [("O0", "Y")])])


def _dense(root: Path, size: int) -> None:
    _leaf(root, inputs=size, outputs=size)
    inputs, outputs = [f"x{j}" for j in range(size)], [f"y{j}" for j in range(size)]
    between = [inputs, *([f"t{i}_{j}" for j in range(size)] for i in range(1, size)), outputs]
    steps: list[Step] = [
        ("leaf", [(f"I{j}", t) for j, t in enumerate(between[i])], [(f"O{j}", t) for j, t in enumerate(between[i + 1])])
        for i in range(size)
    ]
    _ensemble(root, "e", steps, inputs, outputs)


SHAPES: dict[str, Callable[[Path, int], None]] = {
    "a chain that names each link twice": _doubled_chain,
    "a chain": _chain,
    "a circle": _circle,
    "one ensemble in a row": _row,
    "steps that wait for each other": _waiting,
    "every output into every input": _dense,
}
"""How the ensembles of a repository use models and each other, and what writes so many of them, or of their steps."""
