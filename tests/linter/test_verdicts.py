"""What a real tritonserver 24.10 accepted and refused, against what we say of the same repositories.

Each case was judged by the server with automatic completion and without. A disagreement is in
``data/disagreements.tsv`` with its reason, and that list is exact.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from verdicts import KNOWN, Difference, compare_all

AT_LEAST = 0.9977
"""The share of verdicts that agree; it only rises."""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[Difference]]:
    return compare_all(tmp_path_factory.mktemp("verdicts"))


def known() -> dict[str, str]:
    lines = Path(KNOWN).read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


def test_nearly_all_verdicts_of_the_server_are_ours_too(compared: tuple[int, list[Difference]]) -> None:
    total, differences = compared
    assert total > 4800
    assert 1 - len(differences) / total >= AT_LEAST


def test_every_disagreement_is_known_and_has_a_reason(compared: tuple[int, list[Difference]]) -> None:
    _, differences = compared
    found = {d.key for d in differences}
    listed = known()
    new = [d for d in differences if d.key not in listed]
    assert not new, "\n".join(f"{d.key}: server {d.server} ({d.reason}), ours: {d.ours or 'accepts'}" for d in new)
    assert set(listed) <= found, f"agrees now, take it from the list: {sorted(set(listed) - found)}"
    assert all(listed.values())
