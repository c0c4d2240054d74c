"""What a Python model's own completion does, told from its code, against what it does where it is really run."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_programs import WRITTEN, ModelConfig, programs

from triton_kit.model.python_completion import Evaluation, evaluate
from triton_kit.repository.text_format.document import parse

WRITTEN_KEYS = ("name", "data_type", "dims", "optional")


def told(source: str, config: str = "") -> Evaluation:
    return evaluate(ast.parse(source), parse(f'backend: "python"\n{config}').message, "m", "1/model.py")


def state(config: str) -> dict[str, Any]:
    """The configuration as a server hands it over, as far as the programs look at it."""
    message = parse(config).message
    found: dict[str, Any] = {"name": "m", "max_batch_size": message.max_batch_size}
    found["input"] = [
        {"name": t.name, "data_type": t.data_type, "dims": list(t.dims), "optional": t.optional} for t in message.input
    ]
    found["output"] = [{"name": t.name, "data_type": t.data_type, "dims": list(t.dims)} for t in message.output]
    if message.has("sequence_batching"):
        found["sequence_batching"] = {}
    if message.has("model_transaction_policy"):
        found["model_transaction_policy"] = {"decoupled": message.model_transaction_policy.decoupled}
    return found


def run_really(source: str, config: str) -> dict[str, Any] | None:
    """The completed configuration; ``None`` where the server would refuse it."""
    names: dict[str, Any] = {"__file__": __file__}
    exec(compile(source, "model.py", "exec"), names)
    given = ModelConfig(state(config))
    with contextlib.suppress(Exception):
        if names["TritonPythonModel"].auto_complete_config(given) is given:
            return given.as_dict()
    return None


@settings(max_examples=300)
@given(programs, st.sampled_from(sorted(WRITTEN)))
def test_what_is_told_is_what_happens(source: str, written: str) -> None:
    config = WRITTEN[written]
    found, really = told(source, config), run_really(source, config)
    refused = bool(found.refused or found.ending)
    assert refused == (really is None), source
    assert not found.doubtful
    if really is None:
        assert found.completed is None
    elif found.completed is not None:
        said = found.completed
        assert said.max_batch_size == really["max_batch_size"], source
        assert said.dynamic == ("dynamic_batching" in really)
        assert said.decoupled == really.get("model_transaction_policy", {}).get("decoupled")
        for kind in ("input", "output"):
            count = len(state(config)[kind])
            added = [(t.name, t.data_type, list(t.dims)) for of, t in said.added if of == kind]
            expected = [(t["name"], t["data_type"], list(t["dims"])) for t in really[kind][count:]]
            assert added == expected, source


@given(programs, st.data())
def test_nothing_of_what_is_hostile_raises_or_goes_on_for_ever(source: str, data: st.DataObject) -> None:
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    for _ in range(data.draw(st.integers(1, 4))):
        replace_in(data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes)))
    evaluate(tree, parse('backend: "python"').message, "m", "1/model.py")


def replace_in(node: ast.AST, other: ast.AST) -> None:
    """Put a node, by its fields, in the place of another, wherever that leads."""
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.expr) and value is not other and not any(n is node for n in ast.walk(other)):
            setattr(node, name, other)
            return


METHOD = "class TritonPythonModel:\n    @staticmethod\n    def auto_complete_config(config):\n"
HOSTILE = {
    "a loop without an end": "while True: pass",
    "a growing list": "a = [1]\nwhile True: a += a",
    "a growing text": "a = 'x'\nfor i in range(100000): a = a + a",
    "a long range": "for i in range(10 ** 18): pass",
    "a list of a long range": "list(range(10 ** 15))",
    "a power": "9 ** 9 ** 9",
    "a shift": "1 << 10 ** 10",
    "a repetition": "'a' * 10 ** 12",
    "a wide format": "'%1000000000d' % 1\nf'{1:>1000000000}'\n'{:1000000000}'.format(1)",
    "a factorial": "a = 1\nfor i in range(1, 100000): a *= i",
    "a recursion": "f = lambda n: f(n + 1)\nf(0)",
    "a list in itself": "a = []\na.append(a)\na == a\nstr(a)\nsorted(a)\nconfig.add_input(a)",
    "a dictionary in itself": (
        "import copy, json\na = {}\na['a'] = a\nconfig.add_input(a)\ncopy.deepcopy(a)\njson.dumps(a)"
    ),
    "a dictionary of its own method": "config.as_dict()['x'] = config\nconfig.add_input(config.as_dict())",
    "many ways": "\n".join(f"if unknown_{i}: x = {i}" for i in range(60)),
    "ways within ways": "\n".join(f"{' ' * i}if unknown_{i}:" for i in range(60)) + f"\n{' ' * 60}pass",
    "a comprehension of comprehensions": "[x for a in range(9999) for b in range(9999) for x in range(9999)]",
    "a product": "import itertools\nlist(itertools.product(range(999), range(999), range(999)))",
    "a deep expression": "x = " + "-" * 300 + "1",
    "a long sum": "x = " + "+".join(["1"] * 900),
    "exec": "exec('import os')",
    "a class that is its own base": "class A: pass\nclass A(A): pass\nA().x",
    "an exhausted iterator": "i = iter([1])\nlist(i)\nlist(i)",
    "an endless iterator": "import itertools\nfor i in itertools.count(): config.add_input({})",
    "a bad slice": "[1][::0]",
    "a name that is deleted": "x = 1\ndel x\nx",
    "a star too many": "(a, *b, c) = (1,)",
    "a replaced built-in": "len = lambda x: x\nlen(5)(6)",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_code_ends_within_the_budget(name: str) -> None:
    lines = HOSTILE[name].split("\n")
    source = METHOD + "".join(f"        {line}\n" for line in [*lines, "return config"])
    told(source)


def completes(body: str, config: str = "", head: str = "") -> Evaluation:
    return told(head + METHOD + "".join(f"        {line}\n" for line in body.split("\n")), config)


def test_what_happens_on_one_way_only_is_doubtful() -> None:
    found = completes(
        "import os\nif os.environ.get('A'):\n    config.set_max_batch_size(2)\nreturn config", "max_batch_size: 4"
    )
    assert not found.refused
    assert [call.argument for call in found.doubtful] == [2]
    assert found.completed is None


def test_what_is_refused_whichever_way_is_taken_is_certain() -> None:
    found = completes(
        "import os\nif os.environ.get('A'):\n    config.set_max_batch_size(2)\n"
        "else:\n    config.set_max_batch_size(3)\nreturn config",
        "max_batch_size: 4",
    )
    assert [call.argument for call in found.calls if call.refusal] == [2, 3]


def test_both_ways_may_lead_to_the_same_configuration() -> None:
    found = completes("import os\nif os.environ.get('A'):\n    print('a')\nconfig.set_max_batch_size(2)\nreturn config")
    assert found.completed is not None
    assert found.completed.max_batch_size == 2


@pytest.mark.parametrize(
    "handler", ["except ValueError", "except Exception", "except", "except (KeyError, ValueError) as error"]
)
def test_a_refusal_that_is_handled_is_none(handler: str) -> None:
    body = f"try:\n    config.set_max_batch_size(2)\n{handler}:\n    pass\nreturn config"
    found = completes(body, "max_batch_size: 4")
    assert not found.refused
    assert found.completed is not None
    assert found.completed.max_batch_size == 4


def test_a_refusal_in_an_unknown_context_may_be_suppressed() -> None:
    body = "import contextlib\nwith contextlib.suppress(ValueError):\n    config.set_max_batch_size(2)\nreturn config"
    assert not completes(body, "max_batch_size: 4").refused


@pytest.mark.parametrize(
    "escape",
    [
        "helper(config)",
        "[helper(c) for c in [config]]",
        "for x in unknown: config.add_input(x)",
        "setattr(config, 'a', 1)",
    ],
)
def test_a_configuration_in_unknown_hands_is_unknown(escape: str) -> None:
    found = completes(
        f"from elsewhere import helper, unknown\n{escape}\nconfig.set_max_batch_size(2)\nreturn config",
        "max_batch_size: 4",
    )
    assert not found.refused
    assert not found.whole
    assert found.completed is None


def test_code_that_only_looks_leaves_the_configuration_known() -> None:
    body = "import logging, json\nlogging.info(config)\nprint(json.dumps(config.as_dict()))\n"
    found = completes(f"{body}config.set_max_batch_size(2)\nreturn config")
    assert found.completed is not None
    assert found.completed.max_batch_size == 2


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("return config.as_dict()", "OpenDict"),
        ("return config,", "tuple"),
        ("return None", "NoneType"),
        ("config.set_max_batch_size(4)", "NoneType"),
        ("yield config", "Generator"),
    ],
    ids=["its dictionary", "a tuple", "None", "no return", "a generator"],
)
def test_something_else_is_returned(body: str, value: str) -> None:
    found = completes(body)
    assert found.ending is not None
    assert (found.ending.kind, type(found.ending.value).__name__) == ("returns", value)


def test_what_is_imported_may_be_a_configuration() -> None:
    assert completes("from elsewhere import made\nreturn made(config)").ending is None
    assert completes("from elsewhere import made\nreturn made").ending is None


def test_a_written_tensor_gets_what_it_lacks() -> None:
    found = completes(
        'config.add_input({"name": "x", "data_type": "TYPE_INT8", "dims": [7]})\nreturn config', 'input { name: "x" }'
    )
    assert found.completed is not None
    ((kind, at, tensor),) = found.completed.filled
    assert (kind, at, tensor.data_type, tensor.dims) == ("input", 0, "TYPE_INT8", (7,))


def test_the_module_around_counts() -> None:
    head = (
        "try:\n    import torch\nexcept ImportError:\n    torch = None\nSIZE = 2\nSIZES = {'a': SIZE}\nSIZES['b'] = 3\n"
    )
    found = completes("config.set_max_batch_size(SIZES['b'])\nreturn config", "max_batch_size: 4", head)
    assert [call.argument for call in found.calls if call.refusal] == [3]
