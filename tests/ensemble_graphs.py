"""Members for ensembles, and random graphs over them: good ones and broken ones, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Tensor = tuple[str, str, tuple[int, ...]]
"""Name, data type, dims."""

MODEL = '''
import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Every output is the sum of the inputs, the second with its sign changed."""

    def initialize(self, args):
        self.config = json.loads(args["model_config"])
        self.types = [pb_utils.triton_string_to_numpy(t["data_type"]) for t in self.config["output"]]

    def execute(self, requests):
        answers = [self.answer(request) for request in requests]
        if not self.config.get("model_transaction_policy", {}).get("decoupled"):
            return answers
        for request, answer in zip(requests, answers):
            sender = request.get_response_sender()
            sender.send(answer)
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        return None

    def answer(self, request):
        total = sum(tensor.as_numpy() for tensor in request.inputs())
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor(output["name"], (total if i == 0 else -total).astype(kind))
                for i, (output, kind) in enumerate(zip(self.config["output"], self.types))
            ]
        )
'''


@dataclass(frozen=True)
class Member:
    """A model of the repository, as its configuration has it."""

    name: str
    batch: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    optional: frozenset[str] = frozenset()
    decoupled: bool = False


def _member(name: str, batch: int, inputs: str, outputs: str, **more: object) -> Member:
    def read(text: str) -> tuple[Tensor, ...]:
        parts = [one.split(":") for one in text.split()]
        return tuple((n, t, tuple(int(d) for d in dims.split(","))) for n, t, dims in parts)

    return Member(name, batch, read(inputs), read(outputs), **more)  # type: ignore[arg-type]


MEMBERS = (
    _member("same", 8, "x:FP32:4", "y:FP32:4"),
    _member("any", 6, "x:FP32:-1", "y:FP32:-1"),
    _member("add", 8, "a:FP32:4 b:FP32:4", "sum:FP32:4"),
    _member("add.plain", 0, "a:FP32:-1,4 b:FP32:-1,4", "sum:FP32:-1,4"),
    _member("plus", 4, "a:FP32:4 b:FP32:4", "sum:FP32:4", optional=frozenset("b")),
    _member("count", 8, "x:FP32:4", "n:INT32:4"),
    _member("float", 8, "n:INT32:4", "x:FP32:4"),
    _member("split", 8, "x:FP32:4", "y:FP32:4 z:FP32:4"),
    _member("wide", 8, "x:FP32:8", "y:FP32:8"),
    _member("item", 0, "x:FP32:4", "y:FP32:4"),
    _member("stream", 8, "x:FP32:4", "y:FP32:4", decoupled=True),
)


def write_members(repository: Path, members: tuple[Member, ...] = MEMBERS) -> None:
    """Each member as a python model."""
    for member in members:
        folder = repository / member.name
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "model.py").write_text(MODEL)
        lines = ['backend: "python"', f"max_batch_size: {member.batch}"]
        if member.decoupled:
            lines.append("model_transaction_policy { decoupled: true }")
        for side, tensors in (("input", member.inputs), ("output", member.outputs)):
            for name, kind, dims in tensors:
                optional = " optional: true" if side == "input" and name in member.optional else ""
                lines.append(f'{side} {{ name: "{name}" data_type: TYPE_{kind} dims: {list(dims)}{optional} }}')
        (folder / "config.pbtxt").write_text("\n".join(lines) + "\n")


Port = tuple[int, str]
"""A step by its number, and a tensor of it."""


@dataclass
class Graph:
    """Steps, and what feeds each input of theirs: a port of another step, or the name of an ensemble's input.

    ``batch`` is what is asked for, ``None`` for the largest; ``defect`` says what was broken, if anything.
    """

    steps: list[Member]
    sources: dict[Port, Port | str] = field(default_factory=dict)
    batch: int | None = None
    defect: str = ""
    names: dict[int, str] = field(default_factory=dict)

    def tensor(self, port: Port, side: str) -> Tensor | None:
        """The tensor at a port; ``None`` where the model has none of that name."""
        tensors = self.steps[port[0]].inputs if side == "input" else self.steps[port[0]].outputs
        return next((t for t in tensors if t[0] == port[1]), None)

    def options(self) -> list[str]:
        """What ``tk add`` is told."""
        steps = ",".join(f"s{i}={self.names.get(i, member.name)}" for i, member in enumerate(self.steps))
        options = ["--ensemble", steps]
        for (i, name), source in self.sources.items():
            origin = source if isinstance(source, str) else f"s{source[0]}.{source[1]}"
            options += ["--map", f"s{i}.{name}={origin}"]
        return options if self.batch is None else [*options, "--max-batch-size", str(self.batch)]

    def config(self) -> str:
        """The same ensemble in config.pbtxt, written without tk's help."""
        batching = [m.batch for m in self.steps if m.batch]
        batch = 0 if not batching or any(m.name == "item" for m in self.steps) else min(batching)
        if self.batch is not None:
            batch = self.batch
        read = set(self.sources.values())
        lines = ['platform: "ensemble"', f"max_batch_size: {batch}"]
        for name in dict.fromkeys(s for s in self.sources.values() if isinstance(s, str)):
            port = next(p for p, s in self.sources.items() if s == name)
            lines.append(self._declared("input", name, port, "input", batch))
        steps = []
        for i, member in enumerate(self.steps):
            inputs = {n: s for (j, n), s in self.sources.items() if j == i}
            outputs = {name for j, name in (s for s in read if not isinstance(s, str)) if j == i}
            for name, _, _ in member.outputs:
                if (i, name) not in read:
                    lines.append(self._declared("output", f"s{i}.{name}", (i, name), "output", batch))
                    outputs.add(name)
            maps = [f'input_map {{ key: "{n}" value: "{_text(s)}" }}' for n, s in inputs.items()]
            maps += [f'output_map {{ key: "{n}" value: "s{i}.{n}" }}' for n in sorted(outputs)]
            name = self.names.get(i, member.name)
            model, _, version = name.partition("@")
            steps.append(f'{{ model_name: "{model}" model_version: {version or -1} {" ".join(maps)} }}')
        lines.append(f"ensemble_scheduling {{ step [ {', '.join(steps)} ] }}")
        return "\n".join(lines) + "\n"

    def _declared(self, side: str, name: str, port: Port, of: str, batch: int) -> str:
        _, kind, dims = self.tensor(port, of) or ("", "FP32", (4,))
        if batch and not self.steps[port[0]].batch:
            dims = dims[1:]
        return f'{side} {{ name: "{name}" data_type: TYPE_{kind} dims: {list(dims)} }}'


def _text(source: Port | str) -> str:
    return source if isinstance(source, str) else f"s{source[0]}.{source[1]}"


def _fits(graph: Graph, source: Port, end: Port) -> bool:
    """Whether the types are equal and the shapes with the batch agree."""
    one, other = graph.tensor(source, "output"), graph.tensor(end, "input")
    assert one is not None
    assert other is not None
    shapes = [
        (-1, *tensor[2]) if graph.steps[port[0]].batch else tensor[2] for tensor, port in ((one, source), (other, end))
    ]
    return one[1] == other[1] and _agree(*shapes)


def _agree(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(one) == len(other) and all(a == b or -1 in (a, b) for a, b in zip(one, other, strict=True))


def good_graph(random_: random.Random, members: list[Member]) -> Graph:
    """A graph of two to six steps that a server takes."""
    items = random_.random() < 0.3
    usable = [m for m in members if not m.decoupled and (m.name != "add.plain" if items else m.name != "item")]
    graph = Graph([random_.choice(usable) for _ in range(random_.randint(2, 6))])
    for i, member in enumerate(graph.steps):
        for name, kind, dims in member.inputs:
            if name in member.optional and random_.random() < 0.5:
                continue
            end = (i, name)
            earlier = [(j, t[0]) for j in range(i) for t in graph.steps[j].outputs]
            fitting = (
                [port for port in earlier if _fits(graph, port, end)]
                if not items
                else [p for p in earlier if (t := graph.tensor(p, "output")) and t[1:] == (kind, dims)]
            )
            shape = dims if member.batch else dims[1:] if member.name == "add.plain" else dims
            outside = f"in_{kind}_{'x'.join(map(str, shape)).replace('-1', 'n')}"
            graph.sources[end] = random_.choice([*fitting, *fitting, outside])
    return graph


def _misfitting(graph: Graph, other: str) -> Iterator[tuple[Port, Port]]:
    for end in graph.sources:
        for j, step in enumerate(graph.steps[: end[0]]):
            for name, kind, dims in step.outputs:
                wanted = graph.tensor(end, "input")
                assert wanted is not None
                misfit = kind != wanted[1] if other == "type" else kind == wanted[1] and not _agree(dims, wanted[2])
                if misfit and not _fits(graph, (j, name), end):
                    yield end, (j, name)


def break_type_or_shape(graph: Graph, random_: random.Random, other: str) -> bool:
    """Feed an input from a step whose output has another type, or another shape."""
    found = list(_misfitting(graph, other))
    if found:
        end, source = random_.choice(found)
        graph.sources[end] = source
    return bool(found)


def break_order(graph: Graph, random_: random.Random) -> bool:
    """Let a step wait for one that waits for it."""
    wires = [(e, s) for e, s in graph.sources.items() if not isinstance(s, str)]
    random_.shuffle(wires)
    for (later, _), source in wires:
        for end in [e for e in graph.sources if e[0] == source[0]]:
            for name, _, _ in graph.steps[later].outputs:
                if _fits(graph, (later, name), end):
                    graph.sources[end] = (later, name)
                    return True
    return False


def break_names(graph: Graph, random_: random.Random, what: str) -> bool:
    """Name a model, a version, an input or an output that is not there."""
    i = random_.randrange(len(graph.steps))
    if what == "model":
        graph.names[i] = "nobody"
    elif what == "version":
        graph.names[i] = f"{graph.steps[i].name}@7"
    elif what == "input":
        graph.sources[(i, "nothing")] = "in_FP32_4"
        graph.sources.setdefault((0, graph.steps[0].inputs[0][0]), "in_FP32_4")
    else:
        ends = [e for e in graph.sources if e[0] > 0]
        graph.sources[random_.choice(ends)] = (0, "nothing")
    return True


def break_batch(graph: Graph, random_: random.Random) -> bool:
    """Ask for a larger batch than a step takes."""
    sizes = [m.batch for m in graph.steps if m.batch]
    if not sizes or any(m.name == "item" for m in graph.steps):
        return False
    graph.batch = min(sizes) + random_.randint(1, 3)
    return True


def break_stream(graph: Graph, members: list[Member]) -> bool:
    """Join a decoupled model's answers with other tensors."""
    stream = next(m for m in members if m.decoupled)
    add = next(m for m in members if m.name == "add")
    graph.steps = [stream, add]
    graph.sources = {(0, "x"): "in_FP32_4", (1, "a"): (0, "y"), (1, "b"): "in_FP32_4"}
    return True


DEFECTS = ("type", "shape", "order", "model", "version", "input", "output", "batch", "stream")


def graphs(seed: int, count: int, members: list[Member]) -> list[Graph]:
    """So many graphs, each second one broken, each defect in its turn."""
    random_ = random.Random(seed)
    found: list[Graph] = []
    while len(found) < count:
        graph = good_graph(random_, members)
        if len(found) % 2:
            defect = DEFECTS[len(found) // 2 % len(DEFECTS)]
            if defect in ("type", "shape"):
                broken = break_type_or_shape(graph, random_, defect)
            elif defect == "order":
                broken = break_order(graph, random_)
            elif defect == "batch":
                broken = break_batch(graph, random_)
            elif defect == "stream":
                broken = break_stream(graph, members)
            else:
                broken = break_names(graph, random_, defect)
            if not broken:
                continue
            graph.defect = defect
        found.append(graph)
    return found
