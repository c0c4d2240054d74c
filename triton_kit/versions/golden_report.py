"""What came of golden cases, as text, JUnit XML and JSON: pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from triton_kit.client.answer import to_json
from triton_kit.versions.comparison import Difference
from triton_kit.versions.golden_run import CaseResult, messages

# What XML 1.0 has no way to hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def format_junit(outcomes: Sequence[CaseResult]) -> str:
    """A test suite for each model, a test case for each golden case; errors are cases that got no answer."""
    from xml.etree import ElementTree

    root = ElementTree.Element("testsuites", _counts(outcomes))
    for model in dict.fromkeys(one.model for one in outcomes):
        mine = [one for one in outcomes if one.model == model]
        suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(model), **_counts(mine)})
        for one in mine:
            attributes = {"classname": f"tk.test.{_clean(model)}", "name": _clean(one.case)}
            case = ElementTree.SubElement(suite, "testcase", attributes | {"time": f"{one.seconds:.3f}"})
            if not one.passed:
                kind = "error" if one.error else one.differences[0].kind
                texts = [_clean(message) for message in messages(one)]
                tag = "error" if one.error else "failure"
                ElementTree.SubElement(case, tag, {"type": kind, "message": texts[0]}).text = "\n".join(texts)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _counts(outcomes: Sequence[CaseResult]) -> dict[str, str]:
    errors = sum(bool(one.error) for one in outcomes)
    failures = sum(not one.passed for one in outcomes) - errors
    seconds = sum(one.seconds for one in outcomes)
    return {
        "tests": str(len(outcomes)),
        "failures": str(failures),
        "errors": str(errors),
        "time": f"{seconds:.3f}",
    }


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def as_json(outcomes: Sequence[CaseResult]) -> dict[str, object]:
    """The outcomes for scripts."""
    failed = sum(not one.passed for one in outcomes)
    return {
        "ok": not failed,
        "passed": len(outcomes) - failed,
        "failed": failed,
        "cases": cases_json(outcomes),
    }


def cases_json(outcomes: Sequence[CaseResult]) -> list[dict[str, object]]:
    """Each case for scripts."""
    return [
        {
            "model": one.model,
            "model_version": one.version,
            "case": one.case,
            "passed": one.passed,
            "seconds": round(one.seconds, 6),
            "error": one.error or None,
            "differences": [difference_json(d) for d in one.differences],
        }
        for one in outcomes
    ]


def difference_json(difference: Difference) -> dict[str, object]:
    """A difference as JSON has it."""
    return {
        "output": difference.output,
        "kind": difference.kind,
        "request": difference.request,
        "response": difference.response,
        "message": difference.message,
        "index": list(difference.index),
        "expected": _value(difference.expected),
        "got": _value(difference.got),
        "wrong": difference.wrong,
        "total": difference.total,
        "max_abs": difference.max_abs,
        "max_rel": difference.max_rel,
    }


def _value(value: object) -> object:
    """A value of an array as JSON has it; shapes and data types as they are."""
    import numpy as np

    if value is None or isinstance(value, list | str):
        return value
    array = np.empty((), dtype=object)
    array[()] = value
    return to_json(array)[0]
