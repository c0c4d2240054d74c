"""The nodes of an ONNX graph, and the operators that there are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from triton_kit.resources import resource


class Node(NamedTuple):
    """A ``NodeProto``: its name, operator, and the names of its inputs, outputs and attributes.

    ``told`` is the element type that an attribute says it makes, 0 where none does.
    """

    name: str
    operator: str
    domain: str
    inputs: list[str]
    outputs: list[str]
    attributes: list[str]
    told: int = 0

    @property
    def title(self) -> str:
        """How a fault calls it."""
        return f"the node '{self.name}' ({self.operator})" if self.name else f"a node {self.operator}"


class Operator(NamedTuple):
    """An operator since a version of its domain: the least and most inputs and outputs (``None``: any number).

    ``counts`` is empty where the operator is gone from that version on. Attributes map to whether they are required.
    ``types`` are the types of inputs and outputs as the table has them, see ``onnx_types``.
    """

    since: int
    counts: tuple[int | None, ...]
    attributes: Mapping[str, bool]
    types: str


class Table(NamedTuple):
    """The newest version of a domain that is known, and the line of each operator: its versions."""

    newest: int
    lines: dict[str, str]


@cache
def tables() -> dict[str, Table]:
    """The domains that every ONNX Runtime has."""
    head, *lines = resource("signature/onnx/operators.txt").read_text(encoding="utf-8").splitlines()
    domains = {}
    for entry in head.rpartition(" ")[2].split(","):
        domain, _, newest = entry.partition("=")
        domains[domain] = Table(int(newest), {})
    for line in lines:
        domain, name, versions = line.split("\t")
        domains[domain].lines[name] = versions
    return domains


@cache
def versions_of(domain: str, name: str) -> tuple[Operator, ...]:
    """The versions of an operator, oldest first; none where there is no such operator."""
    line = tables()[domain].lines.get(name)
    return tuple(_operator(row) for row in line.split(" ")) if line else ()


def _operator(row: str) -> Operator:
    since, counts, attributes, types = row.split(":")
    limits = () if counts == "gone" else tuple(int(n) if n else None for n in counts.split(","))
    named = {name.rstrip("!"): name.endswith("!") for name in attributes.split(",") if name}
    return Operator(int(since), limits, named, types)


@cache
def operator_at(domain: str, name: str, version: int) -> Operator | None:
    """The operator as that version of its domain has it; ``None`` where there is none, or newer than the table."""
    if domain not in tables() or version > tables()[domain].newest:
        return None
    found = next((one for one in reversed(versions_of(domain, name)) if one.since <= version), None)
    return found if found and found.counts else None
