"""A rule's page, and the way to it from what the server said."""

from __future__ import annotations

from pathlib import Path

import pytest
from verdicts import judge, judgeable, materialise, read_cases

from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.pages import GAP, example, page, search_messages, search_text
from triton_kit.linter.rule import RULES, load_rules

load_rules()
PAGES = {name: page(rule) for name, rule in RULES.items()}

SILENT = {
    "config-is-directory",
    "agents-without-agent",
    "batch-output-without-target",
}
"""Errors that end the server before it says anything."""

UNQUOTED = {"dali-file-missing", "fil-file", "fil-file-missing", "fil-tensor"}
"""Errors whose words at the server are not known."""


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_has_all_its_parts(name: str) -> None:
    one = PAGES[name]
    assert one.headline.endswith(".")
    assert one.bad
    assert one.good
    assert one.sources or RULES[name].severity is not Severity.ERROR, "name the place upstream: (core file.cc:function)"
    assert one.messages or one.severity != "error" or name in SILENT | UNQUOTED, "quote the server below 'Server says:'"
    assert not [s for s in one.sources if "`" in s], "what the server says is below 'Server says:'"
    assert not [m for m in one.messages if len(m.replace(GAP, "").strip()) < 8], "too short to be searched for"


def test_a_page_is_its_docstring_taken_apart() -> None:
    one = PAGES["preferred-batch-size-too-large"]
    assert one.severity == "error"
    assert one.area == "batching"
    assert one.headline == "A preferred batch is larger than the largest batch allowed."
    assert len(one.reason) == 1
    assert one.reason[0].endswith("before the backend fills that in, so an omitted one counts as 0.")
    assert one.sources == ("core model_config_utils.cc:ValidateModelConfig",)
    assert "dynamic batching preferred size must be <= max batch size" in one.messages
    assert one.bad.startswith("max_batch_size: 8\n")


def test_releases_are_said_where_not_all_behave_so() -> None:
    assert PAGES["tensorflow-removed"].releases == "from 25.03 on"
    assert PAGES["bf16-before-release"].releases == "before 26.03"
    assert PAGES["syntax"].releases == ""


def test_an_example_says_in_words_what_files_there_are() -> None:
    block = "name: 'm'\n-- old -> gone\n-- 02/\n-- l.txt\ncat\n-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n-- a fifo"
    assert example(block).splitlines() == [
        "name: 'm'",
        "-- old, a link to gone",
        "-- 02/, a directory",
        "-- l.txt:",
        "cat",
        "-- 1/model.onnx, an ONNX file with x FP32 [4] -> y FP32 [4]",
        "-- a, a pipe",
    ]
    assert (
        example("-- tk validate --strict\n-- no config.pbtxt")
        == "-- judged by: tk validate --strict\n-- no config.pbtxt"
    )


def names(text: str) -> list[str]:
    return [match.page.name for match in search_messages(text, PAGES.values())]


@pytest.mark.parametrize(
    "text",
    [
        "must specify 'dims'",
        "must specify dims",
        "MUST  specify\n'dims'",
        "E1122 23:14:01.5 1 manager.cc:1335] Poll failed for model 'm': model input 'x' must specify 'dims' for m",
    ],
)
def test_quotes_case_and_what_stands_around_a_message_do_not_matter(text: str) -> None:
    assert names(text) == ["tensor-without-dims"]


def test_what_varies_in_a_message_does_not_matter() -> None:
    assert names("ensemble 'e' depends on 'm1' whose required version 7 is not loaded.") == ["step-version-not-loaded"]


def test_a_part_of_a_longer_message_is_passed_over() -> None:
    line = "unable to load model 'm', configuration expects datatype TYPE_FP64 for input 'X', model provides TYPE_FP32"
    assert "onnx-data-type" in names(line)
    assert "onnx-input-count" not in names(line)


def test_next_to_nothing_finds_nothing() -> None:
    assert names("'") == names("") == names("e") == []


def test_a_search_takes_every_word() -> None:
    found = search_text("warm-up batch larger", list(PAGES.values()))
    assert [one.name for one in found] == ["warmup-batch-too-large"]


def test_what_a_real_server_said_leads_to_the_rule_that_fires(tmp_path: Path) -> None:
    total, missed = 0, []
    for n, case in enumerate(read_cases()):
        if not judgeable(case) or not any(v["reason"] for v in case["auto"].values()):
            continue
        materialise(case, tmp_path / str(n))
        report = judge(tmp_path / str(n), case, "auto")
        for model, verdict in case["auto"].items():
            fired = {d.rule for d in report.diagnostics if d.model == model and d.severity is Severity.ERROR}
            # What is said of a dead server is not its own.
            if fired and verdict["state"] != "READY" and not verdict["reason"].startswith(("server ", "no reason")):
                total += 1
                if verdict["reason"] and not fired.intersection(names(verdict["reason"])):
                    missed.append(f"{sorted(fired)}: {verdict['reason']}")
    assert total > 500
    assert len(missed) / total < 0.03, "\n".join(missed)
