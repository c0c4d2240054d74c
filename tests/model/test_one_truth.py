"""Whoever asks about a model gets the same answer: the public API, ``tk versions``, ``tk serve`` and ``tk validate``.

Asked about every repository that a real server judged, see ``verdicts.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

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
from triton_kit.runtime.config_override import written_config
from triton_kit.runtime.gpu.cpu_only import divide
from triton_kit.runtime.serve_plan import ServeRequest, as_served
from triton_kit.scaffold.tensors import derive
from triton_kit.serve.source import Source
from triton_kit.signature.errors import ModelFileError
from triton_kit.versions.model_folder import ModelFolder, served_by, state_of, versions_of
from triton_kit.versions.policy import read_policy

REFUSED = "not to be told"


class Asked(NamedTuple):
    """A repository as each of them has it: ``source`` is what ``tk serve`` and ``tk load`` load a model again from."""

    root: Path
    public: Repository
    validated: Repository
    served: Repository
    source: Source
    versions: Callable[[str], ModelFolder]


def ask(root: Path, server_args: tuple[str, ...], judged_by: dict[str, Any]) -> Asked:
    """Whoever takes the flags of a server gets them, and who has options of its own those that say the same."""
    validating = options(**judged_by)
    return Asked(
        root=root,
        public=triton_kit.load(root, server_args=server_args),
        validated=Run(validating).repository(str(root)),
        served=as_served(ServeRequest(repository=root, server_args=server_args)),
        source=Source(repository=root, server_args=server_args),
        versions=lambda name: ModelFolder(path=root / name, lint_options=validating),
    )


def told(read: Callable[[], Any]) -> Any:
    """What is read, or that it cannot be."""
    try:
        return read()
    except (Broken, TkError, ModelFileError, IndexError):
        return REFUSED


def completed(model: Model) -> Any:
    return told(lambda: complete_config(model, model.completed(model.versions[-1])))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    place = tmp_path_factory.mktemp("judged")
    found = []
    for case in read_cases():
        if judgeable(case):
            materialise(case, place / case["case"])
            found.append(ask(place / case["case"], tuple(case.get("args", ())), flags(case) or {}))
    return found


def test_all_name_the_same_models(asked: list[Asked]) -> None:
    assert len(asked) > 2000
    for one in asked:
        names = list(one.public.models)
        assert one.validated.names == names
        assert list(one.served.models) == names
        division = divide(one.served)
        assert sorted((*division.at_once, *(load.model for load in division.deferred))) == sorted(names), one.root


def test_all_take_the_flags_of_a_server_for_the_same(asked: list[Asked]) -> None:
    unusual = 0
    for one in asked:
        server = one.public.options
        assert one.validated.options == server, one.root
        assert one.served.options == server, one.root
        assert one.source.as_served().options == server, one.root
        unusual += server != triton_kit.load(one.root).options
    assert unusual > 10


def test_all_count_and_serve_the_same_versions(asked: list[Asked]) -> None:
    counted = 0
    for one in asked:
        for name, model in one.public.models.items():
            validated, to_serve, place = one.validated.model(name), one.served.model(name), one.versions(name)
            assert validated is not None
            assert to_serve is not None
            all_ = told(lambda m=model: list(m.all_versions))
            # tk versions warns of the directories below 0, which no request can name.
            shown = all_ if all_ == REFUSED else [number for number in all_ if number >= 0]
            assert told(lambda p=place: list(versions_of(p))) == shown, place
            assert told(lambda m=to_serve: list(m.all_versions)) == all_, place
            numbers = told(lambda m=validated: sorted(set(m.version_numbers.values())))
            assert numbers in (all_, REFUSED), place
            served = told(lambda m=validated: list(m.versions))
            assert told(lambda m=model: [v.number for v in m.versions]) == served, place
            assert told(lambda m=to_serve: list(m.versions)) == served, place
            if served != REFUSED and (policy := told(lambda p=place: state_of(p))) != REFUSED:
                assert list(policy.served) == served, place
                counted += len(served)
    assert counted > 1500


def test_all_complete_the_same_configurations(asked: list[Asked]) -> None:
    known = derived = 0
    for one in asked:
        for name, model in one.public.models.items():
            validated, to_serve = one.validated.model(name), one.served.model(name)
            assert validated is not None
            assert to_serve is not None
            found = completed(model)
            # As text, since NaN is not equal to itself.
            assert repr(completed(validated)) == repr(found), one.root / name
            assert repr(completed(to_serve)) == repr(found), one.root / name
            known += found != REFUSED
            if found == REFUSED or model.has_config or model.facts.completes != "signature":
                continue
            # tk add writes what the server completes, tensors in the order of the file.
            file = Path(model.model_file(model.versions[-1]))
            new = told(lambda m=model, f=file: derive(BACKENDS[m.backend], f, max_batch_size=None, release="24.10"))
            # It is for a server that is told nothing.
            if new != REFUSED and model.options == triton_kit.load(one.root).options:
                derived += 1
                assert new.max_batch_size == found.get("max_batch_size", 0), file
                for side, tensors in (("input", new.input), ("output", new.output)):
                    assert sorted(tensors, key=by_name) == sorted(found.get(side, ()), key=by_name), file
    assert known > 1000
    assert derived > 20


def test_a_model_is_loaded_again_with_the_configuration_that_the_others_read(asked: list[Asked]) -> None:
    loaded = 0
    for one in asked:
        for name, model in one.public.models.items():
            config = one.source.config(name)
            assert repr(config) == repr(written_config(model)), one.root / name
            loaded += bool(config)
    assert loaded > 1500


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
