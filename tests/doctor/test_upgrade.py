"""What ``tk doctor --from A --to B`` says of repositories that have each break, and of those that have none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from example_files import lint_example
from gpu_stand_ins import H100, only_these_programs, stand_in_nvidia_smi
from upgrade_breaks import BREAKS

from triton_kit.cli import run
from triton_kit.doctor.upgrade import advise, path_between
from triton_kit.doctor.upgrade_table import EVERYBODY, rows
from triton_kit.repository.release import newest, releases


def steps(
    capsys: pytest.CaptureFixture[str], repository: Path, before: str, after: str, *flags: str
) -> tuple[int, list[dict[str, str | None]]]:
    words = ["--only", "clock", "--format", "json", "--from", before, "--to", after]
    code = run(["doctor", str(repository), *words, "--", *flags])
    found = json.loads(capsys.readouterr().out)["upgrade"]
    assert all(step["source"] and step["group"] in ("must", "should", "know") for step in found)
    assert code == (1 if any(step["group"] == "must" for step in found) else 0)
    return code, found


@pytest.mark.parametrize("name", BREAKS)
def test_a_repository_with_a_break_is_told_of_it_with_its_source(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    one = BREAKS[name]
    lint_example(one.example, tmp_path / "r")
    _, found = steps(capsys, tmp_path / "r", one.before, one.after, *one.flags)
    told = [step for step in found if one.said in str(step["what"])]
    assert len(told) == 1, [step["what"] for step in found]
    assert told[0]["group"] == one.group
    assert told[0]["since"] == one.since
    assert one.source in str(told[0]["source"])
    assert told[0]["weight"] == ("breaks" if one.group == "must" else "look")


def test_what_does_not_concern_the_repository_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    lint_example("", tmp_path / "r")
    _, found = steps(capsys, tmp_path / "r", "23.01", newest().container)
    sources = {row["source"]: row["concerns"] for row in rows()}
    assert {sources[s] for step in found if (s := str(step["source"])) in sources} <= {*EVERYBODY, "fil"}
    told = " ".join(str(step["what"]) for step in found)
    for other in ("stub", "environment", "FIL wants", "correlation", "max_inflight", "Model Analyzer", "headers named"):
        assert other not in told


def test_a_flag_that_is_given_settles_what_it_is_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--http-max-input-size=1000000000", "--allow-client-shm=true")
    _, found = steps(capsys, tmp_path, "24.10", "26.04", *flags)
    told = " ".join(str(step["what"]) for step in found)
    assert "HTTP bodies" not in told
    assert "shared memory" not in told


def test_an_older_driver_must_be_updated_where_the_machine_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    stand_in_nvidia_smi(tmp_path / "bin", H100)
    code, found = steps(capsys, tmp_path, "25.07", "25.08")
    assert (code, found[0]["group"]) == (1, "must")
    assert found[0]["what"] == "25.08 has CUDA 13, which wants 580 or later, and this machine has the driver 560.35.03"
    _, found = steps(capsys, tmp_path, "24.10", "25.07")
    assert not any("driver" in str(step["what"]) for step in found)


def test_every_release_between_is_passed_and_none_on_the_way_back() -> None:
    assert path_between("25.10", "26.01") == ["25.11", "25.12", "26.01"]
    assert path_between("26.10", "27.02") == ["27.02"]
    assert path_between("26.01", "25.10") == ["25.10"]
    assert path_between("23.01", newest().container) == list(releases())[1:]


def test_what_must_be_done_comes_first_and_then_what_begins_first(tmp_path: Path) -> None:
    lint_example('platform: "tensorrt_plan"', tmp_path / "r")
    found = advise(tmp_path / "r", "24.10", "26.08")
    order = [(("must", "should", "know").index(step.group), step.since or "") for step in found]
    assert order == sorted(order)
    assert len({step.group for step in found}) == 3


def test_every_row_of_the_table_is_one_change_with_a_source() -> None:
    found = rows()
    assert len({row["change"] for row in found}) == len(found)
    assert all(not row["until"] or row["until"] > row["release"] for row in found)
    assert all(row["release"] in releases() for row in found)
    untold = {row["change"] for row in found if not any(one.said in row["change"] for one in BREAKS.values())}
    assert {change.partition(":")[0] for change in untold} == {
        "TensorFlow 1 is gone",
        "the TensorFlow backend is no part of the images, and there is no -tf2-python-py3 image",
        "the -py3-sdk image is without Model Analyzer, which is back in 25.11",
    }


def test_a_text_is_readable_with_a_release_a_remedy_and_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    run(["doctor", str(tmp_path), "--only", "clock", "--from", "25.04", "--release", "25.05"])
    assert (
        capsys.readouterr().out.partition("25.04 → 25.05\n")[2]
        == """
good to know (2)
  25.05  JSON that is nested more than 100 deep is refused
         → send such parameters as a text
         source: server pull request 8172
  25.05  the -py3-sdk image is without Model Analyzer, which is back in 25.11
         → install triton-model-analyzer in it, or take another -py3-sdk
         source: server pull requests 8159, 8511
"""
    )


def test_a_release_newer_than_the_table_is_noted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    last = f"{newest().container}, the last release of its table"
    note = f"release 98.12 is newer than what tk knows, and is judged as {last}"
    arguments = ["doctor", str(tmp_path), "--only", "clock", "--release", "98.12"]
    run(arguments)
    assert capsys.readouterr().err == f"note: {note}\n"
    run([*arguments, "--format", "json"])
    said = capsys.readouterr()
    assert (json.loads(said.out)["notes"], said.err) == ([note], "")
