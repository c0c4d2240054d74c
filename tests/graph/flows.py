"""Repositories to draw: small models in Python, tied together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

CODE = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"

Tensor = tuple[str, str, Sequence[int]]
Step = tuple[str, dict[str, str], dict[str, str]]


def quote(text: str) -> str:
    """A string of config.pbtxt."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return (
        '"'
        + "".join(escapes.get(c) or (c if c.isprintable() else "".join(f"\\{b:03o}" for b in c.encode())) for c in text)
        + '"'
    )


def _tensors(kind: str, tensors: Sequence[Tensor]) -> str:
    rows = (f"{kind} {{ name: {quote(n)} data_type: TYPE_{t} dims: {list(dims)} }}\n" for n, t, dims in tensors)
    return "".join(rows)


def add_model(repository: Path, name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], batch: int = 8) -> Path:
    """A model in Python."""
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.py").write_text(CODE)
    text = f'backend: "python"\nmax_batch_size: {batch}\n' + _tensors("input", inputs) + _tensors("output", outputs)
    (folder / "config.pbtxt").write_text(text)
    return folder


def add_ensemble(
    repository: Path, name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], steps: Sequence[Step]
) -> Path:
    """An ensemble, right or wrong."""
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    text = 'platform: "ensemble"\nmax_batch_size: 8\n' + _tensors("input", inputs) + _tensors("output", outputs)
    text += "ensemble_scheduling {\n"
    for model, inputs_, outputs_ in steps:
        text += f"  step {{\n    model_name: {quote(model)}\n    model_version: -1\n"
        for field, entries in (("input_map", inputs_), ("output_map", outputs_)):
            text += "".join(f"    {field} {{ key: {quote(k)} value: {quote(v)} }}\n" for k, v in entries.items())
        text += "  }\n"
    (folder / "config.pbtxt").write_text(text + "}\n")
    return folder


def add_forty(repository: Path, steps: int = 40, seed: int = 3) -> Path:
    """An ensemble of many steps with branches and joints; always the same one."""
    choose = random.Random(seed)
    vector = [128]
    add_model(repository, "decode", [("image", "STRING", [1])], [("pixels", "FP32", [3, 224, 224])])
    add_model(repository, "embed", [("pixels", "FP32", [3, 224, 224])], [("vector", "FP32", vector)])
    add_model(repository, "scale", [("x", "FP32", vector)], [("y", "FP32", vector)])
    add_model(repository, "merge", [("a", "FP32", vector), ("b", "FP32", vector)], [("sum", "FP32", vector)])
    wired: list[Step] = [
        ("decode", {"image": "image"}, {"pixels": "pixels"}),
        ("embed", {"pixels": "pixels"}, {"vector": "v0"}),
        ("embed", {"pixels": "pixels"}, {"vector": "v1"}),
    ]
    unread = ["v0", "v1"]
    recent = ["v0", "v1"]
    while len(wired) < steps:
        new = f"v{len(wired)}"
        taken = [choose.choice(recent[-6:])]
        if choose.random() < 0.5:
            wired.append(("scale", {"x": taken[0]}, {"y": new}))
        else:
            taken.append(unread[0])
            wired.append(("merge", {"a": taken[0], "b": taken[1]}, {"sum": new}))
        unread = [name for name in unread if name not in taken] + [new]
        recent.append(new)
    return add_ensemble(
        repository, "forty", [("image", "STRING", [1])], [(name, "FP32", vector) for name in unread], wired
    )


def add_broken(repository: Path) -> Path:
    """An ensemble in which a model is missing, a tensor comes from nowhere, a type differs and a name is unknown."""
    add_model(repository, "decode", [("image", "STRING", [1])], [("pixels", "FP32", [3, 8, 8])])
    add_model(repository, "classify", [("pixels", "FP16", [3, 8, 8])], [("scores", "FP32", [10])])
    return add_ensemble(
        repository,
        "broken",
        [("image", "STRING", [1])],
        [("scores", "FP32", [10]), ("label", "STRING", [1])],
        [
            ("decode", {"image": "image"}, {"pixels": "pixels"}),
            ("classify", {"pixels": "pixels"}, {"scores": "scores"}),
            ("gone", {"scores": "scores", "extra": "nowhere"}, {"label": "label"}),
            ("decode", {"imag": "image"}, {"pixels": "spare"}),
        ],
    )


def add_circle(repository: Path) -> Path:
    """Two steps that wait for each other."""
    add_model(repository, "ab", [("x", "STRING", [1]), ("c", "FP32", [4])], [("y", "FP32", [4])])
    add_model(repository, "ba", [("x", "FP32", [4])], [("y", "FP32", [4]), ("z", "FP32", [3])])
    steps: list[Step] = [
        ("ab", {"x": "image", "c": "back"}, {"y": "mid"}),
        ("ba", {"x": "mid"}, {"y": "back", "z": "out"}),
    ]
    return add_ensemble(repository, "circle", [("image", "STRING", [1])], [("out", "FP32", [3])], steps)
