"""What a TorchScript archive says of its forward method, and how a hostile one is refused."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import archive, torchscript

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.torchscript import check, read
from triton_kit.signature.torchscript_code import find_method, split_type

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "arguments", "returns", "outputs"),
    [
        ("scripted_tuple", [("INPUT0", "Tensor"), ("INPUT1", "Tensor")], "Tuple[Tensor, Tensor]", 2),
        ("traced_tuple", [("INPUT0", "Tensor"), ("INPUT1", "Tensor")], "Tuple[Tensor, Tensor]", 2),
        ("sequential", [("input", "Tensor")], "Tensor", 1),
        ("dict", [("x", "Dict[str, Tensor]")], "Dict[str, Tensor]", None),
        ("lists", [("xs", "List[Tensor]"), ("words", "List[str]")], "List[str]", 1),
        ("untyped", [("a", "Tensor"), ("b", "Tensor")], "Tuple[Tensor, Tensor, Tensor]", 3),
        ("named_tuple", [("a", "Tensor")], "__torch__.Pair", 2),
        (
            "optional",
            [("tokens", "Tensor"), ("mask", "Optional[Tensor]"), ("scale", "float")],
            "Tensor",
            1,
        ),
    ],
)
def test_files_that_pytorch_wrote_tell_their_forward(
    name: str, arguments: list[tuple[str, str]], returns: str, outputs: int | None
) -> None:
    found = read(DATA / f"{name}.pt")
    assert found.arguments is not None
    assert [(a.name, a.type) for a in found.arguments] == arguments
    assert (found.returns, found.outputs) == (returns, outputs)
    assert [a.has_default for a in found.arguments] == [
        name == "optional" and a.name != "tokens" for a in found.arguments
    ]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_defaults_with_brackets_commas_and_colons_are_passed_over(tmp_path: Path) -> None:
    arguments = (
        'x: Tensor,\n    y: Dict[str, Tuple[int, str]]=annotate(Dict[str, Tuple[int, str]], {"a,):=\\"": 1}), z: Tensor'
    )
    found = read(write(tmp_path / "m.pt", torchscript(arguments, "Tuple[Tensor, List[str]]")))
    assert found.arguments is not None
    assert [(a.name, a.type, a.has_default) for a in found.arguments] == [
        ("x", "Tensor", False),
        ("y", "Dict[str, Tuple[int, str]]", True),
        ("z", "Tensor", False),
    ]
    assert found.outputs == 2


def test_a_module_without_forward_is_told(tmp_path: Path) -> None:
    code = b"class M(Module):\n  def encode(self: __torch__.M, x: Tensor) -> Tensor:\n    return x\n"
    data = archive({"data.pkl": b"\x80\x02c__torch__\nM\n.", "code/__torch__.py": code})
    assert read(write(tmp_path / "m.pt", data)).arguments is None


def test_the_forward_of_another_class_is_not_taken() -> None:
    code = "class MM(Module):\n  def forward(self, a: Tensor):\n    ...\nclass M(Module):\n  x : int\n"
    assert find_method(code, "M", "forward") is None
    assert find_method(code, "MM", "forward")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Tensor", ("Tensor", [])),
        ("Tuple[()]", ("Tuple", ["()"])),
        ("Dict[str, List[int]]", ("Dict", ["str", "List[int]"])),
        ("Tuple[", ("Tuple[", [])),
        ("", ("", [])),
    ],
)
def test_a_type_is_taken_apart(text: str, parts: tuple[str, list[str]]) -> None:
    assert split_type(text) == parts


def refuse(path: Path) -> ModelFileError:
    with pytest.raises(ModelFileError) as caught:
        read(path)
    return caught.value


def test_an_archive_that_expands_without_end_is_refused(tmp_path: Path) -> None:
    code = b"class M(Module):\n" + b" " * 40_000_000
    data = archive({"data.pkl": b"\x80\x02c__torch__\nM\n.", "code/__torch__.py": code}, method=zipfile.ZIP_DEFLATED)
    assert len(data) < 100_000
    error = refuse(write(tmp_path / "m.pt", data))
    assert error.reason == "malformed"
    assert "expands to more than" in error.message


def test_an_archive_with_more_entries_than_a_model_is_refused(tmp_path: Path) -> None:
    data = torchscript("x: Tensor", "Tensor")
    at = data.rindex(b"PK\x05\x06")
    huge = data[: at + 12] + struct.pack("<I", 100_000_000) + data[at + 16 :]
    assert "more entries" in refuse(write(tmp_path / "m.pt", huge)).message


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    data = bytearray(torchscript("x: Tensor", "Tensor"))
    for at in range(len(data) - 10):
        if data[at : at + 4] == b"PK\x01\x02":
            data[at + 8] |= 1
    assert "encrypted" in refuse(write(tmp_path / "m.pt", bytes(data))).message


def test_a_way_of_compression_that_pytorch_does_not_have_is_refused(tmp_path: Path) -> None:
    members = {"data.pkl": b"\x80\x02c__torch__\nM\n.", "code/__torch__.py": b"class M(Module):\n"}
    data = archive(members, method=zipfile.ZIP_LZMA)
    assert "compressed in a way" in refuse(write(tmp_path / "m.pt", data)).message


def test_names_that_lead_elsewhere_are_only_names(tmp_path: Path) -> None:
    out = io.BytesIO(torchscript("x: Tensor", "Tensor"))
    with zipfile.ZipFile(out, "a") as zipped:
        zipped.writestr("../../etc/passwd", b"x")
        zipped.writestr("/etc/passwd", b"x")
    assert read(write(tmp_path / "m.pt", out.getvalue())).outputs == 1


@pytest.mark.parametrize(
    "start",
    [b"", b"\x80\x02}", b"\x80\x02cos\nsystem\n", b"\x80\x02c__torch__\n", b"\x80\x04\x95", b"c__torch__\nM\n"],
    ids=["nothing", "a dict", "os.system", "no class", "protocol 4", "protocol 0"],
)
def test_a_pickle_of_anything_else_is_refused_and_never_run(tmp_path: Path, start: bytes) -> None:
    data = archive({"data.pkl": start, "code/__torch__.py": b""})
    assert refuse(write(tmp_path / "m.pt", data)).reason == "malformed"


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    aoti = write(tmp_path / "a.pt2", archive({"data/aotinductor/model/m.so": b""}))
    script = write(tmp_path / "s.pt", torchscript("x: Tensor", "Tensor"))
    check(aoti, script=False)
    check(script, aoti=False)
    assert "is an AOT-Inductor package" in refuse(aoti).message
    with pytest.raises(ModelFileError, match="is TorchScript, not an AOT-Inductor package"):
        check(script, script=False)
    assert "holds weights alone" in refuse(DATA / "weights.pt").message


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = (DATA / "scripted_tuple.pt").read_bytes()
    for length in range(4, len(data) - 1, 61):
        assert refuse(write(tmp_path / "m.pt", data[:length])).reason in {"truncated", "foreign"}


FILES = [path.read_bytes() for path in sorted(DATA.glob("*.pt"))]


@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), min_size=1, max_size=6),
    st.booleans(),
)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_archive_is_read_or_refused(
    tmp_path: Path, data: bytes, edits: list[tuple[float, bytes]], at_the_end: bool
) -> None:
    damaged = bytearray(data)
    for where, piece in edits:
        # The directory of the archive is at its end, where damage does most.
        at = int(where * len(damaged)) if not at_the_end else len(damaged) - 1 - int(where * min(900, len(damaged)))
        damaged[at : at + len(piece)] = piece
    try:
        read(write(tmp_path / "m.pt", bytes(damaged)))
    except ModelFileError as error:
        assert error.hint or error.reason in {"malformed", "foreign"}  # noqa: PT017 - either is right


@given(st.text(alphabet="abM(),:=->[]\"'\\\n classdef forward self", max_size=200))
@settings(max_examples=400, deadline=None)
def test_any_code_has_a_forward_or_none(text: str) -> None:
    code = f"class M(Module):\n  def forward({text}"
    method = find_method(code, "M", "forward")
    assert method is None or isinstance(method.returns, str)
