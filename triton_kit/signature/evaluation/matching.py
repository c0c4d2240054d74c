"""The match statement: which pattern fits a value, and what it binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from triton_kit.signature.evaluation.attributes import attribute
from triton_kit.signature.evaluation.core import evaluate, execute, executes
from triton_kit.signature.evaluation.knowledge import CONTAINERS, PLAIN, Answer, branch, is_whole, same
from triton_kit.signature.evaluation.names import bind
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import (
    UNKNOWN,
    Bound,
    Builtin,
    Class,
    Frame,
    Function,
    Generator,
    Host,
    Instance,
    OpenDict,
    Unknown,
    View,
)

_ITSELF = {
    "bool": bool, "bytes": bytes, "dict": dict, "float": float, "frozenset": frozenset, "int": int, "list": list,
    "set": set, "str": str, "tuple": tuple,
}  # fmt: skip
"""The types whose one positional pattern is about the value itself."""

_Names = dict[str, object]


@executes(ast.Match)
def _match(run: Run, frame: Frame, node: ast.Match) -> None:
    subject = evaluate(run, frame, node.subject)
    for case in node.cases:
        names: _Names = {}
        if not branch_on(run, _fits(run, frame, case.pattern, subject, names)):
            continue
        for name in _captured(case.pattern):
            bind(frame, name, names.get(name, UNKNOWN))
        if case.guard is None or branch(run, evaluate(run, frame, case.guard)):
            execute(run, frame, case.body)
            return


def branch_on(run: Run, answer: Answer) -> bool:
    """Whether to take the way of an answer; where it is not known, one after the other."""
    return run.choose() if isinstance(answer, Unknown) else answer


def _captured(pattern: ast.pattern) -> list[str]:
    found: list[str] = []
    for node in ast.walk(pattern):
        match node:
            case (
                ast.MatchAs(name=str() as name)
                | ast.MatchStar(name=str() as name)
                | ast.MatchMapping(rest=str() as name)
            ):
                found.append(name)
    return found


def _fits(run: Run, frame: Frame, pattern: ast.pattern, subject: object, names: _Names) -> Answer:
    """Whether a pattern fits a value; what it binds then is put into ``names``, as far as it is known."""
    run.enter()
    try:
        match pattern:
            case ast.MatchValue(value=value):
                return UNKNOWN if isinstance(subject, View) else same(run, subject, evaluate(run, frame, value))
            case ast.MatchSingleton(value=value):
                return _is(subject, value)
            case ast.MatchAs(pattern=None, name=name):
                return _named(name, subject, names)
            case ast.MatchAs(pattern=ast.pattern() as inner, name=name):
                answer = _fits(run, frame, inner, subject, names)
                _named(name, subject, names)
                return answer
            case ast.MatchOr(patterns=patterns):
                return _any_fits(run, frame, patterns, subject, names)
            case ast.MatchSequence(patterns=patterns):
                return _sequence(run, frame, patterns, subject, names)
            case ast.MatchMapping():
                return _mapping(run, frame, pattern, subject, names)
            case ast.MatchClass():
                return _class(run, frame, pattern, subject, names)
        return UNKNOWN
    finally:
        run.depth -= 1


def _named(name: str | None, subject: object, names: _Names) -> Answer:
    if name is not None:
        names[name] = subject
    return True


def _is(subject: object, value: object) -> Answer:
    if isinstance(subject, (*PLAIN, *CONTAINERS, range, Host, Function, Bound, Generator, Class, Instance)):
        return subject is value
    return UNKNOWN


def _any_fits(run: Run, frame: Frame, patterns: list[ast.pattern], subject: object, names: _Names) -> Answer:
    unsure = False
    for pattern in patterns:
        found: _Names = {}
        answer = _fits(run, frame, pattern, subject, found)
        if answer is True:
            if not unsure:  # else it is not known which of them binds
                names.update(found)
            return True
        unsure = unsure or answer is UNKNOWN
    return UNKNOWN if unsure else False


def _all_fit(
    run: Run, frame: Frame, pairs: Iterable[tuple[ast.pattern, object]], names: _Names, answer: Answer = True
) -> Answer:
    for pattern, value in pairs:
        found = _fits(run, frame, pattern, value, names)
        if found is False:
            return False
        answer = UNKNOWN if found is UNKNOWN else answer
    return answer


def _sequence(run: Run, frame: Frame, patterns: list[ast.pattern], subject: object, names: _Names) -> Answer:
    if not isinstance(subject, list | tuple) or isinstance(subject, View):
        return False if isinstance(subject, (*PLAIN, dict, set, frozenset, View)) else UNKNOWN
    if run.is_marked(subject):
        return UNKNOWN
    run.budget.left -= len(subject)
    star = next((at for at, pattern in enumerate(patterns) if isinstance(pattern, ast.MatchStar)), None)
    values = list(subject)
    if star is None:
        return len(values) == len(patterns) and _all_fit(run, frame, zip(patterns, values, strict=True), names)
    surplus = len(values) - len(patterns) + 1
    if surplus < 0:
        return False
    starred = patterns[star]
    if isinstance(starred, ast.MatchStar):
        _named(starred.name, values[star : star + surplus], names)
    rest = [*patterns[:star], *patterns[star + 1 :]]
    return _all_fit(run, frame, zip(rest, [*values[:star], *values[star + surplus :]], strict=True), names)


def _mapping(run: Run, frame: Frame, pattern: ast.MatchMapping, subject: object, names: _Names) -> Answer:
    if not isinstance(subject, dict):
        return False if isinstance(subject, (*PLAIN, list, tuple, set, frozenset, range)) else UNKNOWN
    keys = [evaluate(run, frame, key) for key in pattern.keys]
    if run.is_marked(subject) or not all(is_whole(run, key) for key in keys):
        return UNKNOWN
    maybe = subject.maybe if isinstance(subject, OpenDict) else frozenset()
    if any(key not in subject and key not in maybe for key in keys):
        return False
    answer: Answer = True if all(key in subject for key in keys) else UNKNOWN
    if pattern.rest is not None and not isinstance(subject, OpenDict):
        names[pattern.rest] = {key: value for key, value in subject.items() if key not in keys}
    values = [subject.get(key, UNKNOWN) for key in keys]
    return _all_fit(run, frame, zip(pattern.patterns, values, strict=True), names, answer)


def _class(run: Run, frame: Frame, pattern: ast.MatchClass, subject: object, names: _Names) -> Answer:
    cls = evaluate(run, frame, pattern.cls)
    if isinstance(cls, Class):
        return _source_class(run, frame, pattern, cls, subject, names)
    kind = _ITSELF.get(cls.name) if isinstance(cls, Builtin) else None
    if kind is None or not isinstance(subject, (*PLAIN, *CONTAINERS)) or isinstance(subject, View):
        return UNKNOWN
    if not isinstance(subject, kind):
        return False
    if pattern.kwd_attrs or len(pattern.patterns) > 1:
        return UNKNOWN
    return _all_fit(run, frame, ((inner, subject) for inner in pattern.patterns), names)


def _source_class(
    run: Run, frame: Frame, pattern: ast.MatchClass, cls: Class, subject: object, names: _Names
) -> Answer:
    if isinstance(subject, (*PLAIN, *CONTAINERS)):
        return False
    if not isinstance(subject, Instance) or run.is_marked(subject) or subject.cls.open:
        return UNKNOWN
    if not subject.cls.derives(cls):
        return False
    given = cls.find("__match_args__") or ()
    if not isinstance(given, tuple):
        return UNKNOWN
    if len(given) < len(pattern.patterns):
        raise Raised(TypeError)
    wanted = [*given[: len(pattern.patterns)], *pattern.kwd_attrs]
    if len(set(wanted)) < len(wanted):
        raise Raised(TypeError)
    try:
        values = [attribute(run, subject, str(name), pattern) for name in wanted]
    except Raised as raised:
        if raised.kind is AttributeError:
            return False
        raise
    return _all_fit(run, frame, zip([*pattern.patterns, *pattern.kwd_patterns], values, strict=True), names)
