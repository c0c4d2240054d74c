"""Single-token mutants of a Python source: each puts one token in, takes one out, or exchanges one."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_COMPARED = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_ARITHMETIC = {"+": "-", "-": "+", "*": "//", "/": "*", "//": "*", "%": "*", "**": "*", "|": "&", "&": "|", "^": "&"}
_ARITHMETIC |= {"<<": ">>", ">>": "<<"}
_ARITHMETIC |= {f"{old}=": f"{new}=" for old, new in _ARITHMETIC.items()}
_WORDS = {"and": "or", "or": "and", "break": "continue", "continue": "break", "True": "False", "False": "True"}
_KINDS = {
    "and": "boolean",
    "or": "boolean",
    "break": "loop",
    "continue": "loop",
    "True": "constant",
    "False": "constant",
}
_CALLED = {"any": "all", "all": "any", "min": "max", "max": "min"}
_LOOSER = (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Lambda, ast.Compare)
"""What a ``not`` before it would not cover as a whole, or what has a mutant of its own."""


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change of a source: characters ``start`` to ``end`` replaced by ``new``; ``line`` counts from 1."""

    start: int
    end: int
    new: str
    old: str
    kind: str
    line: int

    def apply(self, source: str) -> str:
        """The source with this change."""
        return source[: self.start] + self.new + source[self.end :]

    def __str__(self) -> str:
        shown = {"": "(nothing)"}
        return f"{self.kind}: {shown.get(self.old, self.old).strip()} -> {shown.get(self.new, self.new).strip()}"


def mutants(source: str) -> list[Mutant]:
    """Every single-token mutant of a source, in its order.

    Left out is what does not run or what people alone read: docstrings, annotations, decorators, assertions
    (``strict=True`` of ``zip`` among them), ``__all__``, blocks for the type checker, and the texts of messages.
    """
    return sorted(set(_Source(source).found()))


