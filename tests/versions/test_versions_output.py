"""Everything that ``tk versions`` prints and writes for a fixed model."""

from __future__ import annotations

from pathlib import Path

from scaffold_models import write_onnx
from transcript import files
from versioned_models import CONFIG, make_model

POLICIES = {
    "none": "",
    "latest": "version_policy { latest { num_versions: 2 } }\n",
    "all": "version_policy { all { } }\n",
    "specific": "version_policy { specific { versions: [ 1, 3 ] } }\n",
}


def test_the_list_of_each_policy(told, tmp_path, snapshot):
    for name, policy in POLICIES.items():
        make_model(tmp_path / "models", 1, 2, 3, config=CONFIG + policy, name=name)
    (tmp_path / "models/none/007").mkdir()
    (tmp_path / "models/none/4_old").mkdir()
    commands = [f"versions models/{name}{form}" for name in POLICIES for form in ("", " --format json")]
    assert told(*commands) == snapshot


def test_moves_and_the_log_of_them(told, tmp_path, snapshot):
    make_model(tmp_path / "models", 1, 2, 3)
    write_onnx(tmp_path / "next.onnx", weight=2)
    write_onnx(tmp_path / "other.onnx", shape=("batch", 8), outputs=2)
    shown = told(
        "versions promote models/m 2",
        "versions promote models/m 2",
        "versions pin models/m 1 3",
        "versions pin models/m 3 3 1 --format json",
        "versions rollback models/m",
        "versions rollback models/m --format json",
        "versions rollback models/m",
        "versions add models/m other.onnx",
        "versions add models/m next.onnx",
        "versions add models/m other.onnx --allow-signature-change",
        "versions add models/m other.onnx --format json",
        "versions promote models/m 9",
        "versions promote models/m 01",
        "versions promote models/nothing 1",
        "versions log models/m",
        "versions log models/m --format json",
        "versions models/m",
    )
    assert shown == snapshot


def test_what_is_pruned_and_why_the_rest_stays(told, tmp_path, snapshot):
    make_model(tmp_path / "models", 1, 2, 3, 4, 5, config=CONFIG + "version_policy { specific { versions: [ 2 ] } }\n")
    shown = told(
        "versions promote models/m 3",
        "versions prune models/m --keep 1 --dry-run",
        "versions prune models/m --keep 1 --dry-run --format json",
        "versions prune models/m --keep 2",
        "versions prune models/m --keep 1 --force --format json",
        "versions prune models/m --keep 5",
        "versions log models/m",
    )
    assert shown == snapshot


def test_two_versions_compared(told, tmp_path, snapshot):
    model = make_model(tmp_path / "models", 1, 2)
    write_onnx(model / "3/model.onnx", shape=("batch", 8), outputs=2, opset=18)
    commands = [f"versions diff models/m {pair}{form}" for pair in ("1 2", "1 3") for form in ("", " --format json")]
    assert told(*commands, "versions diff models/m 1 7") == snapshot


def test_the_texts_of_a_policy_in_a_configuration_and_in_a_yaml(snapshot):
    from triton_kit.versions import config_edit, yaml_edit
    from triton_kit.versions.policy import Policy, specific

    policies = (Policy(), Policy(kind="latest", numbers=(3,)), Policy(kind="all"), specific([2, 1, 2]))
    texts = ("", '# a\nname: "m"\n', *(f'# a\n{text}# b\nname: "m" # c\n' for text in POLICIES.values() if text))
    yamls = (
        "",
        "values:\n  a: 1 # one\n",
        "values: {version_policy: {all: {}}, a: 1}\n",
        "config:\n  version_policy:\n    all: {} # x\n",
    )
    written = [f"{policy}:\n{config_edit.with_policy(text, policy, name='c')}" for policy in policies for text in texts]
    written += [
        f"{policy}:\n{yaml_edit.with_policy(t, policy, file=Path('m.yaml'))}" for policy in policies[1:] for t in yamls
    ]
    written += [yaml_edit.with_policy(text, Policy(), file=Path("m.yaml")) for text in (yamls[0], yamls[1], yamls[3])]
    assert "\n".join(written) == snapshot


def test_what_stands_on_disk_after_the_moves(told, tmp_path, snapshot):
    make_model(tmp_path / "models", 1, 2, config=f"# ours\n{CONFIG}")
    told("versions promote models/m 1", "versions pin models/m 2 1", "versions rollback models/m")
    assert files(tmp_path / "models") == snapshot
