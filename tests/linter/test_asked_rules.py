"""Rules that cannot have anything to say are not asked: that saves time and changes no report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from example_files import blocks, lint_example
from verdicts import materialise, read_cases

from triton_kit import lint
from triton_kit.linter.areas import AREA_OF, AREAS, Area
from triton_kit.linter.rule import RULES, Rule, area_rules, load_rules

load_rules()


def ask_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Area, "may_speak", lambda *_: True)
    patch.setattr(Rule, "may_speak", lambda *_: True)


def test_no_report_on_what_a_server_judged_depends_on_which_rules_were_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i, case in enumerate(read_cases()[::2]):
        root = tmp_path / str(i)
        materialise(case, root)
        asked = lint(root)
        with monkeypatch.context() as patch:
            ask_all(patch)
            assert lint(root).diagnostics == asked.diagnostics, case


def test_no_report_on_the_examples_of_the_pages_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, rule in RULES.items():
        for kind in ("Bad", "Good"):
            for i, block in enumerate(blocks(rule.doc, kind)):
                asked = lint_example(block, tmp_path / f"{name}-{kind}-{i}" / "repository")
                with monkeypatch.context() as patch:
                    ask_all(patch)
                    again = lint_example(block, tmp_path / f"{name}-{kind}-{i}-all" / "repository")
                told = [d.message.replace(f"{name}-{kind}-{i}", f"{name}-{kind}-{i}-all") for d in asked.diagnostics]
                assert [d.message for d in again.diagnostics] == told
                assert [d.rule for d in again.diagnostics] == [d.rule for d in asked.diagnostics]


@pytest.mark.parametrize("config", ["", "max_batch_size: -1"], ids=["accepted", "refused"])
@pytest.mark.parametrize(
    "judging",
    ["from triton_kit import lint as f", "from triton_kit.cli.graph import graph as f"],
    ids=["lint", "graph"],
)
def test_what_no_model_concerns_is_not_imported(judging: str, config: str, tmp_path: Path) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "1" / "model.py").write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
    (tmp_path / "m" / "config.pbtxt").write_text(f'backend: "python" {config}')
    code = (
        f"import sys; {judging}; f(sys.argv[1]);"
        "p = 'triton_kit.linter.rules.'; print(*(n.removeprefix(p) for n in sys.modules if n.startswith(p)))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert {"openvino.tensors", "tensorrt", "warmup", "ensemble.structure", "fil.files"}.isdisjoint(done.stdout.split())
    assert "python.source" in done.stdout.split()


def test_an_area_is_asked_about_the_backends_that_its_rules_are_about() -> None:
    for name, area in AREAS.items():
        if area.backends:
            about = [{*rule.backends, *rule.platforms} for rule in area_rules(name)]
            assert all(about), name
            assert set().union(*about) == set(area.backends), name


def test_a_rule_is_asked_about_its_own_backend_or_platform_alone() -> None:
    of_backend, of_platform, of_all = RULES["vllm-completion"], RULES["aoti-names"], RULES["syntax"]
    assert of_backend.concerns(("vllm", ""))
    assert not of_backend.concerns(("python", "vllm"))
    assert of_platform.concerns(("pytorch", "torch_aoti"))
    assert not of_platform.concerns(("torch_aoti", ""))
    assert not of_backend.concerns(None)
    assert of_all.concerns(None)
    assert of_all.concerns(("vllm", ""))


def test_every_module_of_rules_is_in_an_area() -> None:
    folder = Path(sys.modules["triton_kit.linter.rules"].__file__ or "").parent
    modules = {".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")}
    assert {module for module in modules if not module.endswith("__init__")} == set(AREA_OF)
    assert len(AREA_OF) == sum(len(area.modules) for area in AREAS.values())
