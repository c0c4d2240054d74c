"""Inputs made up, typed, and read from files: what fits goes as it is, what does not is refused."""

from __future__ import annotations

import base64
import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.client.errors import NoAnswer
from triton_kit.client.http import decode_answer, encode_request
from triton_kit.client.input_slots import Slot, check_batches, check_complete, convert, find_slot, fit, to_array
from triton_kit.client.inputs import read_data, read_inline, read_json
from triton_kit.client.random_inputs import choose_shape, random_inputs, zero_inputs
from triton_kit.client.transport import HttpResponse
from triton_kit.client.types import Inference
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import BY_WIRE


def slot(datatype="FP32", shape=(-1, 3), batching=True, name="x", optional=False, layout="FORMAT_NONE") -> Slot:
    return Slot(name=name, datatype=datatype, shape=shape, batching=batching, optional=optional, layout=layout)


def known(*slots: Slot) -> dict[str, Slot]:
    return {s.name: s for s in slots}


@pytest.mark.parametrize(
    ("value", "datatype", "result"),
    [
        ([0, 1, 2], "FP32", [0.0, 1.0, 2.0]),
        ([0, -0.0, 2.0], "INT8", [0, 0, 2]),
        ([False, True], "BOOL", [False, True]),
        ([0, 1], "BOOL", [False, True]),
        ([False, True], "INT32", [0, 1]),
        ([2**64 - 1, 0], "UINT64", [2**64 - 1, 0]),
        ([-(2**63), 2**63 - 1, True], "INT64", [-(2**63), 2**63 - 1, 1]),
        (9007199254740993, "INT64", 9007199254740993),
        (["", "é"], "BYTES", [b"", "é".encode()]),
        ([float("inf"), 65504], "FP16", [float("inf"), 65504]),
        ([], "FP32", []),
        ([[], []], "INT8", [[], []]),
    ],
)
def test_a_json_value_becomes_the_type_of_the_input_and_keeps_its_value(value, datatype, result):
    array = to_array(value, slot(datatype))
    assert array.tolist() == result
    assert array.dtype == np.dtype(BY_WIRE[datatype].numpy)


@pytest.mark.parametrize(
    ("value", "datatype", "said"),
    [
        ([1.5], "INT32", "1.5 is not a whole number"),
        ([float("nan")], "INT32", "nan is not a whole number"),
        ([128], "INT8", "128 is out of the range of INT8"),
        ([-1], "UINT64", "-1 is out of the range of UINT64"),
        ([2], "BOOL", "2 is out of the range of BOOL"),
        ([2**64], "UINT64", "18446744073709551616 is out of the range"),
        ([1e300], "FP32", "1e+300 is out of the range of FP32"),
        ([65520], "FP16", "65520.0 is out of the range of FP16"),
        ([10**400], "FP64", "is out of the range of FP64"),
        (["1"], "INT32", "'1' is not of type INT32"),
        ([None], "FP32", "null is not of type FP32"),
        ([{}], "FP32", "{} is not of type FP32"),
        ([1], "BYTES", "1 is not a string"),
        ([[1, 2], [3]], "FP32", "not equally long: 1, 2"),
        ([[1], 2], "FP32", "mix elements and lists"),
    ],
)
def test_a_json_value_that_would_change_is_refused(value, datatype, said):
    with pytest.raises(UsageError) as error:
        to_array(value, slot(datatype))
    assert said in error.value.message
    assert "x" in error.value.message


@pytest.mark.parametrize("datatype", [d for d in BY_WIRE if d not in ("BYTES", "BF16")])
def test_an_array_is_converted_or_refused_and_never_changed(datatype):
    target = np.dtype(BY_WIRE[datatype].numpy)
    for source in (np.array([0, 1]), np.array([0.0, 1.0]), np.array([False, True]), np.array([0, 1], np.uint8)):
        assert convert(source, slot(datatype)).dtype == target
        assert convert(source, slot(datatype)).tolist() == [0, 1]
    if target.kind != "f":
        for source in (np.array([0.5]), np.array([np.inf]), np.array([-1e30]), np.array([2**64 - 1], np.float64)):
            with pytest.raises(UsageError):
                convert(source, slot(datatype))
    for source in (np.array(["1"]), np.array([1j]), np.array(["2020-01-01"], "datetime64[D]")):
        with pytest.raises(UsageError):
            convert(source, slot(datatype))


