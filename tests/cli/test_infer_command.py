"""``tk infer`` as a user sees it, against a real server."""

from __future__ import annotations

import json

import numpy as np
import pytest
from running_server import address

from triton_kit.cli import run


@pytest.fixture(params=["http", "grpc"])
def tk(request, server, capsys):
    """Run ``tk infer`` over either protocol; gives the exit code, stdout and stderr."""
    protocol = request.param

    def infer(*args: object) -> tuple[int, str, str]:
        where = ["--url", address(server, protocol), *(["--grpc"] if protocol == "grpc" else [])]
        code = run(["infer", *map(str, args), *where])
        return code, *capsys.readouterr()

    return infer


def values(text: str) -> dict[str, object]:
    return {o["name"]: o["values"] for o in json.loads(text)["answers"][0]["outputs"]}


def test_typed_in_inputs_are_answered_with_a_table(tk):
    code, out, err = tk("pair", "LEFT=[1,2,3]", "RIGHT=[0,-1,2]")
    assert code == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("pair version 1 at ")
    assert lines[2].split() == ["output", "type", "shape", "values"]
    assert lines[3].split() == ["SUM", "FP32", "[1,", "3]", "1", "1", "5"]
    assert lines[5].endswith(" ms")


def test_zero_false_and_empty_arrive_as_they_are(tk):
    code, out, _ = tk("echo", "BOOL=[false]", "INT32=[0]", "FP32=[-0.0]", "STRING=", "FP64=[]", "--format", "json")
    assert code == 0
    assert values(out) == {
        "BOOL_OUT": [[False]],
        "INT32_OUT": [[0]],
        "FP32_OUT": [[-0.0]],
        "STRING_OUT": [[""]],
        "FP64_OUT": [[]],
    }


def test_zeros_are_zeros_in_every_type(tk):
    code, out, _ = tk(
        "echo", "--zeros", "--shape", "INT8:2", "--shape", "STRING:1", "--shape", "BOOL:1", "--format", "json"
    )
    assert code == 0
    assert values(out) == {"BOOL_OUT": [[False]], "INT8_OUT": [[0, 0]], "STRING_OUT": [[""]]}


def test_random_data_is_the_same_for_the_same_seed(tk):
    def answer(seed: int) -> dict[str, object]:
        return values(tk("pair", "--random", "--seed", seed, "--batch", 2, "--format", "json")[1])

    assert answer(1) == answer(1) != answer(2)


def test_the_json_has_the_documented_keys(tk):
    code, out, _ = tk("pets", "IN=[0,1,0,0]", "--format", "json")
    answer = json.loads(out)
    assert code == 0
    assert answer["version"] == 1
    assert set(answer) == {
        "version", "url", "protocol", "model", "model_version", "answers", "summary", "stream", "client_busy",
        "interrupted", "errors",
    }  # fmt: skip
    (output,) = answer["answers"][0]["outputs"]
    assert set(output) == {"name", "datatype", "shape", "values", "classes"}
    assert output["datatype"] == "FP32"
    assert output["values"] is None
    assert output["classes"][0][0] == {"index": 1, "score": 1.0, "label": "dog"}
    assert set(answer["summary"]) == {
        "sent", "failed", "seconds", "rate", "min", "mean", "p50", "p90", "p99", "max",
    }  # fmt: skip


def test_json_stays_json_with_nan_infinity_and_bytes_that_are_no_text(tk, tmp_path):
    (tmp_path / "raw").write_bytes(b"\xff\0")
    code, out, _ = tk("echo", "FP32=[NaN,Infinity,-Infinity]", f"STRING=@{tmp_path}/raw", "--format", "json")

    def refuse(name: str) -> None:
        raise AssertionError(name)

    json.loads(out, parse_constant=refuse)
    assert code == 0
    assert values(out) == {"FP32_OUT": [["NaN", "Infinity", "-Infinity"]], "STRING_OUT": [[{"b64": "/wA="}]]}


def test_labels_come_from_the_server(tk):
    code, out, _ = tk("pets", "IN=[[0.1,0.2,0.7,0],[0,0,0,1]]", "--top", 1)
    assert code == 0
    rows = [line.split(maxsplit=3) for line in out.splitlines()[2:5]]
    assert rows == [
        ["example", "SCORES", "class", "label"],
        ["0", "0.7000", "2", "golden hamster: the small one"],
        ["1", "1.0000", "3", "魚"],
    ]


def test_labels_come_from_a_file_with_the_values_beside_them(tk, tmp_path):
    (tmp_path / "labels.txt").write_text("red\ngreen\nblue\n")
    code, out, _ = tk("pair", "LEFT=[0,5,1]", "RIGHT=[0,0,0]", "--labels", tmp_path / "labels.txt", "--top", 2)
    assert code == 0
    assert "0 5 1" in out
    assert [line.split() for line in out.splitlines()[5:8]] == [
        ["SUM", "class", "label"],
        ["5.0000", "1", "green"],
        ["1.0000", "2", "blue"],
    ]
    (tmp_path / "labels.txt").write_text("red\n")
    assert tk("pair", "--zeros", "--labels", tmp_path / "labels.txt")[0] == 2


def test_outputs_are_kept_as_npz_and_as_json(tk, tmp_path):
    for name in ("out.npz", "out.json"):
        (tmp_path / name).write_text("old")
        code, _, err = tk("echo", "FP32=[[0,1.5]]", "STRING=[['']]".replace("'", '"'), "-o", tmp_path / name)
        assert code == 0
        assert f"saved to {tmp_path / name}" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.json", "out.npz"]
    with np.load(tmp_path / "out.npz") as kept:
        assert kept["FP32_OUT"].tolist() == [[0, 1.5]]
        assert kept["FP32_OUT"].dtype == np.float32
        assert kept["STRING_OUT"].tolist() == [[""]]
    outputs = json.loads((tmp_path / "out.json").read_text())["answers"][0]["outputs"]
    assert {o["name"]: o["values"] for o in outputs} == {"FP32_OUT": [[0, 1.5]], "STRING_OUT": [[""]]}


