"""What servers write when something is wrong is known: the table, held to real logs and to the facts."""

from __future__ import annotations

import csv
import lzma
import re
from pathlib import Path

import pytest

from triton_kit.linter.rule import load_rules
from triton_kit.runtime.log.digest import Reader
from triton_kit.runtime.log.events import read
from triton_kit.runtime.log.lines import as_written
from triton_kit.runtime.log.message import GAP, Message
from triton_kit.runtime.log.messages import KnownProblem, Table, fill, known_texts, read_known
from triton_kit.runtime.log.wrapping import is_wrapping
from triton_kit.serve.log import table_with_rules

DATA = Path(__file__).parent / "data"
FACTS = Path(__file__).parents[1] / "linter" / "data" / "facts.csv"
REAL = lzma.decompress((DATA / "server_lines.txt.xz").read_bytes()).decode("utf-8", "surrogateescape").split("\n")
TABLE = table_with_rules()


def fragments() -> list[tuple[str, str]]:
    """Each message that a fact, or a symptom that users report, is known by; a fact may have several."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        found = [(row["fact"], m) for row in csv.DictReader(file) for m in row["messages"].split(" | ") if m]
    with (DATA / "fragments.csv").open(encoding="utf-8", newline="") as file:
        return found + [(row["fact"], row["message"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("line", REAL)
def test_a_line_of_trouble_of_a_real_server_is_known(line: str) -> None:
    reader = Reader(TABLE)
    reader.logged = True
    reader.take(as_written(line.encode("utf-8", "surrogateescape")), 1)
    found = reader.digest(1)
    assert found.unknown == []
    (problem,) = [*found.problems, *found.harmless]
    assert problem.cause
    assert problem.help
    assert "{" not in problem.cause.replace("${...}", "").replace("${x}", "").replace('"{"', "").replace("at {", ""), (
        problem.cause
    )


def test_most_real_lines_are_known_for_what_they_are_and_not_only_in_general() -> None:
    kinds = [found[0].kind for line in REAL if (found := TABLE.find(read(line).text)) is not None]
    assert len(kinds) > 400
    assert kinds.count("general") < len(kinds) / 20


@pytest.mark.parametrize(("fact", "message"), fragments())
def test_each_message_of_the_facts_and_symptoms_is_known_or_a_part_of_one_that_is(fact: str, message: str) -> None:
    wanted = _plain(message)
    if TABLE.find(message.replace(GAP, " x ")) is None and not is_wrapping(message):
        assert any(wanted in _plain(text) for text in TEXTS), fact


def _plain(text: str) -> str:
    return " ".join(re.sub(rf"['\"`]|{GAP}", " ", text).casefold().split())


TEXTS = [
    *(line for known in known_texts() for m in known.messages for line in m.literals),
    *(message for rule in load_rules().values() for message in rule.doc.splitlines()),
]


@pytest.mark.parametrize("known", known_texts(), ids=lambda known: known.messages[0].literals[0] or known.cause)
class TestEntry:
    def test_its_sentences_say_what_its_messages_tell_and_end_without_a_dot(self, known: KnownProblem) -> None:
        told = {hole.lstrip("*") for message in known.messages for hole in message.holes} | {
            "engine",
            "model",
            "backend",
        }
        for sentence in filter(None, (known.cause, known.help, known.command)):
            assert set(re.findall(r"\{([a-z]+)\}", sentence)) <= told
            assert not sentence.endswith(".")
            assert not re.search(r"\{[a-z]+\}", fill(sentence, {}))

    def test_it_is_found_by_each_of_its_messages(self, known: KnownProblem) -> None:
        table = Table([known])
        for message in known.messages:
            text = "".join(a + b for a, b in zip(message.literals, [*("x" for _ in message.holes), ""], strict=True))
            assert message.words, "a message needs a whole word to be found by"
            text += "\n  /opt/tritonserver/backends/b/model.py(3): f" if known.code == "backend" else ""
            assert table.find(text.replace("  ", " ")) or table.find(text)

    def test_its_remedy_says_what_to_do(self, known: KnownProblem) -> None:
        for vague in ("correct it", "look at its code", "look at the lines"):
            assert vague not in known.help
        assert len(known.help.split()) > 1 or known.command

    def test_its_rule_exists(self, known: KnownProblem) -> None:
        assert known.rule is None or known.rule in load_rules()


def test_a_message_that_several_rules_quote_has_an_entry_of_its_own() -> None:
    from triton_kit.linter.pages import page

    quoted: dict[str, list[str]] = {}
    for rule in load_rules().values():
        for message in page(rule).messages:
            quoted.setdefault(message, []).append(rule.name)
    own = Table(known_texts())
    shared = [message for message, names in quoted.items() if len(names) > 1 and not is_wrapping(message)]
    assert [message for message in shared if own.find(message.replace(GAP, " x ")) is None] == []


def test_a_hole_takes_what_stands_between_and_the_end_what_is_wanted() -> None:
    message = Message.read("…has no {what} '{name}', allowed are: {*names}")
    assert message.find("it has no input 'a b', allowed are: x, y\nmore") == {
        "what": "input", "name": "a b", "names": "x, y",
    }  # fmt: skip
    assert message.find("it has no input 'a b'") is None
    assert Message.read("{address}: bind: in use").find("listen 1.2.3.4:80: bind: in use") == {"address": "1.2.3.4:80"}
    assert Message.read("no flag '{flag}'").find("no flag '--a'") == {"flag": "--a"}
    assert Message.read("version {version}").find("version 7, which") == {"version": "7"}


def test_what_a_message_does_not_tell_is_left_out_of_the_sentence() -> None:
    assert fill("it did not start: {reason}", {"reason": "no"}) == "it did not start: no"
    assert fill("it did not start: {reason}", {}) == "it did not start"
    assert fill("{model} has no '{what}'", {}) == f"a model has no {GAP}"


def test_what_is_closest_is_found_first() -> None:
    table = Table(
        read_known(
            "[a]\n\n…no go\n= general\n> x\n~ general\n\n"
            "…no go at all\n= exact\n> x\n\n…no\n= after\n> x\n~ consequence"
        )
    )
    found = table.find("there is no go at all")
    assert found is not None
    assert found[0].cause == "exact"


def test_a_short_fragment_in_what_no_server_logged_says_nothing() -> None:
    table = Table(read_known("[onnx]\n\n…to boolean\n= no truth value\n> x"))
    assert table.find("converted it to boolean", level="") is None
    assert table.find("converted it to boolean", level="E") is not None


def test_an_unknown_kind_of_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="often is not a kind"):
        read_known("[a]\n\nno go\n= general\n> x\n~ often")
