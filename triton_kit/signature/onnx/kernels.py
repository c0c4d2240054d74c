"""The kernels of ONNX Runtime: whether it has an implementation of an operator for the types that a node takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from triton_kit.repository.release_name import parse_release
from triton_kit.resources import resource
from triton_kit.signature.onnx.nodes import operator_at
from triton_kit.signature.onnx.nodes import tables as operator_tables
from triton_kit.signature.onnx.types import Kind, Parameters, parameters, stretched

FLOAT, FLOAT16 = 1, 10


class Row(NamedTuple):
    """Kernels of an operator: for which versions of it, what its type parameters may be, and who has them.

    ``held`` are the versions of ONNX Runtime as first and last indexes, of which the last may be open.
    """

    first: int
    last: int
    types: Mapping[str, frozenset[int]]
    held: tuple[tuple[int, int], ...]

    def is_in(self, at: int) -> bool:
        """Whether the ONNX Runtime of that index has them."""
        return not self.held or any(first <= at <= last for first, last in self.held)

    def is_of(self, since: int) -> bool:
        """Whether they are for the operator as it is since that version (kernel_registry.cc:VerifyVersion)."""
        return self.first == since or self.first < since <= self.last < _OPEN


class Entry(NamedTuple):
    """An operator in the table: in which ONNX Runtimes it is their own, with which types, and its kernels.

    One with a body of other operators is written out as these where there is no kernel for it.
    """

    own: tuple[tuple[int, int], ...] | None
    types: str
    rows: tuple[Row, ...]
    has_body: bool = False


class Table(NamedTuple):
    """The versions of ONNX Runtime in it, and the line of each operator by domain and name.

    ``since`` are the first releases of Triton that have them.
    """

    versions: tuple[str, ...]
    since: tuple[tuple[int, int], ...]
    lines: Mapping[tuple[str, str], str]

    def of_release(self, release: tuple[int, int]) -> int | None:
        """Where that release's ONNX Runtime is, the last one for a newer release; ``None`` where it is not known."""
        return max((i for i, since in enumerate(self.since) if since <= release), default=None)

    def nearest(self, version: str) -> int:
        """Where the newest one is that is not newer than all patches of this one."""
        wanted = _numbers(version)[:2]
        return max((i for i, one in enumerate(self.versions) if _numbers(one)[:2] <= wanted), default=0)


_OPEN = 2**31 - 1


@cache
def table(name: str = "kernels.txt") -> Table:
    """The table of a provider: ``kernels.txt`` is the CPU's, ``kernels_cuda.txt`` that of CUDA."""
    head, *lines = resource(f"signature/onnx/{name}").read_text(encoding="utf-8").splitlines()
    by_name = {}
    for line in lines:
        domain, operator, rest = line.split("\t", 2)
        by_name[domain, operator] = rest
    said, _ = head.split(" ")[-2:]
    versions = [one.partition("=") for one in said.split(",")]
    since = tuple(parse_release(release) for _, _, release in versions if release)
    return Table(tuple(version for version, _, _ in versions), since, by_name)


@cache
def entry(domain: str, operator: str, name: str = "kernels.txt") -> Entry | None:
    """An operator as a table has it; ``None`` where no version of ONNX Runtime has it."""
    rest = table(name).lines.get((domain, operator))
    if rest is None:
        return None
    known, kernels, body = rest.split("\t")
    own, _, types = known.partition(":")
    rows = tuple(map(_row, kernels.split()))
    return Entry(_spans(own.removeprefix("@")) if known else None, types, rows, bool(body))


def _row(text: str) -> Row:
    said, _, held = text.partition("@")
    versions, *types = said.split(";")
    first, dash, last = versions.partition("-")
    allowed = {}
    for one in types:
        name, _, letters = one.partition("=")
        allowed[name] = frozenset(ord(letter) - 96 for letter in letters)
    return Row(int(first), int(last) if last else _OPEN if dash else int(first), allowed, _spans(held))


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for span in filter(None, text.split(",")):
        first, _, last = span.partition("-")
        found.append((int(first), int(last) if last else _OPEN))
    return tuple(found)


class Node(NamedTuple):
    """A kind of node as the table has it: its operator's version, and the parameters of its inputs and outputs."""

    entry: Entry
    since: int
    found: Parameters
    taken: tuple[int, ...]
    made: tuple[int, ...]

    def has_kernel(self, at: int) -> bool:
        """Whether the ONNX Runtime of that index has a kernel for it, by itself or between casts.

        Nodes that take 16-bit floats and have none are given 32-bit floats (InsertCastTransformer).
        """
        rows = [row for row in self.entry.rows if row.is_in(at) and row.is_of(self.since)]
        if any(self._fits(row, self.taken, self.made) for row in rows):
            return True
        if FLOAT16 not in self.taken:
            return False
        taken, made = (tuple(FLOAT if e == FLOAT16 else e for e in side) for side in (self.taken, self.made))
        return any(self._fits(row, taken, made) for row in rows)

    def _fits(self, row: Row, taken: Sequence[int], made: Sequence[int]) -> bool:
        return all(
            not element or element in allowed
            for name, allowed in row.types.items()
            for element in self._bound(name, taken, made)
        )

    def _bound(self, name: str, taken: Sequence[int], made: Sequence[int]) -> Iterator[int]:
        """The elements that a type parameter stands for: those of inputs, or else of outputs."""
        inputs = stretched(self.found.inputs, self.found.many_inputs, len(taken))
        if name in inputs:
            yield from (element for one, element in zip(inputs, taken, strict=False) if one == name)
        else:
            outputs = stretched(self.found.outputs, self.found.many_outputs, len(made))
            yield from (element for one, element in zip(outputs, made, strict=False) if one == name)


@cache
def node(kind: Kind, name: str = "kernels.txt") -> Node | None:
    """The kind of node in a table; ``None`` where it is an operator that the tables do not know."""
    domain, version, operator, taken, made = kind
    if operator == "CastLike" and not domain:
        # Its body is a Cast to the type of its second input.
        operator, taken, made = "Cast", taken[:1], taken[1:2]
    found = entry(domain, operator, name)
    row = operator_at(domain, operator, version)
    if row is not None:
        return Node(found or Entry(None, "", ()), row.since, parameters(row.types), taken, made)
    if domain in operator_tables() and (found is None or found.own is None):
        return None
    mine = entry(domain, operator)
    if mine is None or mine.own is None:
        return None
    return Node(found or Entry(None, "", ()), 1, parameters(mine.types), taken, made)


def is_known(kind: Kind, at: int) -> bool:
    """Whether the ONNX Runtime of that index knows the operator at all, whatever it has for it."""
    domain, version, operator, _, _ = kind
    if operator_at(domain, operator, version) is not None:
        return True
    found = entry(domain, operator)
    return found is not None and found.own is not None and (not found.own or any(a <= at <= b for a, b in found.own))


def has_cuda(kind: Kind, at: int) -> bool:
    """Whether the CUDA provider of that ONNX Runtime has a kernel for it, or may have some for its body."""
    found = node(kind)
    if found is not None and found.entry.has_body:
        return True
    there = node(kind, "kernels_cuda.txt")
    return there is not None and there.has_kernel(table("kernels_cuda.txt").nearest(table().versions[at]))


@cache
def domains() -> frozenset[str]:
    """The domains of operators that ONNX Runtime has."""
    return frozenset(domain for domain, _ in table().lines)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.split("."))
