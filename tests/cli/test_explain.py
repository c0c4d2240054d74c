"""``tk explain`` as a command."""

from __future__ import annotations

import json

import pytest

from triton_kit.cli import run

LOG_LINE = (
    "E1122 23:14:01.570231 1 model_lifecycle.cc:642] failed to load 'm' version 1: Invalid argument: model 'm', tensor "
    "'X': the model expects 2 dimensions (shape [-1,4]) but the model configuration specifies 1 dimensions (shape [4])"
)


def test_a_page_says_what_why_and_how_it_looks_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "name-mismatch"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "name-mismatch  error  layout",
        "",
        "The name in the configuration is not the directory's.",
        "",
        "They must be equal byte for byte; an omitted name is the directory's.",
        "",
        "The server says",
        "  directory name must equal model name",
        "",
        "Bad",
        '  name: "another"',
        "",
        "Good",
        '  name: "m"',
        "",
        "Source",
        "  core model_repository_manager.cc:InitializeModelInfo",
    ]
    assert shown.err == ""


@pytest.mark.parametrize("name", ["[name-mismatch]", "name_mismatch", "Name-Mismatch"])
def test_a_name_may_be_pasted_as_it_stands_elsewhere(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name]) == 0
    assert capsys.readouterr().out.startswith("name-mismatch  error")


def test_several_rules_are_several_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "name-mismatch", "syntax", "syntax"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("name-mismatch")
    assert shown.count("\n\nsyntax  error  parsing\n") == 1


@pytest.mark.parametrize("words", [["must specify 'dims'"], ["must", "specify", "dims"]])
def test_a_message_of_the_server_finds_its_rule(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *words]) == 0
    assert capsys.readouterr().out.startswith("tensor-without-dims  error  tensors\n")


def test_a_whole_log_line_finds_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", LOG_LINE]) == 0
    assert "\nonnx-dims  error  " in capsys.readouterr().out


def test_a_message_that_is_known_by_itself_says_what_it_means_before_the_rules_that_quote_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["explain", "failed to read text proto from /models/m/config.pbtxt"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("/models/m/config.pbtxt is not valid text format\n\n  help: run tk validate on it")
    assert "\nsyntax  error  parsing\n" in shown.out
    assert "rules that quote such a message: unknown-field, " in shown.out


def test_a_message_of_which_only_the_wrapping_is_known_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "failed to load 'm' version 1: Internal: onnx runtime error 1: something odd"]) == 2
    assert capsys.readouterr().err.startswith("error: nothing is known of such a message of the server\n  hint: ")
    assert run(["explain", "onnx runtime error"]) == 0


def test_a_message_that_only_rules_quote_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "must be non-negative", "or must be positive: model input must specify"]) == 2
    assert run(["explain", "is mapping to non-existing"]) == 0
    assert capsys.readouterr().out.startswith("step-maps-unknown-tensor  error")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Request for unknown model: 'ranker' is not found", "a request is for a model that is not loaded: ranker"),
        ("unexpected inference output 'Y' for model 'm'", "a request asks m for its output 'Y'"),
        ("unable to find 'libtriton_fil.so' or 'fil/model.py' for model 'm', in /x", "the server has no backend fil"),
        ("inference input data-type is 'INT8', model expects 'BYTES' for 'm'", "a request gives an input as INT8"),
        (
            "TypeError: exec(): incompatible function arguments. The following\n 1. (self)\nkwargs: decoupled=True",
            "model.py",
        ),
    ],
)
def test_a_message_to_a_client_is_told_in_words_before_any_rule(
    message: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", message]) == 0
    assert capsys.readouterr().out.startswith(said)
    assert run(["explain", message, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["known"]["cause"].startswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "hint: name one, or quote what the server said"),
        (["name-mismatched"], "error: name-mismatched is not a rule\n  hint: did you mean name-mismatch?"),
        (["warmup"], "error: warmup is an area, not a rule\n  hint: tk rules --area warmup lists its rules"),
        (["nothing like that at all"], "error: no rule is called 'nothing like that at all', and none quotes such"),
        (["name-mismatch", "sintax"], "error: sintax is not a rule\n  hint: did you mean syntax?"),
    ],
)
def test_what_is_no_rule_ends_with_2_and_the_way_on(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_json_has_each_part_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "tensorflow-removed", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["version"] == 1
    (rule,) = shown["rules"]
    assert rule["name"] == "tensorflow-removed"
    assert rule["releases"] == "from 25.03 on"
    assert rule["messages"] == ["unable to find backend library for backend 'tensorflow'"]
    assert set(rule) == {
        *("name", "severity", "area", "releases", "headline", "reason", "sources", "messages", "bad", "good"),
        "backends",
    }


def test_json_says_what_a_message_was_found_by(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "circular dependency", "--format", "json"]) == 0
    (rule,) = json.loads(capsys.readouterr().out)["rules"]
    assert rule["name"] == "ensemble-cycle"
    assert rule["found"] == "circular dependency between ensembles"


def test_headings_are_coloured_only_where_colours_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["explain", "syntax"])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(["explain", "syntax"])
    shown = capsys.readouterr().out
    assert shown.startswith("\x1b[1msyntax\x1b[0m  \x1b[1;31merror\x1b[0m  parsing\n")
    assert "\x1b[1mBad\x1b[0m\n  max_batch_size: 8\n" in shown


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_prose_fits_the_terminal(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    run(["explain", "onnx-dims"])
    prose = capsys.readouterr().out.partition("The server says")[0].splitlines()[1:]
    assert max(map(len, prose)) <= min(int(columns), 100)
