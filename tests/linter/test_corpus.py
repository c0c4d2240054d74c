"""Configurations of public repositories, where a directory of checkouts is at hand (``TK_TEST_CORPUS``)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpus import EXCEPTIONS, Judged, judge_all, listed

AS_EXPECTED = 0.985
"""The share of the suite's configurations that are judged as it expects; it only rises."""


def exceptions() -> dict[str, str]:
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    root = os.environ.get("TK_TEST_CORPUS")
    if not root:
        pytest.skip("TK_TEST_CORPUS names no directory of checkouts")
    return list(judge_all(Path(root)))


def test_the_list_holds_paths_and_checksums_and_no_file_twice() -> None:
    found = listed()
    assert len(found) > 400
    assert len({one.key for one in found}) == len(found)
    assert all(len(one.sha256) == 64 and len(one.commit) == 40 for one in found)


@pytest.mark.slow
def test_every_configuration_of_the_corpus_can_be_read(judged: list[Judged]) -> None:
    broken = [one.listed.key for one in judged if not (one.parses or one.template)]
    assert not broken


@pytest.mark.slow
def test_the_configurations_of_the_suite_are_judged_as_it_expects(judged: list[Judged]) -> None:
    suite = [one for one in judged if one.listed.expected]
    wrong = {one.listed.key for one in suite if not one.as_expected}
    assert wrong == {key for key in exceptions() if key in {one.listed.key for one in suite}}
    assert 1 - len(wrong) / len(suite) >= AS_EXPECTED


@pytest.mark.slow
def test_what_is_refused_elsewhere_is_refused_for_a_known_reason(judged: list[Judged]) -> None:
    known = exceptions()
    new = {
        one.listed.key: [d.message for d in one.said if str(d.severity) == "error"]
        for one in judged
        if not one.listed.expected and one.refused and one.listed.key not in known
    }
    assert not new
