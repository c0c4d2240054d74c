"""The names in an ONNX graph: values that are made twice or not at all, circles, nodes of one name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from triton_kit.signature.onnx.nodes import Node


def name_faults(nodes: Sequence[Node], known: set[str], outputs: Iterable[str]) -> Iterator[str]:
    """Values that are made twice, or not at all, and circles."""
    if is_in_order(nodes, known, outputs):
        return
    makers: dict[str, int] = {}
    for i, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in makers or name in known:
                yield f"'{name}' is made twice: by {node.title} too"
            else:
                makers[name] = i
    made = known | makers.keys()
    for node in nodes:
        for name in filter(None, node.inputs):
            if name not in made:
                yield f"{node.title} takes '{name}', which nothing produces"
    yield from (f"the output '{name}' is produced by nothing" for name in outputs if name not in made)
    if (stuck := _in_cycle(nodes, makers)) is not None:
        yield f"{stuck.title} takes what it produces itself, in a cycle"


def same_names(nodes: Sequence[Node]) -> Iterator[str]:
    """Nodes of one graph with one name (graph.cc:VerifyNodeAndOpMatch); a Constant is an initializer before that."""
    names = [node.name for node in nodes if node.name and (node.domain or node.operator != "Constant")]
    if len(set(names)) < len(names):
        for name in repeated(names):
            yield f"two nodes have the name '{name}'"


def repeated(names: Sequence[str]) -> Iterator[str]:
    """The names that are there more than once, each once."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 2:
            yield name


def _in_cycle(nodes: Sequence[Node], makers: Mapping[str, int]) -> Node | None:
    """The first node that waits for what it makes itself, or for such a one; ``makers`` are the nodes by output."""
    waiting = [{makers[name] for name in node.inputs if name in makers} for node in nodes]
    takers: dict[int, list[int]] = {}
    for i, needed in enumerate(waiting):
        for maker in needed:
            takers.setdefault(maker, []).append(i)
    ready = [i for i, needed in enumerate(waiting) if not needed]
    done = 0
    while ready:
        one = ready.pop()
        done += 1
        for taker in takers.get(one, ()):
            waiting[taker].discard(one)
            if not waiting[taker]:
                ready.append(taker)
    if done == len(nodes):
        return None
    return next(node for node, needed in zip(nodes, waiting, strict=True) if needed)


def is_in_order(nodes: Sequence[Node], known: set[str], outputs: Iterable[str]) -> bool:
    """Whether every value is made once and before it is taken, as exporters write it: then there is nothing to find."""
    made = set(known)
    made.add("")
    for node in nodes:
        if not made.issuperset(node.inputs):
            return False
        for name in node.outputs:
            if name in made and name:
                return False
            made.add(name)
    return all(name and name in made for name in outputs)
