"""Whoever asks about a model gets the same answer: the public API, ``tk versions``, ``tk serve`` and ``tk validate``.

Asked about every repository that a real server judged, see ``verdicts.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from verdicts import flags, judgeable, materialise, read_cases

import triton_kit
from triton_kit.backends.table import BACKENDS
from triton_kit.errors import TkError
from triton_kit.linter.engine import Run
from triton_kit.linter.options import options
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.normalization import complete_config
from triton_kit.model.repository import Repository
from triton_kit.runtime.gpu.cpu_only import divide
from triton_kit.scaffold.tensors import derive
from triton_kit.signature.errors import ModelFileError
from triton_kit.versions.model_folder import ModelFolder, served_by, state_of, versions_of
from triton_kit.versions.policy import read_policy

REFUSED = "not to be told"


def told(read: Callable[[], Any]) -> Any:
    """What is read, or that it cannot be."""
    try:
        return read()
    except (Broken, TkError, ModelFileError, IndexError):
        return REFUSED


def completed(model: Model) -> Any:
    return told(lambda: complete_config(model, model.completed(model.versions[-1])))


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("judged")
    found = []
    for case in read_cases():
        # Cases with server flags have other answers, and the same code gives them.
        if judgeable(case) and not flags(case):
            materialise(case, place / case["case"])
            found.append(place / case["case"])
    return found


def test_all_name_the_same_models(repositories: list[Path]) -> None:
    assert len(repositories) > 1500
    for root in repositories:
        names = list(triton_kit.load(root).models)
        assert Run(options()).repository(str(root)).names == names
        division = divide(root)
        assert sorted((*division.at_once, *(load.model for load in division.deferred))) == sorted(names), root


def test_all_count_and_serve_the_same_versions(repositories: list[Path]) -> None:
    counted = 0
    for root in repositories:
        judged = Run(options()).repository(str(root))
        for name, model in triton_kit.load(root).models.items():
            validated = judged.model(name)
            assert validated is not None
            place = ModelFolder(path=root / name, lint_options=options())
            all_ = told(lambda m=model: list(m.all_versions))
            # tk versions warns of the directories below 0, which no request can name.
            shown = all_ if all_ == REFUSED else [number for number in all_ if number >= 0]
            assert told(lambda p=place: list(versions_of(p))) == shown, place
            numbers = told(lambda m=validated: sorted(set(m.version_numbers.values())))
            assert numbers in (all_, REFUSED), place
            served = told(lambda m=validated: list(m.versions))
            assert told(lambda m=model: [v.number for v in m.versions]) == served, place
            if served != REFUSED and (policy := told(lambda p=place: state_of(p))) != REFUSED:
                assert list(policy.served) == served, place
                counted += len(served)
    assert counted > 1500


def test_all_complete_the_same_configurations(repositories: list[Path]) -> None:
    known = derived = 0
    for root in repositories:
        judged = Run(options()).repository(str(root))
        for name, model in triton_kit.load(root).models.items():
            validated = judged.model(name)
            assert validated is not None
            found = completed(model)
            # As text, since NaN is not equal to itself.
            assert repr(completed(validated)) == repr(found), root / name
            known += found != REFUSED
            if found == REFUSED or model.has_config or model.facts.completes != "signature":
                continue
            # tk add writes what the server completes, tensors in the order of the file.
            file = Path(model.model_file(model.versions[-1]))
            new = told(lambda m=model, f=file: derive(BACKENDS[m.backend], f, max_batch_size=None, release="24.10"))
            if new != REFUSED:
                derived += 1
                assert new.max_batch_size == found.get("max_batch_size", 0), file
                for side, tensors in (("input", new.input), ("output", new.output)):
                    assert sorted(tensors, key=by_name) == sorted(found.get(side, ()), key=by_name), file
    assert known > 1000
    assert derived > 20


def by_name(tensor: dict[str, Any]) -> str:
    return str(tensor["name"])


def test_a_directory_whose_name_begins_with_a_number_counts_for_all(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    (folder / "1abc").mkdir(parents=True)
    (folder / "config.pbtxt").write_text('backend: "python"')
    model = triton_kit.load(tmp_path).models["m"]
    assert [(v.number, v.path) for v in model.versions] == [(1, folder / "1")]
    place = ModelFolder(path=folder, lint_options=options())
    assert versions_of(place) == {1: folder / "1"}
    assert served_by(place, read_policy(model.document.message)) == (1,)
    validated = Repository(str(tmp_path)).model("m")
    assert validated is not None
    assert validated.versions == [1]
