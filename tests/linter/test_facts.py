"""Which rule or test covers which fact about a Triton server's verdicts: ``data/facts.csv``, held to what exists."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from test_accepted_facts import ACCEPTED

from triton_kit.linter.pages import page, search_messages
from triton_kit.linter.rule import load_rules

HERE = Path(__file__).parent

AREAS = {
    "REPO": (9, 4, 5),
    "CFG": (4, 2, 4),
    "PARSE": (23, 6, 4),
    "BACKEND": (10, 6, 1),
    "NAMECFG": (4, 2, 2),
    "VER": (3, 7, 3),
    "IO": (16, 4, 2),
    "LABEL": (3, 0, 1),
    "BATCHIO": (9, 4, 0),
    "DYN": (6, 4, 2),
    "SEQ": (22, 4, 4),
    "SCHEDX": (3, 2, 2),
    "INST": (14, 2, 8),
    "OPT": (8, 4, 3),
    "WARM": (10, 2, 3),
    "MET": (8, 1, 0),
    "ENS": (30, 10, 5),
    "ONNX": (29, 7, 6),
    "TRT": (17, 1, 2),
    "PT": (12, 8, 0),
    "TF": (7, 0, 1),
    "OV": (7, 0, 1),
    "PY": (10, 1, 1),
    "OTHER": (17, 2, 2),
}
"""The facts of each area: what is refused, what loads and surprises, what only looks wrong."""

INSTEAD = (
    "run time",
    "load API",
    "server option",
    "object store",
    "cannot happen",
    "the server's build",
    "the server's machine",
    "needs TensorRT",
    "needs DALI",
)
"""Why nothing here decides a fact, or only a part of it."""


class Fact(NamedTuple):
    fact: str
    area: str
    severity: str
    phase: str
    rules: str
    tests: str
    instead: str
    messages: str


def read_facts() -> list[Fact]:
    with (HERE / "data" / "facts.csv").open(encoding="utf-8", newline="") as file:
        return [Fact(**row) for row in csv.DictReader(file)]


FACTS = read_facts()
RULES = load_rules()
PAGES = [page(rule) for rule in RULES.values()]


def test_every_fact_is_there_once() -> None:
    counted = Counter((f.area, f.severity) for f in FACTS)
    found = {a: tuple(counted[a, s] for s in ("error", "warning", "ok")) for a in dict.fromkeys(f.area for f in FACTS)}
    found.pop("OWN")
    assert found == AREAS
    assert sum(map(sum, AREAS.values())) == 426
    assert len({f.fact for f in FACTS}) == len(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda f: f.fact)
def test_a_fact_is_covered_by_what_exists_or_says_why_not(fact: Fact) -> None:
    assert fact.rules or fact.tests or fact.instead
    assert [name for name in fact.rules.split() if name not in RULES] == []
    for name in fact.tests.split():
        module, _, function = name.partition("::")
        if module == "test_accepted_facts":
            assert function == fact.fact
            assert function in ACCEPTED
        else:
            assert function in _tests_of(module), name
    assert not fact.instead or fact.instead.partition(":")[0] in INSTEAD


def test_every_rule_is_named_by_a_fact() -> None:
    named = {name for fact in FACTS for name in fact.rules.split()}
    assert sorted(set(RULES) - named) == []


def test_every_accepted_case_is_named_by_a_fact() -> None:
    named = {name.partition("::")[2] for fact in FACTS for name in fact.tests.split()}
    assert sorted(set(ACCEPTED) - named) == []


@pytest.mark.parametrize("fact", [f for f in FACTS if f.rules and f.messages], ids=lambda f: f.fact)
def test_what_the_server_says_of_a_fact_leads_to_its_rules(fact: Fact) -> None:
    for message in fact.messages.split(" | "):
        found = {match.page.name for match in search_messages(message, PAGES)}
        assert found & set(fact.rules.split()), message


def _tests_of(module: str) -> list[str]:
    (path,) = HERE.parent.glob(f"*/{module}.py")
    return [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
