"""What a SavedModel and a frozen graph say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import field, frozen_graph, meta_graph, saved_model, served, signature_def

from triton_kit.backends.tensorflow import complete, read_served
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.savedmodel import read, read_graph

X = [("x", "FP32", (-1, 4))]
Y = [("y", "INT64", (-1,)), ("z", "STRING", None), ("s", "BOOL", ())]


def put(path: Path, data: bytes) -> Path:
    path.mkdir(exist_ok=True)
    (path / "saved_model.pb").write_bytes(data)
    return path


def test_the_served_signature_has_keys_types_and_shapes(tmp_path: Path) -> None:
    found = read_served(put(tmp_path / "m", served(X, Y)))
    assert found.name == "serving_default"
    assert [(t.name, t.dtype, t.shape) for t in found.inputs] == [("x", "TYPE_FP32", (None, 4))]
    assert [(t.name, t.dtype, t.shape) for t in found.outputs] == [
        ("y", "TYPE_INT64", (None,)),
        ("z", "TYPE_STRING", None),
        ("s", "TYPE_BOOL", ()),
    ]
    assert dict(found.tensors)["x"] == "serving_default_x:0"
    assert complete(found.signature).blockers == (
        "output 'z' has an unknown rank, which cannot be completed",
        "output 's' has no dimensions, which cannot be completed",
    )


def test_a_graph_is_found_by_its_tag_alone(tmp_path: Path) -> None:
    signatures = {"serving_default": signature_def(X, Y)}
    data = saved_model(meta_graph(signatures, ("train",)), meta_graph(signatures, ("serve", "gpu")))
    path = put(tmp_path / "m", data)
    with pytest.raises(
        ModelFileError, match="has no graph that is tagged serve alone; its graphs are tagged serve, gpu; train"
    ):
        read_served(path)
    assert read_served(path, tag="train").name == "serving_default"


def test_another_signature_is_taken_where_it_is_the_only_one(tmp_path: Path) -> None:
    init = {"__saved_model_init_op": signature_def([], [])}
    path = put(tmp_path / "m", saved_model(meta_graph({**init, "predict": signature_def(X, Y)})))
    assert read_served(path).name == "predict"
    put(path, saved_model(meta_graph({**init, "a": signature_def(X, Y), "b": signature_def(X, Y)})))
    with pytest.raises(ModelFileError, match="its signatures are a, b") as caught:
        read_served(path)
    assert caught.value.reason == "ambiguous"
    assert read_served(path, signature="b").name == "b"
    put(path, saved_model(meta_graph(init)))
    with pytest.raises(ModelFileError, match="its signatures are none"):
        read_served(path)


def test_a_type_that_triton_does_not_have_is_none(tmp_path: Path) -> None:
    found = read_served(put(tmp_path / "m", served([("x", "BF16", (1,)), ("r", "RESOURCE", ())], [])))
    assert [t.dtype for t in found.inputs] == [None, None]


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (LFS, "git-lfs"),
        (b"<html><body>", "foreign"),
        (b"\x08\x01", "malformed"),
        (b"\x08\x01\x12\x05abc", "truncated"),
        (b"\xff" * 50, "malformed"),
        (b"Not found\n", "foreign"),
        (b"\x08\x01\x12\x03\x07\x07\x07", "malformed"),
    ],
    ids=["empty", "git-lfs", "html", "no graph", "cut off", "noise", "text", "graph of noise"],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        read(put(tmp_path / "m", data))
    assert caught.value.reason == reason
    assert "saved_model.pb" in caught.value.message


def test_a_directory_without_the_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"has no saved_model\.pb in it"):
        read(tmp_path)
    (tmp_path / "saved_model.pbtxt").write_text("saved_model_schema_version: 1")
    with pytest.raises(ModelFileError, match="as text"):
        read(tmp_path)


def test_a_file_cut_anywhere_is_refused_or_smaller(tmp_path: Path) -> None:
    data = served(X, Y)
    for length in range(1, len(data)):
        try:
            read(put(tmp_path / "m", data[:length]))
        except ModelFileError as error:
            assert error.reason in {"truncated", "malformed"}  # noqa: PT017
        else:
            pytest.fail(f"{length} bytes are read as a whole model")


def test_a_frozen_graph_tells_its_nodes(tmp_path: Path) -> None:
    path = tmp_path / "model.graphdef"
    path.write_bytes(frozen_graph(["x"], ["y", "z"]))
    graph = read_graph(path)
    assert (graph.placeholders, graph.others) == (("x",), ("y", "z"))
    path.write_bytes(field(4, b""))
    with pytest.raises(ModelFileError, match="empty graph"):
        read_graph(path)


@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, edits: list[tuple[float, bytes, bool]]) -> None:
    damaged = served(X, Y)
    for where, piece, insert in edits:
        at = int(where * len(damaged))
        damaged = damaged[:at] + piece + damaged[at if insert else at + len(piece) :]
    path = put(tmp_path / "m", damaged)
    for reader in (read_served, lambda p: read_graph(p / "saved_model.pb")):
        try:
            reader(path)
        except ModelFileError as error:
            assert error.message.startswith(str(tmp_path))  # noqa: PT017


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    try:
        read(put(tmp_path / "m", data))
    except ModelFileError as error:
        assert not error.message.endswith(".")  # noqa: PT017