class _Source:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.bytes = [line.encode() for line in source.splitlines()]
        self.tokens = list(self._tokens())
        self.at = {start: i for i, (_, _, start, _) in enumerate(self.tokens)}
        self.left_out = sorted(self._left_out())

    def _tokens(self) -> Iterator[tuple[int, str, int, int]]:
        """The tokens that matter, as kind, text, start and end; those inside of f-strings are none."""
        depth = 0
        for token in tokenize.generate_tokens(io.StringIO(self.source).readline):
            name = tokenize.tok_name[token.type]
            depth += (name == "FSTRING_START") - (name == "FSTRING_END")
            if not depth and token.type in (tokenize.OP, tokenize.NAME, tokenize.NUMBER, tokenize.STRING):
                start = self.starts[token.start[0] - 1] + token.start[1]
                yield token.type, token.string, start, self.starts[token.end[0] - 1] + token.end[1]

    def _offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.bytes[line - 1][:column].decode())

    def _span(self, node: ast.AST) -> tuple[int, int]:
        place = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        return self._offset(*place[0]), self._offset(*place[1])

    def _left_out(self) -> Iterator[tuple[int, int]]:
        for node in ast.walk(self.tree):
            match node:
                case (
                    ast.Expr(value=ast.Constant(value=str()))
                    | (ast.Assert() | ast.Import() | ast.ImportFrom() | ast.JoinedStr())
                    | ast.If(test=ast.Name(id="TYPE_CHECKING"))
                    | ast.Assign(targets=[ast.Name(id="__all__" | "__slots__")])
                    | ast.keyword(arg="strict", value=ast.Constant())
                ):
                    yield self._span(node)
                case ast.AnnAssign() | ast.arg() if node.annotation is not None:
                    yield self._span(node.annotation)
                case ast.Assign(value=value) if _is_type(value):
                    yield self._span(value)
                case ast.Call(func=ast.Name(id="cast" | "TypeVar" | "isinstance" | "NewType")):
                    yield from map(self._span, node.args[0 if node.func.id != "isinstance" else 1 :][:1])  # type: ignore[attr-defined]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from map(self._span, node.decorator_list)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                yield self._span(node.returns)

    def _covered(self, start: int) -> bool:
        return any(low <= start < high for low, high in self.left_out)

    def found(self) -> Iterator[Mutant]:
        by_tree = [*self._by_tree()]
        for one in (*by_tree, *self._by_token()):
            if not self._covered(one.start):
                yield one

    def _make(self, kind: str, start: int, end: int, new: str) -> Mutant:
        line = self.source.count("\n", 0, start) + 1
        return Mutant(start=start, end=end, new=new, old=self.source[start:end], kind=kind, line=line)

    def _by_token(self) -> Iterator[Mutant]:
        unary = {self._span(n)[0] for n in ast.walk(self.tree) if isinstance(n, ast.UnaryOp)}
        operators = {
            start for node in ast.walk(self.tree) if isinstance(node, ast.BinOp) for start in self._operator(node)
        }
        messages = self._messages()
        for kind, text, start, end in self.tokens:
            if kind == tokenize.OP and text in _COMPARED:
                yield self._make("comparison", start, end, _COMPARED[text])
            elif kind == tokenize.OP and text in _ARITHMETIC and (start in operators or text.endswith("=")):
                yield self._make("arithmetic", start, end, _ARITHMETIC[text])
            elif kind == tokenize.OP and text == "-" and start in unary:
                yield self._make("arithmetic", start, end, "")
            elif kind == tokenize.NAME and text in _WORDS:
                yield self._make(_KINDS[text], start, end, _WORDS[text])
            elif kind == tokenize.NUMBER:
                yield from (self._make("constant", start, end, new) for new in _numbers(text))
            elif kind == tokenize.STRING and start not in messages:
                quote = text.lstrip("rRbBuU")
                if "f" not in text[: len(text) - len(quote)].lower():
                    prefix = text[: len(text) - len(quote)]
                    empty = quote in ('""', "''")
                    yield self._make("string", start, end, f'{prefix}"x"' if empty else f'{prefix}""')

    def _operator(self, node: ast.BinOp) -> Iterator[int]:
        left, right = self._span(node.left)[1], self._span(node.right)[0]
        for _, text, start, _ in self.tokens:
            if left <= start < right and text in _ARITHMETIC:
                yield start

    def _messages(self) -> set[int]:
        """The strings that are sentences, or parts of what is raised."""
        spoken = [self._span(node) for node in ast.walk(self.tree) if isinstance(node, ast.Raise)]
        spoken += [
            self._span(n) for n in ast.walk(self.tree) if isinstance(n, ast.keyword) and n.arg in ("hint", "help")
        ]
        found = set()
        for kind, text, start, _ in self.tokens:
            words = text.strip("\"'").split(" ")
            if kind == tokenize.STRING and (
                any(low <= start < high for low, high in spoken)
                or any(a.isalpha() and b.isalpha() for a, b in pairwise(words))
            ):
                found.add(start)
        return found

    def _by_tree(self) -> Iterator[Mutant]:
        for node in ast.walk(self.tree):
            match node:
                case ast.Compare():
                    yield from self._membership(node)
                case ast.UnaryOp(op=ast.Not()):
                    start = self._span(node)[0]
                    yield self._make(
                        "negation", start, self._span(node.operand)[0] if self._plain(node) else start + 3, ""
                    )
                case ast.If() | ast.While() | ast.IfExp():
                    yield from self._negated(node.test)
                case ast.comprehension():
                    for condition in node.ifs:
                        yield from self._negated(condition)
                case ast.Slice():
                    yield from self._bounds(node)
                case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
                    yield self._make("builtin", *self._span(node.func), _CALLED[name])
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from self._returns(node)

    def _bounds(self, node: ast.Slice) -> Iterator[Mutant]:
        for bound in (node.lower, node.upper):
            if isinstance(bound, ast.Name | ast.Constant):
                yield self._make("slice", *self._span(bound), "")

    def _plain(self, node: ast.UnaryOp) -> bool:
        """Whether nothing but blanks is between ``not`` and its operand."""
        start, operand = self._span(node)[0] + 3, self._span(node.operand)[0]
        return not self.source[start:operand].strip(" ")

    def _membership(self, node: ast.Compare) -> Iterator[Mutant]:
        """``in`` and ``not in``, ``is`` and ``is not``."""
        sides = [node.left, *node.comparators]
        for (left, right), operator in zip(pairwise(sides), node.ops, strict=True):
            if not isinstance(operator, ast.In | ast.NotIn | ast.Is | ast.IsNot):
                continue
            low, high = self._span(left)[1], self._span(right)[0]
            words = [(t, s, e) for _, t, s, e in self.tokens if low <= s < high and t in ("in", "is", "not")]
            match [text for text, _, _ in words]:
                case ["in"]:
                    yield self._make("comparison", words[0][1], words[0][1], "not ")
                case ["is"]:
                    yield self._make("comparison", words[0][2], words[0][2], " not")
                case ["not", "in"]:
                    yield self._make("comparison", words[0][1], words[1][1], "")
                case ["is", "not"]:
                    yield self._make("comparison", words[0][2], words[1][2], "")

    def _negated(self, condition: ast.expr) -> Iterator[Mutant]:
        if not isinstance(condition, _LOOSER) and not (
            isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not)
        ):
            start = self._span(condition)[0]
            yield self._make("negation", start, start, "not ")

    def _returns(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Mutant]:
        truth = isinstance(function.returns, ast.Name) and function.returns.id == "bool"
        inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not function]
        within = {id(part) for one in inner for part in ast.walk(one)}
        for node in ast.walk(function):
            if not isinstance(node, ast.Return) or node.value is None or id(node) in within:
                continue
            if truth and not isinstance(node.value, ast.Constant):
                yield from self._negated(node.value)
            elif isinstance(node.value, ast.Name):
                yield self._make("return", *self._span(node.value), "None")


def _is_type(value: ast.expr) -> bool:
    """Whether an assigned value names a type: ``Literal[...]``, ``A | None``, ``tuple[str, ...]``."""
    match value:
        case ast.Subscript(value=ast.Name(id=name)):
            return name in ("Literal", "tuple", "dict", "list", "Callable", "Mapping", "Sequence", "Annotated", "Union")
        case ast.BinOp(op=ast.BitOr()):
            return all(
                _is_type(side) or isinstance(side, ast.Name | ast.Constant) for side in (value.left, value.right)
            )
    return False


def _numbers(text: str) -> Iterator[str]:
    """Other numbers for a number: the next, and 0 for 1."""
    try:
        value = int(text, 0)
    except ValueError:
        yield "0.0" if float(text) else "1.0"
        return
    yield str(value + 1)
    if value == 1:
        yield "0"