@pytest.mark.parametrize(
    ("value", "inner", "batching", "shape"),
    [
        ([1, 2, 3], (3,), True, (1, 3)),
        ([[1, 2, 3]], (3,), True, (1, 3)),
        ([[1, 2, 3], [4, 5, 6]], (3,), True, (2, 3)),
        ([1, 2, 3, 4, 5, 6], (3,), True, (2, 3)),
        ([1, 2, 3, 4], (2, 2), False, (2, 2)),
        ([1, 2, 3, 4, 5], (-1,), True, (1, 5)),
        ([[1], [2]], (-1,), True, (2, 1)),
        ([], (-1,), True, (1, 0)),
        (7, (1,), False, (1,)),
        (7, (1,), True, (1, 1)),
        (7, (-1,), True, (1, 1)),
        (7, (), True, (1,)),
        (7, (), False, ()),
    ],
)
def test_a_missing_batch_dimension_is_added_and_flat_data_is_folded(value, inner, batching, shape):
    here = slot(shape=((-1, *inner) if batching else inner), batching=batching)
    array = fit(to_array(value, here), here)
    assert array.shape == shape
    assert array.ravel().tolist() == np.array(value).ravel().tolist()


@pytest.mark.parametrize("value", [[1, 2], [[1, 2], [3, 4]], [[[1, 2, 3]]], 5, [], [[]]])
def test_a_shape_that_does_not_fit_is_refused_with_both_shapes(value):
    with pytest.raises(UsageError, match=r"takes the shape \[-1, 3\], or \[3\] for a batch of one, and the data has"):
        fit(to_array(value, slot()), slot())


def test_one_example_is_repeated_for_a_batch_and_several_are_not():
    assert fit(to_array([0, 1, 2], slot()), slot(), batch=3).tolist() == [[0, 1, 2]] * 3
    with pytest.raises(UsageError, match="has a batch of 2, and --batch asks for 3"):
        fit(np.zeros((2, 3), np.float32), slot(), batch=3)


def test_batches_that_differ_or_are_too_large_are_refused_before_the_server_does():
    here = known(slot(), slot(name="y"))
    check_batches({"x": np.zeros((2, 3)), "y": np.zeros((2, 3))}, here, 4)
    with pytest.raises(UsageError, match="different batch sizes: x 1, y 2"):
        check_batches({"x": np.zeros((1, 3)), "y": np.zeros((2, 3))}, here, 4)
    with pytest.raises(UsageError, match="batch of 5, over the model's max_batch_size, 4"):
        check_batches({"x": np.zeros((5, 3))}, here, 4)


def test_every_missing_input_is_listed_and_an_optional_one_is_not():
    with pytest.raises(UsageError) as error:
        check_complete(known(slot(), slot(name="y", datatype="BYTES"), slot(name="z", optional=True)), [])
    assert error.value.message == "no data for x FP32 [-1, 3]; y BYTES [-1, 3]"


def test_an_unknown_input_is_refused_with_the_nearest_name_or_all_of_them():
    here = known(slot(name="INPUT_IDS"), slot(name="MASK"))
    with pytest.raises(UsageError) as error:
        find_slot(here, "INPUT_ID")
    assert error.value.hint == "did you mean INPUT_IDS?"
    with pytest.raises(UsageError) as error:
        find_slot(here, "zzz")
    assert error.value.hint == "the inputs are: INPUT_IDS, MASK"


@pytest.mark.parametrize(
    ("text", "datatype", "result"),
    [
        ("x=[1,2,3]", "FP32", [1, 2, 3]),
        ("x=0", "INT8", 0),
        ("x=false", "BOOL", False),
        ("x=", "BYTES", b""),
        ('x=""', "BYTES", b""),
        ("x=a=b", "BYTES", b"a=b"),
        ('x="quoted"', "BYTES", b"quoted"),
        ("x=5", "BYTES", b"5"),
        ("x=true", "BYTES", b"true"),
        ("x=null", "BYTES", b"null"),
        ("x=007", "BYTES", b"007"),
        ('x=["a",""]', "BYTES", [b"a", b""]),
        ("x=[not json", "BYTES", b"[not json"),
    ],
)
def test_an_input_can_be_typed_in(text, datatype, result):
    name, array = read_inline(text, known(slot(datatype)))
    assert (name, array.tolist()) == ("x", result)


@pytest.mark.parametrize("text", ["x", "x=", "x=abc", "x=[1,", "=1", "y=1", "x=@/nonexistent/file"])
def test_what_is_no_input_is_refused(text):
    with pytest.raises(UsageError):
        read_inline(text, known(slot()))


