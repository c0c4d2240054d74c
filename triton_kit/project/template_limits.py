"""What a template may do: so many steps, so long a text, so large a value.

A template comes with a project, and is rendered in hooks on what strangers propose. Counting is exact and the same on
each machine. What repeats (the body of a loop, of a macro, of an included template) is charged, each time that it
runs, for its nodes and its text; what makes or goes through a value (an operator, a filter, a call) for its size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from types import GeneratorType

from jinja2 import nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triton_kit.errors import UsageError

STEPS = 20_000_000
LENGTH = 5_000_000
"""The most characters of the whole text, and of one value written down."""
BITS = 4096
"""The largest number."""

_BODY, _CALL, _FILE = 20, 50, 500
"""What it costs to begin a body, a call, and another template, where a node or a character of text costs 1."""

_STEP, _SIZED, _JOINED = "tk step", "tk sized", "tk joined"
"""Filters that are put into a template when it is compiled; no template can write a name with a blank."""
_WIDTHS = frozenset(("batch", "center", "format", "indent", "slice", "tojson", "truncate", "wordwrap"))
"""The filters that make a text or a list as long as a number says."""
_WIDE_METHODS = frozenset(("center", "expandtabs", "ljust", "rjust", "to_bytes", "zfill"))
_SQUARED = frozenset(("round", "wordwrap"))
"""The filters whose work grows with the square of what they get."""
_LEFT_OUT = ("striptags", "urlize")
"""HTML, in quadratic time."""


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox for one rendering: whatever a template does is counted, and ended at the limit by a UsageError."""

    intercepted_binops = frozenset(("+", "*", "%", "**"))

    def __init__(self, **options: object) -> None:
        super().__init__(finalize=self._written, **options)
        self.steps = 0
        for name in _LEFT_OUT:
            self.filters.pop(name, None)
        self.globals.pop("lipsum", None)
        self.filters |= self._all_limited(self.filters)
        self.tests |= self._all_limited(self.tests)  # type: ignore[arg-type]
        self.filters |= {_STEP: self._step, _SIZED: self._sized, _JOINED: self._joined}

    def charge(self, steps: int) -> None:
        """Count steps; raises UsageError at the limit."""
        if self.steps + steps > STEPS:
            raise UsageError(
                f"the template takes more than {STEPS:,} steps", hint="repeat less in it, or shorter texts"
            )
        self.steps += steps

    def _generate(self, source: nodes.Template, *args: object, **options: object) -> str:
        """Compile, with what counts put in: the place that Jinja has for this."""
        _put_in(source)
        return super()._generate(source, *args, **options)  # type: ignore[arg-type]

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """The result of an operator whose result may be large."""
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
            if operator in ("*", "**") and bits > BITS:
                raise UsageError(f"{operator} makes a number of more than {BITS} bits", hint="write a smaller one")
        elif operator == "*":
            times = [abs(one) for one in (left, right) if isinstance(one, int)]
            self._make(size(left if isinstance(right, int) else right) * max(times, default=1))
        elif operator == "+":
            self._make(size(left) + size(right))
        elif operator == "%" and isinstance(left, str | bytes):
            self._format(str(left), right, "*" in str(left))
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: object, *args: object, **kwargs: object) -> object:
        """The result of a call, charged for what goes into it."""
        owner = getattr(__obj, "__self__", None)
        wide = getattr(__obj, "__name__", "") in _WIDE_METHODS
        if isinstance(owner, str | bytes | int | list | tuple | dict):
            __self._work(owner, (*args, *kwargs.values()), wide=wide)
        else:
            __self.charge(_CALL + __self._size((args, kwargs)))
        return __self._result(super().call(__context, __obj, *args, **kwargs))

    def wrap_str_format(self, value: object) -> Callable[..., str] | None:
        """``str.format``, its fields charged before it is called."""
        wrapped = super().wrap_str_format(value)
        text = getattr(value, "__self__", None)
        if wrapped is None or not isinstance(text, str):
            return wrapped

        def limited(*args: object, **kwargs: object) -> str:
            self._format(text, (args, kwargs), re.search(r"\{[^{}]*\{", text) is not None)
            return wrapped(*args, **kwargs)

        return limited

    def _format(self, text: str, values: object, widths: bool) -> None:
        """Refuse what formatting may make too long: a field for each two characters, as wide as the largest number."""
        fields = max(1, text.count("%") + text.count("{"))
        written = [int(number[:9]) for number in re.findall("[0-9]+", text)]
        given = list(_numbers(values)) if widths else []
        self._make(len(text) + fields * max((self._size(values), *written, *given)))

    def _all_limited(self, table: Mapping[str, Callable[..., object]]) -> dict[str, Callable[..., object]]:
        return {name: self._limited(name, one) for name, one in table.items()}

    def _limited(self, name: str, one: Callable[..., object]) -> Callable[..., object]:
        """A filter or a test that is charged for what it gets, and for what it gives."""

        @wraps(one)
        def limited(*args: object, **kwargs: object) -> object:
            # A filter that needs the environment or the context gets it first.
            own = args[1:] if hasattr(one, "jinja_pass_arg") else args
            value, others = (own[0], (*own[1:], *kwargs.values())) if own else (None, ())
            if name in _SQUARED:
                numbers = list(_numbers(others)) if name == "round" else []
                self.charge(max(self._size(value), *numbers, 0) ** 2 // 10)
            if name == "format":
                self._format(str(value), others, "*" in str(value))
            self._work(value, others, wide=name in _WIDTHS)
            return self._result(one(*args, **kwargs))

        return limited

    def _work(self, value: object, others: tuple[object, ...], *, wide: bool) -> None:
        """Charge for a value that something is done with: at worst, each part of it is made as large as the others."""
        most = max([self._size(other) for other in others] + (list(_numbers(others)) if wide else []), default=0)
        self.charge(_CALL + self._size(value) * (1 + most) // (1 if isinstance(value, list) else 10))

    def _result(self, made: object) -> object:
        """What was made, which is not too large; what comes piece by piece is counted as it comes."""
        if isinstance(made, GeneratorType):
            return self._counted(made)
        self._size(made)
        return made

    def _counted(self, made: Iterator[object]) -> Iterator[object]:
        for one in made:
            self.charge(1)
            yield one

    def _size(self, value: object) -> int:
        found = size(value)
        if found > LENGTH:
            raise UsageError(f"the template makes a value of more than {LENGTH:,} characters", hint="repeat less in it")
        return found

    def _make(self, length: int) -> None:
        """Note that a value of that size is going to be made, or refuse it."""
        if length > LENGTH:
            raise UsageError(f"the template makes a value of more than {LENGTH:,} characters", hint="repeat less in it")
        self.charge(1 + length // 10)

    def _written(self, value: object) -> object:
        """What ``{{ }}`` writes."""
        self.charge(1 + self._size(value))
        return value

    @staticmethod
    @pass_context
    def _step(context: Context, steps: int) -> str:
        _of(context).charge(steps)
        return ""

    @staticmethod
    @pass_context
    def _sized(context: Context, value: object) -> object:
        """A value that is compared, or of which a part is taken."""
        _of(context).charge(1 + _of(context)._size(value) // (10 if isinstance(value, str) else 1))
        return value

    @staticmethod
    @pass_context
    def _joined(context: Context, values: list[object]) -> str:
        """The ``~`` of texts."""
        _of(context)._make(size(values))
        return "".join(map(str, values))


def size(value: object, depth: int = 1) -> int:
    """How long a value is when it is written down with an indentation; no further than the limit is looked at."""
    if isinstance(value, str | bytes | range):
        return len(value) + depth
    if isinstance(value, int):
        return value.bit_length() // 3 + depth
    if isinstance(value, Mapping):
        parts: Iterator[object] = (part for item in value.items() for part in item)
    elif isinstance(value, list | tuple | set | frozenset):
        parts = iter(value)
    else:
        return depth
    total = depth
    for part in parts:
        total += size(part, depth + 1)
        if total > LENGTH:
            break
    return total


def _numbers(values: object) -> Iterator[int]:
    """The numbers in some arguments, without their signs."""
    if isinstance(values, int):
        yield abs(values)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _numbers(value)
    elif isinstance(values, Mapping):
        yield from _numbers(list(values.values()))


def _of(context: Context) -> LimitedEnvironment:
    environment = context.environment
    assert isinstance(environment, LimitedEnvironment)
    return environment


def _put_in(template: nodes.Template) -> None:
    """Let what can run many times count itself, and what goes through a whole value say which."""
    for comparison in list(template.find_all(nodes.Compare)):
        comparison.expr = _filtered(comparison.expr, _SIZED)
        for operand in comparison.ops:
            operand.expr = _filtered(operand.expr, _SIZED)
    for taken in list(template.find_all(nodes.Getitem)):
        if isinstance(taken.arg, nodes.Slice):
            taken.node = _filtered(taken.node, _SIZED)
    _replace_joined(template)
    for repeated in template.find_all((nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)):
        _count_in(repeated.body, repeated.lineno, _BODY)  # type: ignore[attr-defined]
    _count_in(template.body, 1, _FILE)


def _count_in(body: list[nodes.Node], line: int, more: int) -> None:
    step = nodes.Const(sum(_cost(node) for node in body) + more, lineno=line)
    body.insert(0, nodes.ExprStmt(_filtered(step, _STEP), lineno=line))


def _replace_joined(node: nodes.Node) -> None:
    """Each ``a ~ b`` becomes a filter over both."""
    for name, value in list(node.iter_fields()):
        several = value if isinstance(value, list) else [value]
        for i, one in enumerate(several):
            if isinstance(one, nodes.Node):
                _replace_joined(one)
            if isinstance(one, nodes.Concat):
                several[i] = _filtered(nodes.List(one.nodes, lineno=one.lineno), _JOINED)
        if not isinstance(value, list):
            setattr(node, name, several[0])


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _cost(node: nodes.Node) -> int:
    """The steps of running a node once: one for it and each below it, and one for each character of text."""
    own = len(node.data) if isinstance(node, nodes.TemplateData) else 1
    return own + sum(map(_cost, node.iter_child_nodes()))
