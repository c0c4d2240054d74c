"""Add, promote, pin, roll back: the old state or the new one, and nothing in between."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
from scaffold_models import write_onnx
from versioned_models import CONFIG, killed_at, make_model, names, tree

from triton_kit import lint
from triton_kit.cli import run
from triton_kit.errors import TkError
from triton_kit.versions.log import FILE, read_log


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    place = tmp_path / "shop" / "model_repository"
    place.mkdir(parents=True)
    monkeypatch.chdir(place.parent)
    return place


@pytest.fixture
def tk(capsys):
    """Run ``tk versions``; gives the exit code, stdout and stderr."""

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["versions", *map(str, args)])
        return code, *capsys.readouterr()

    return call


def served(tk) -> list[int]:
    """What the policy of the model m serves, as the list says it."""
    return json.loads(tk("m", "--format", "json")[1])["served"]


def test_the_list_says_what_is_served_and_what_each_version_is(repository, tk):
    make_model(repository, 1, 2, 10)
    code, out, err = tk("m")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "m  policy: latest (the default)"
    assert lines[1].split() == ["version", "size", "changed", "opset", "signature"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "10"]
    assert ["served" in line for line in lines[2:]] == [False, False, True]
    assert lines[4].endswith("17  x FP32 [-1, 4] -> y0 FP32 [-1, 4]")
    assert tk("list", "m")[1] == tk(repository / "m")[1] == out


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", [3]),
        ("version_policy { latest { num_versions: 2 } }", [2, 3]),
        ("version_policy { latest { } }", []),
        ("version_policy { all { } }", [1, 2, 3]),
        ("version_policy { }", [1, 2, 3]),
        ("version_policy { specific { versions: [ 3, 1, 9 ] } }", [1, 3]),
    ],
)
def test_every_form_of_policy_is_understood(repository, tk, policy, expected):
    make_model(repository, 1, 2, 3, config=CONFIG + policy)
    assert served(tk) == expected


def test_names_that_are_no_versions_are_told_and_left_alone(repository, tk):
    model = make_model(repository, 0, 1)
    for name in ("007", "1a", "warmup", "notes", "-3"):
        (model / name).mkdir()
    (model / "5").write_text("a file")
    code, out, _ = tk("m", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert [v["number"] for v in found["versions"]] == [0, 1]
    assert found["ignored"] == ["-3", "007", "1a"]
    before = tree(model)
    tk("prune", "m", "--keep", 1, "--force")
    assert before - tree(model) == {"0", "0/model.onnx"}
    assert tk("add", "m", model / "1/model.onnx")[0] == 0
    assert (model / "8/model.onnx").is_file()


@pytest.mark.parametrize("version", ["007", "1a", "-1", "", "9" * 40, "9223372036854775808", "٣", "1.0", "+1"])
def test_what_is_no_version_cannot_be_promoted(repository, tk, version):
    model = make_model(repository, 1, 2)
    before = tree(model)
    code, _, err = tk("promote", "m", "--", version)
    assert code == 2
    assert "not a version" in err
    assert tree(model) == before


def test_a_version_that_is_not_there_or_holds_no_model_is_refused(repository, tk):
    model = make_model(repository, 1, 2)
    (model / "3").mkdir()
    assert tk("promote", "m", 9)[0] == 2
    code, _, err = tk("promote", "m", 3)
    assert code == 1
    assert "nothing was written: a server would refuse it" in err
    assert (model / "config.pbtxt").read_text() == CONFIG
    assert not (model / FILE).exists()


def test_promoting_keeps_comments_and_is_logged_and_taken_back(repository, tk):
    config = f"# our ranker\n{CONFIG}version_policy {{ latest {{ num_versions: 1 }} }}  # newest\n"
    model = make_model(repository, 1, 2, 3, config=config)
    assert tk("promote", "m", 2)[0] == 0
    assert (model / "config.pbtxt").read_text() == config.replace(
        "latest { num_versions: 1 }", "specific { versions: [ 2 ] }"
    )
    assert tk("promote", "m", 2)[1] == "m serves version 2 already\n"
    assert tk("pin", "m", 1, 3)[0] == 0
    assert served(tk) == [1, 3]
    assert tk("rollback", "m")[1] == "m serves version 2 now; before, versions 1, 3\n"
    assert tk("rollback", "m")[0] == 0
    assert (model / "config.pbtxt").read_text() == config
    code, _, err = tk("rollback", "m")
    assert code == 2
    assert "nothing to go back to" in err
    assert [line.split()[2] for line in tk("log", "m")[1].splitlines()[1:]] == [
        "promote",
        "pin",
        "rollback",
        "rollback",
    ]
    assert lint(repository).diagnostics == ()


def test_a_rollback_after_a_version_came_serves_the_one_of_before(repository, tk):
    model = make_model(repository, 1, 2)
    assert tk("add", "m", model / "1/model.onnx")[0] == 0
    assert served(tk) == [3]
    assert tk("rollback", "m")[0] == 0
    assert served(tk) == [2]


def test_a_rollback_goes_back_from_an_edit_by_hand_too(repository, tk):
    model = make_model(repository, 1, 2, 3)
    tk("promote", "m", 1)
    config = (model / "config.pbtxt").read_text()
    (model / "config.pbtxt").write_text(config.replace("[ 1 ]", "[ 2 ]"))
    tk("rollback", "m")
    assert served(tk) == [1]


def test_a_rollback_to_what_was_removed_says_so(repository, tk):
    make_model(repository, 1, 2, 3)
    tk("promote", "m", 1)
    tk("promote", "m", 2)
    assert tk("prune", "m", "--keep", 2, "--force")[0] == 0
    code, _, err = tk("rollback", "m")
    assert code == 2
    assert "version 1, served before, is no longer there" in err


def test_a_model_without_a_configuration_gets_one_that_says_the_policy_alone(repository, tk):
    model = make_model(repository, 1, 2, config=None)
    assert tk("promote", "m", 1)[0] == 0
    assert (model / "config.pbtxt").read_text() == "version_policy { specific { versions: [ 1 ] } }\n"
    assert served(tk) == [1]
    assert lint(repository).diagnostics == ()


def test_what_is_rendered_survives_the_next_render(repository, tk, capsys):
    write_onnx(repository.parent / "a.onnx")
    assert run(["add", "m", "--from", "a.onnx"]) == 0
    file = repository / "m/model.yaml"
    file.write_text(file.read_text().replace("template:", "# what it is\ntemplate:"))
    tk("add", "m", "a.onnx")
    assert tk("promote", "m", 1)[0] == 0
    assert run(["render", "--check"]) == 0
    assert "# what it is" in file.read_text()
    assert "version_policy: {specific: {versions: [1]}}" in file.read_text()
    assert served(tk) == [1]
    file.write_text(file.read_text().replace("max_batch_size: 4", "max_batch_size: 2"))
    code, _, err = tk("promote", "m", 2)
    assert (code, "is not what model.yaml gives now" in err, "tk render" in err) == (2, True, True)
    config = repository / "m/config.pbtxt"
    config.write_text(config.read_text() + "# mine\n")
    assert "edited by hand" in tk("promote", "m", 2)[2]


def test_an_environment_that_sets_the_policy_itself_is_named(repository, tk):
    write_onnx(repository.parent / "a.onnx")
    run(["add", "m", "--from", "a.onnx"])
    tk("add", "m", "a.onnx")
    (repository / "m/model.prod.yaml").write_text("values:\n  version_policy: {all: {}}\n")
    assert run(["render", "--env", "prod", "m"]) == 0
    code, _, err = tk("promote", "m", 1)
    assert code == 2
    assert "model.prod.yaml" in err
    assert "all" in (repository / "m/config.pbtxt").read_text()


def test_a_changed_signature_is_refused_with_the_differences(repository, tk, tmp_path):
    model = make_model(repository, 1, 2)
    wider = write_onnx(tmp_path / "wider.onnx", shape=("batch", 8), outputs=2)
    before = tree(model)
    code, out, err = tk("add", "m", wider)
    assert (code, out) == (1, "")
    assert "input x is FP32 [-1, 8], and was FP32 [-1, 4]" in err
    assert "output y1 is new: FP32 [-1, 8]" in err
    assert tree(model) == before
    assert tk("add", "m", wider, "--allow-signature-change")[0] == 0
    assert served(tk) == [3]


def test_a_version_that_the_configuration_does_not_fit_is_refused(repository, tk, tmp_path):
    config = (
        CONFIG + 'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\nversion_policy { specific { versions: 1 } }'
    )
    make_model(repository, 1, config=config)
    wider = write_onnx(tmp_path / "wider.onnx", shape=("batch", 8))
    code, _, err = tk("add", "m", wider, "--allow-signature-change")
    assert code == 1
    assert "nothing was written: a server would refuse it" in err
    assert served(tk) == [1]


def test_files_that_go_with_a_model_come_along_by_copy_link_and_move(repository, tk, tmp_path):
    model = make_model(repository, 1)
    source = write_onnx(tmp_path / "big.onnx", external=True)
    for mode in ([], ["--link"], ["--move"]):
        code, _, err = tk("add", "m", source, *mode)
        assert code == 0, err
    for number in (2, 3, 4):
        assert names(model / str(number)) == ["big.data", "model.onnx"]
    assert not source.exists()
    assert not (tmp_path / "big.data").exists()


def test_a_version_directory_made_elsewhere_is_taken_whole(repository, tk, tmp_path):
    model = make_model(repository, 1, config='backend: "python"\n')
    (model / "1/model.py").write_text("class TritonPythonModel: ...\n")
    made = tmp_path / "made"
    (made / "parts").mkdir(parents=True)
    (made / "model.py").write_text("class TritonPythonModel: ...\n")
    (made / "parts/x.bin").write_bytes(b"x")
    tk("add", "m", made)
    assert {"2/model.py", "2/parts/x.bin"} <= tree(model)


@pytest.mark.parametrize("source", ["missing.onnx", "not.onnx", "empty"])
def test_what_is_no_model_file_leaves_nothing(repository, tk, tmp_path, source):
    model = make_model(repository, 1)
    (tmp_path / "not.onnx").write_bytes(b"no model")
    (tmp_path / "empty").mkdir()
    before = tree(repository.parent)
    code, out, err = tk("add", "m", tmp_path / source)
    assert code in (2, 3)
    assert (out, err[:6]) == ("", "error:")
    assert tree(repository.parent) == before
    assert model.is_dir()


def test_versions_that_are_needed_stay_and_the_reason_is_told(repository, tk):
    model = make_model(
        repository, 1, 2, 3, 4, 5, 6, config=CONFIG + "version_policy { specific { versions: [ 2, 6 ] } }"
    )
    (repository / "pipeline/1").mkdir(parents=True)
    (repository / "pipeline/config.pbtxt").write_text(
        'platform: "ensemble"\nmax_batch_size: 4\n'
        'input { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }\noutput { name: "b" data_type: TYPE_FP32 dims: [ 4 ] }\n'
        'ensemble_scheduling { step { model_name: "m" model_version: 3 input_map { key: "x" value: "a" }\n'
        'output_map { key: "y0" value: "b" } } }\n'
    )
    code, out, _ = tk("prune", "m", "--keep", 1, "--dry-run")
    assert code == 0
    assert out.splitlines() == [
        "m: versions 1, 4, 5 would be removed",
        "  version 2 stays: the policy serves it",
        "  version 3 stays: the ensemble pipeline asks for it",
    ]
    assert names(model) == ["1", "2", "3", "4", "5", "6", "config.pbtxt"]
    tk("prune", "m", "--keep", 1)
    assert names(model) == [FILE, "2", "3", "6", "config.pbtxt"]
    tk("prune", "m", "--keep", 1, "--force")
    assert names(model) == [FILE, "6", "config.pbtxt"]
    assert names(repository) == ["m", "pipeline"]
    assert names(repository.parent) == ["model_repository"]


def test_a_promotion_that_breaks_an_ensemble_is_refused(repository, tk):
    make_model(repository, 1, 2, config=CONFIG + "version_policy { specific { versions: [ 1 ] } }")
    (repository / "pipeline/1").mkdir(parents=True)
    (repository / "pipeline/config.pbtxt").write_text(
        'platform: "ensemble"\nmax_batch_size: 4\n'
        'input { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }\noutput { name: "b" data_type: TYPE_FP32 dims: [ 4 ] }\n'
        'ensemble_scheduling { step { model_name: "m" model_version: 1 input_map { key: "x" value: "a" }\n'
        'output_map { key: "y0" value: "b" } } }\n'
    )
    code, _, err = tk("promote", "m", 2)
    assert code == 1
    assert "version 1 of 'm' is not loaded" in err
    assert served(tk) == [1]


def test_a_version_that_is_a_link_loses_the_link_alone(repository, tk, tmp_path):
    model = make_model(repository, 2, 3)
    write_onnx(tmp_path / "kept/model.onnx")
    (model / "1").symlink_to(tmp_path / "kept")
    assert [v["number"] for v in json.loads(tk("m", "--format", "json")[1])["versions"]] == [1, 2, 3]
    assert tk("prune", "m", "--keep", 2)[0] == 0
    assert not os.path.lexists(model / "1")
    assert (tmp_path / "kept/model.onnx").is_file()


def states(model: Path) -> tuple[str, tuple[str, ...]]:
    return (model / "config.pbtxt").read_text(), tuple(sorted(p.name for p in model.iterdir() if p.name.isdecimal()))


@pytest.mark.parametrize("step", ["add", "promote", "prune"])
def test_killed_at_any_moment_there_is_the_old_state_or_the_new(tmp_path, monkeypatch, step, capsys):
    source = write_onnx(tmp_path / "a.onnx", external=True)
    monkeypatch.chdir(tmp_path)
    seen = []
    for number in range(500):
        shop = tmp_path / f"shop{number}"
        model = make_model(shop / "models", 1, 2, 3, config=CONFIG + "version_policy { specific { versions: 3 } }\n")
        arguments = {
            "add": ["add", str(model), str(source)],
            "promote": ["promote", str(model), "2"],
            "prune": ["prune", str(model), "--keep", "2"],
        }[step]
        old = states(model)
        killed = killed_at(number, partial(run, ["versions", *arguments]))
        seen.append(states(model))
        whole = {
            str(v / n) for v in model.iterdir() if v.name.isdecimal() for n in ("model.onnx",) if (v / n).is_file()
        }
        assert len(whole) == len(seen[-1][1]), "a version is there in part"
        if seen[-1][1][-1] == "4":
            assert (model / "4/a.data").is_file()
        # The next step finds its way, and nothing is left over.
        assert run(["versions", "promote", str(model), "3" if step == "promote" else "2"]) == 0
        log = read_log(model)
        assert all(one.done for one in log)
        assert (step in [one.action for one in log[:1]]) == (seen[-1] != old)
        assert names(shop) == ["models"]
        assert not [name for name in names(model) if name.startswith(".tk-stage")]
        if not killed:
            break
    assert number > 10
    assert len(set(seen)) == 2
    assert seen[0] == old
    assert seen[-1] != old


def test_of_many_at_once_each_gets_a_number_of_its_own(repository, tmp_path):
    model = make_model(repository, 1)
    source = write_onnx(tmp_path / "a.onnx")
    codes = []
    threads = [
        threading.Thread(target=lambda: codes.append(run(["versions", "add", str(model), str(source), "-q"])))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 5
    assert sorted(p.name for p in model.iterdir() if p.is_dir()) == ["1", "2", "3", "4", "5", "6"]
    assert [one.versions for one in read_log(model)] == [(2,), (3,), (4,), (5,), (6,)]


def test_a_full_disk_leaves_the_old_state(tmp_path, tk):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system")
    try:
        model = make_model(place / "models", 1, 2, config=CONFIG + "version_policy { specific { versions: 2 } }\n")
        source = write_onnx(tmp_path / "a.onnx")
        (tmp_path / "made").mkdir()
        source.rename(tmp_path / "made/model.onnx")
        (tmp_path / "made/big.bin").write_bytes(bytes(400_000))
        before, config = tree(place), (model / "config.pbtxt").read_text()
        code, _, err = tk("add", model, tmp_path / "made")
        assert code == 3
        assert "no space left on device" in err
        assert tree(place) == before
        with (place / "filler").open("wb") as file:
            try:
                file.write(bytes(300_000))
            except OSError:
                pass
        code, _, err = tk("promote", model, 1)
        assert code == 3
        assert (model / "config.pbtxt").read_text() == config
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_file_system_is_said_to_be_one(tmp_path, tk):
    place = tmp_path / "disk"
    model = make_model(place / "models", 1, 2)
    mount = ["mount", "--bind", "-o", "ro", str(place), str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount read-only")
    try:
        for arguments in (["promote", model, 1], ["prune", model, "--keep", 1], ["add", model, model / "1/model.onnx"]):
            code, _, err = tk(*arguments)
            assert code == 3
            assert "read-only file system" in err
        assert tk(model)[0] == 0
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_log_with_torn_and_foreign_lines_is_read_past_them(repository, tk):
    model = make_model(repository, 1, 2, 3)
    tk("promote", "m", 1)
    tk("promote", "m", 2)
    log = model / FILE
    log.write_text("{}\nno json\n" + log.read_text() + '[1]\n{"time": "2026-', encoding="utf-8")
    assert tk("rollback", "m")[0] == 0
    assert served(tk) == [1]
    log.unlink()
    log.mkdir()
    code, _, err = tk("rollback", "m")
    assert code == 3
    assert FILE in err


def test_another_tk_that_holds_the_model_is_waited_for_and_then_named(repository, monkeypatch):
    from triton_kit.versions.lock import locked

    model = make_model(repository, 1)
    with locked(model), pytest.raises(TkError, match="being changed by another tk"), locked(model, patience=0.1):
        pass
    with locked(model):
        pass