def test_values_are_kept_even_where_the_server_has_labels(tk, tmp_path):
    assert tk("pets", "IN=[0,0.5,0,0]", "-o", tmp_path / "out.npz")[0] == 0
    with np.load(tmp_path / "out.npz") as kept:
        assert kept["SCORES"].tolist() == [[0, 0.5, 0, 0]]


@pytest.mark.parametrize("target", ["out.txt", "none/out.npz", "."])
def test_a_target_that_cannot_be_is_refused_before_anything_is_sent(tk, tmp_path, target):
    assert tk("angry", "IN=13", "-o", tmp_path / target)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_several_requests_sends_each(tk, tmp_path):
    (tmp_path / "data.json").write_text('[{"IN": [1]}, {"IN": [0]}, {"IN": [3]}]')
    code, out, _ = tk("angry", "--data", tmp_path / "data.json", "--async", 2, "--format", "json")
    assert code == 0
    answers = json.loads(out)["answers"]
    assert [a["outputs"][0]["values"] for a in answers] == [[1], [0], [3]]


def test_repetitions_are_summed_up(tk):
    code, out, _ = tk("angry", "IN=1", "--repeat", 20, "--async", 4)
    assert code == 0
    assert "20 requests in " in out
    assert all(name in out.splitlines()[-1] for name in ("min", "p50", "p90", "p99", "max"))


def test_some_failures_are_counted_and_end_with_1(tk, tmp_path):
    (tmp_path / "data.json").write_text('[{"IN": [12]}, {"IN": [13]}]')
    code, out, err = tk("angry", "--data", tmp_path / "data.json")
    assert code == 1
    assert "2 requests, 1 failed" in out
    assert "thirteen" in err


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["pear", "--random"], 2, "did you mean pair?"),
        (["xyz", "--random"], 2, "the models are: angry"),
        (["broken", "--random"], 1, "model broken is not ready"),
        (["pair", "--random", "--model-version", "9"], 2, "no version 9"),
        (["pair", "LEFT=[1,2,3]"], 2, "no data for RIGHT INT32 [-1, 3]"),
        (["pair", "LEFT=[1,2,3]", "RIHGT=[1,2,3]"], 2, "did you mean RIGHT?"),
        (["pair", "LEFT=[1,2]", "--zeros"], 2, "and the data has [2]"),
        (["pair", "LEFT=[1,2,3]", "LEFT=[1,2,3]", "--zeros"], 2, "given twice"),
        (["pair", "--random", "--batch", "5"], 2, "its max_batch_size is 4"),
        (["angry", "--random", "--batch", "2"], 2, "it does not batch"),
        (["pair", "--random", "--zeros"], 2, "exclude each other"),
        (["pair", "--random", "--shape", "LEFT:4"], 2, "takes the shape [-1, 3]"),
        (["pair", "--random", "--shape", "LEFT"], 2, "is not a shape"),
        (["pair", "--random", "--timeout", "0"], 2, "--timeout 0"),
        (["pair", "--random", "--header", "nonsense"], 2, "has no colon"),
        (["angry", "IN=13"], 1, "thirteen is out of the question\n"),
        (["pair", "--random", "--outputs", "SUN"], 2, "did you mean SUM?"),
        (["pair", "--random", "--parameter", "fast"], 2, "is not of the form NAME=VALUE"),
        (["pair", "--random", "--parameter", "triton_x=1"], 2, "the parameter triton_x is reserved"),
        (["pair", "--random", "--parameter", f"n={1 << 63}"], 2, "is too large for the parameter n"),
        (["pair", "--random", "--request-timeout", "1e300"], 2, "--request-timeout 1e+300 is not a time to wait"),
        (["pair", "--random", "--request-timeout", "0"], 2, "--request-timeout 0"),
        (["pair", "--random", "--join"], 2, "no output is a text"),
        (["echo", "--random", "--join", "--format", "json"], 2, "--join and --format json exclude each other"),
        (["sleepy", "SECONDS=5", "--timeout", "0.2"], 3, "did not answer within 0.2 s"),
    ],
)
def test_what_goes_wrong_is_said_with_the_remedy(tk, args, code, said):
    got, out, err = tk(*args)
    assert got == code
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_sizes_that_were_chosen_are_told_and_quiet_keeps_silent(tk):
    assert "BOOL as [1, 1]" in tk("echo", "--random")[2]
    assert tk("echo", "--random", "--quiet")[2] == ""


def test_an_image_is_laid_out_for_the_model(tk, tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    image.fromarray(pixels).save(tmp_path / "image.png")
    code, out, err = tk("picture", "--image", tmp_path / "image.png", "--format", "json")
    assert code == 0
    assert "image.png (4x2 RGB) to 4x2 RGB, 3x2x4 as CHW, scale none" in err
    assert values(out)["SAME"] == [pixels.transpose(2, 0, 1).tolist()]
    code, out, _ = tk("picture", *["--image", tmp_path / "image.png"] * 2, "--scale", "01", "--format", "json")
    assert np.array(values(out)["SAME"]).shape == (2, 3, 2, 4)
    assert np.allclose(values(out)["SAME"][1], pixels.transpose(2, 0, 1) / 255)