def test_an_input_may_be_the_bytes_of_a_file(tmp_path):
    (tmp_path / "raw").write_bytes(b"\0\xff\x01\0")
    assert read_inline(f"x=@{tmp_path}/raw", known(slot("BYTES")))[1].tolist() == [b"\0\xff\x01\0"]
    assert read_inline(f"x=@{tmp_path}/raw", known(slot("INT16")))[1].tolist() == [-256, 1]
    with pytest.raises(UsageError, match="not a whole number of INT64"):
        read_inline(f"x=@{tmp_path}/raw", known(slot("INT64")))


@pytest.mark.parametrize(
    ("document", "requests"),
    [
        ({"x": [0, 1, 2]}, [[0, 1, 2]]),
        ([{"x": [1]}, {"x": [2]}], [[1], [2]]),
        ({"data": [{"x": [1]}, {"x": [2]}]}, [[1], [2]]),
        ({"data": [[{"x": [1]}, {"x": [2]}], [{"x": [3]}]]}, [[1], [2], [3]]),
        ({"data": [{"x": {"content": [1, 2], "shape": [2, 1]}}]}, [[[1], [2]]]),
        ({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [0, 5]}]}, [[[0, 5]]]),
        ({"x": {"b64": base64.b64encode(np.float32([0, 7]).tobytes()).decode()}}, [[0, 7]]),
    ],
)
def test_json_is_read_in_each_form_that_is_in_use(tmp_path, document, requests):
    (tmp_path / "data.json").write_text(json.dumps(document))
    read = read_data(tmp_path / "data.json", known(slot()))
    assert [r["x"].tolist() for r in read] == requests


def test_an_input_that_is_called_data_or_inputs_is_taken_for_what_it_is():
    assert read_json({"data": [0, 1]}, known(slot(name="data")))[0]["data"].tolist() == [0, 1]
    assert read_json({"inputs": [0, 1]}, known(slot(name="inputs")))[0]["inputs"].tolist() == [0, 1]


@pytest.mark.parametrize(
    "document",
    [
        {}, [], 5, "text", None, [1, 2], {"data": [1]}, {"y": [1]}, {"x": {"shape": [1]}}, {"x": {"b64": "%%"}},
        {"inputs": [5]}, {"inputs": [{"name": "x"}]}, {"inputs": [{"name": "x", "datatype": "INT8", "data": [1]}]},
        {"inputs": [{"name": "x", "shape": [3], "data": [1]}]}, {"x": {"content": [1], "shape": [-1]}},
    ],
)  # fmt: skip
def test_json_in_no_known_form_is_refused(document):
    with pytest.raises(UsageError):
        read_json(document, known(slot()))


def test_arrays_come_from_npy_and_npz(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.array(["", "é"]))
    assert read_data(tmp_path / "a.npy", known(slot()))[0]["x"].tolist() == [0, 1, 2]
    read = read_data(tmp_path / "a.npz", known(slot(), slot("BYTES", name="y")))[0]
    assert read["x"].dtype == np.float32
    assert read["y"].tolist() == [b"", "é".encode()]


def test_files_that_hold_no_arrays_are_refused_and_no_pickle_is_opened(tmp_path):
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "pickle.npz", allow_pickle=True, x=np.array([{}], dtype=object))
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").write_text("")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "dir.json").mkdir()
    for path in [*sorted(tmp_path.iterdir()), tmp_path / "none.json", tmp_path / "none.npz", tmp_path / "none.npy"]:
        with pytest.raises(UsageError) as error:
            read_data(path, known(slot()))
        assert str(path) in error.value.message


@pytest.mark.parametrize("datatype", BY_WIRE)
def test_random_data_follows_its_seed_alone_and_zeros_are_zeros(datatype):
    here = known(slot(datatype, (-1, 50)), slot(datatype, (-1, 50), name="y"))
    shapes = {"x": (4, 50), "y": (4, 50)}
    one, same = random_inputs(shapes, here, seed=1), random_inputs({"x": (4, 50)}, here, seed=1)
    other = random_inputs(shapes, here, seed=2)
    assert one["x"].tolist() == same["x"].tolist() != other["x"].tolist()
    assert one["x"].tolist() != one["y"].tolist()
    assert one["x"].shape == (4, 50)
    if datatype not in ("BYTES", "BOOL"):
        assert one["x"].min() >= 0
        assert one["x"].max() < (1 if "F" in datatype else 100)
        assert len(set(one["x"].ravel().tolist())) > 10
    assert set(zero_inputs(shapes, here)["x"].ravel().tolist()) == {b"" if datatype == "BYTES" else 0}


