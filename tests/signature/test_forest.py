"""What forests say of themselves, in files that the trainers wrote, and what is said of files that are none."""

from __future__ import annotations

import contextlib
import json
import os
import random
import struct
from pathlib import Path

import pytest
from model_files import forest as made

from triton_kit.backends import fil
from triton_kit.backends.table import for_file
from triton_kit.signature import forest, ubjson
from triton_kit.signature.errors import ModelFileError

HERE = Path(__file__).parent / "data" / "forests"
FILES = sorted(HERE.iterdir())
FORMATS = {
    ".json": "xgboost_json",
    ".ubj": "xgboost_ubj",
    ".model": "xgboost",
    ".txt": "lightgbm",
    ".tl": "treelite_checkpoint",
}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_real_file_tells_its_format_features_classes_and_goal(path: Path) -> None:
    found = forest.read(path)
    classes = {"regression": 1, "binary": 2, "classes": 3}[path.name.split(".")[0].partition("_")[0]]
    assert (found.format, found.features, found.classes) == (FORMATS[path.suffix], 4, classes)
    assert found.classifies is (classes > 1)
    backend = for_file(path)
    assert backend is not None
    assert backend.name == "fil"
    kind = fil.recognise(path)
    assert kind is not None
    assert kind.default_file == fil.FILES[found.format]


def test_the_files_are_what_the_trainers_write_today(tmp_path: Path) -> None:
    for module in ("xgboost", "lightgbm", "treelite"):
        pytest.importorskip(module)
    from make_forests import main

    main(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert forest.read(path) == forest.read(HERE / path.name), path.name


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_file_that_is_cut_short_or_altered_is_refused_or_read_and_never_more(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    rng = random.Random(path.name)
    file = tmp_path / path.name
    for _ in range(150):
        broken = bytearray(data[: rng.randrange(1, len(data))] if rng.random() < 0.5 else data)
        for _ in range(rng.randrange(4)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        file.write_bytes(bytes(broken))
        with contextlib.suppress(ModelFileError):
            found = forest.read(file)
            assert 0 < found.features <= 2**24
            assert 0 < found.classes <= 2**24


def refused(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        forest.read(path)
    return caught.value.detail


def test_what_is_no_forest_is_named(tmp_path: Path) -> None:
    file = tmp_path / "xgboost.json"
    cases: dict[bytes, str] = {
        b'{"model": "facebook/opt"}': "is a JSON file, not a forest",
        b"<!DOCTYPE html>": "is an HTML page, not a forest",
        b"version https://git-lfs.github.com/spec/v1\noid x": "is a git-lfs pointer, not the model itself",
        b"\x80\x04\x95": "is a Python pickle, not a forest",
        b"": "is empty",
        (HERE / "classes.json").read_bytes()[:-40]: "ends in the middle, perhaps cut short",
        (HERE / "classes.json").read_bytes()[:-140]: "is a forest of XGBoost without its learner_model_param",
        (HERE / "classes.txt").read_bytes()[:900]: "is a LightGBM forest without its end, perhaps cut short",
        b"[" * 100_000: "is a JSON file, not a forest",
    }
    for data, said in cases.items():
        file.write_bytes(data)
        assert refused(file).startswith(said), data[:20]
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == "is a named pipe, not a model file"
    assert refused(tmp_path) == "is a directory, not a model file"


def test_numbers_that_count_nothing_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    for value in ("-1", "0", "1e9", "9" * 30, "٤", "", None, 1.5, [], {"a": 1}):
        learner = {"learner_model_param": {"num_feature": value, "num_class": "0"}, "objective": {"name": "reg:x"}}
        file.write_text(json.dumps({"learner": learner}))
        assert "num_feature" in refused(file)


def test_a_key_in_the_trees_does_not_deceive(tmp_path: Path) -> None:
    """A feature may be called as the block that tells; the last block counts."""
    file = tmp_path / "f.json"
    real = json.loads(made(".json", 7))
    real["learner"] = {"feature_names": ['learner_model_param": {"num_feature": "9"}'], **real["learner"]}
    file.write_text(json.dumps(real))
    assert forest.read(file).features == 7


def test_an_old_binary_file_without_its_magic_word_is_read(tmp_path: Path) -> None:
    (tmp_path / "f.model").write_bytes((HERE / "binary.model").read_bytes()[4:])
    found = forest.read(tmp_path / "f.model")
    assert (found.format, found.features, found.objective) == ("xgboost", 4, "binary:logistic")


def test_objects_of_ubjson_are_bounded() -> None:
    assert ubjson.decode(b"{U\x01aSU\x01bi\x01ci\x05}rest") == {"a": "b", "c": 5}
    deep = b"{" + b"U\x01a{" * 50
    endless = b"{L" + struct.pack(">q", 2**62) + b"a"
    for data in (b"", b"[", b"{", b"{U", b"{U\xff", b"{U\x01aSL\xff\xff\xff\xff\xff\xff\xff\xff}", deep, endless):
        assert ubjson.decode(data) is None