@pytest.mark.parametrize(
    ("shape", "batching", "wanted", "batch", "chosen", "guessed"),
    [
        ((-1, 3), True, None, None, (1, 3), False),
        ((-1, 3), True, None, 4, (4, 3), False),
        ((-1, -1), True, None, None, (1, 1), True),
        ((-1, -1), False, None, None, (1, 1), True),
        ((-1, -1), True, (7,), 2, (2, 7), False),
        ((-1, -1), True, (0,), None, (1, 0), False),
        ((-1, -1, 3), True, (5, 3), None, (1, 5, 3), False),
        ((-1, -1, 3), True, (2, 5, 3), None, (2, 5, 3), False),
        ((-1,), False, (0,), None, (0,), False),
        ((), False, None, None, (), False),
    ],
)
def test_a_size_that_is_left_open_is_chosen(shape, batching, wanted, batch, chosen, guessed):
    choice = choose_shape(slot(shape=shape, batching=batching), wanted, batch=batch)
    assert (choice.shape, choice.guessed) == (chosen, guessed)


@pytest.mark.parametrize("wanted", [(4,), (1, 4), (1, 1, 3), (2, 3)])
def test_a_shape_that_the_model_does_not_take_is_refused(wanted):
    with pytest.raises(UsageError):
        choose_shape(slot(), wanted, batch=4)


def encode(array: np.ndarray, datatype: str) -> bytes:
    """The bytes of a tensor as they travel behind the JSON of a request."""
    body, length = encode_request(Inference(model="m", inputs={"x": array}, datatypes={"x": datatype}))
    return body[length:]


def decode(data: bytes, datatype: str, shape: tuple[int, ...]) -> np.ndarray:
    """What is read from an answer that holds these bytes."""
    output = {"name": "y", "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"outputs": [output]}).encode()
    headers = {"inference-header-content-length": str(len(head))}
    answer = HttpResponse(status=200, reason="OK", headers=headers, body=head + data)
    return decode_answer(answer, "http://there", 0.0).outputs["y"]


@given(st.lists(st.binary()))
def test_strings_survive_the_wire(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    assert decode(encode(array, "BYTES"), "BYTES", array.shape).tolist() == values


@given(st.binary(max_size=40))
def test_bytes_that_are_no_strings_raise_nothing_but_no_answer(data):
    with contextlib.suppress(NoAnswer):
        decode(data, "BYTES", (1,))


@pytest.mark.parametrize("datatype", [d for d in BY_WIRE if d not in ("BYTES", "BF16")])
def test_an_array_of_any_byte_order_survives_the_wire_and_is_ones_own_to_write_to(datatype):
    array = np.array([[0, 1, 0]]).astype(np.dtype(BY_WIRE[datatype].numpy).newbyteorder(">"))
    back = decode(encode(array, datatype), datatype, array.shape)
    assert back.dtype == np.dtype(BY_WIRE[datatype].numpy)
    assert back.tolist() == array.tolist()
    back[0, 0] = 1


@pytest.mark.parametrize("datatype", BY_WIRE)
def test_a_tensor_without_elements_keeps_its_type_and_shape(datatype):
    kind = np.dtype(BY_WIRE[datatype].numpy or "float32")
    back = decode(encode(np.empty((2, 0), kind), datatype), datatype, (2, 0))
    assert back.dtype == kind
    assert back.shape == (2, 0)


def test_an_array_that_the_protocol_has_no_type_for_is_refused():
    with pytest.raises(ValueError, match="complex128"):
        encode_request(Inference(model="m", inputs={"x": np.array([1j])}))


def test_parameters_go_along_and_reserved_ones_are_refused():
    given = {"sequence_id": 7, "sequence_start": True, "priority": 2, "timeout": 5, "mine": "a", "rate": 0.5}
    body, length = encode_request(Inference(model="m", inputs={"x": np.zeros(1)}, parameters=given))
    sent = json.loads(body[:length])["parameters"]
    assert {name: sent[name] for name in given} == given
    with pytest.raises(UsageError, match="binary_data_output is reserved"):
        encode_request(Inference(model="m", inputs={}, parameters={"binary_data_output": False}))


@given(st.lists(st.floats(width=32)))
def test_bfloat16_is_what_ml_dtypes_makes_of_it(values):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array(values, dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        reference = array.astype(ml_dtypes.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(decode(encode(array, "BF16"), "BF16", array.shape), reference)


def test_raw_bfloat16_in_a_file_is_read_as_float32(tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes.fromhex("0000c03f4940"))
    _, array = read_inline(f"x=@{tmp_path / 'x.bin'}", known(slot("BF16")))
    assert array.dtype == np.float32
    assert array.tolist() == [0.0, 1.5, 3.140625]
