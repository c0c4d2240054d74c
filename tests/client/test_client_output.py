"""Requests that are made of questions, and answers in every form, without a server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from triton_kit.client.answer import outputs_json, read_outputs, summarise
from triton_kit.client.codec import datatype_of, own, read_bfloat16, split_parameters
from triton_kit.client.errors import ServerError
from triton_kit.client.health import examine, listed
from triton_kit.client.request import InferRequest, plan_inferences
from triton_kit.client.summary import percentile, summarize_latencies
from triton_kit.client.types import (
    InferResult,
    ModelIndexEntry,
    ModelMetadata,
    ServerMetadata,
    TensorMetadata,
    read_config,
)
from triton_kit.errors import TkError

T = TensorMetadata
INPUTS = {
    "plain": (T(name="x", datatype="FP32", shape=(2, 3)),),
    "batched": (T(name="x", datatype="INT32", shape=(-1, 2)), T(name="mask", datatype="BOOL", shape=(-1, 1))),
    "words": (T(name="text", datatype="BYTES", shape=(-1, 1)), T(name="more", datatype="BYTES", shape=(-1, 1))),
    "open": tuple(T(name=n, datatype="FP16", shape=(-1, -1, 2)) for n in "abcde"),
    "scores": (T(name="x", datatype="UINT8", shape=(-1, 2)),),
    "half": (T(name="x", datatype="BF16", shape=(3,)),),
}
CONFIGS = {
    "plain": {"name": "plain", "input": [{"name": "x"}]},
    "batched": {"name": "batched", "max_batch_size": "4", "input": [{"name": "x"}, {"name": "mask", "optional": True}]},
    "words": {"name": "words", "max_batch_size": 2, "input": [{"name": "text"}, {"name": "more", "optional": True}]},
    "open": {"name": "open", "max_batch_size": 8},
    "scores": {"name": "scores", "max_batch_size": 8, "output": [{"name": "y", "label_filename": "labels.txt"}]},
}
ENTRIES = tuple(
    ModelIndexEntry(name=name, version=version, state=state, reason=reason)
    for name, version, state, reason in (
        *((name, "1", "READY", "") for name in INPUTS),
        ("plain", "10", "READY", ""),
        ("plain", "2", "UNAVAILABLE", "unloaded"),
        ("broken", "1", "UNAVAILABLE", "no such file\nmore"),
        ("slow", "1", "LOADING", ""),
        ("never", "", "", ""),
    )
)


class Served:
    """A server as a client sees it: what it says of its models is in the tables above."""

    url = "http://server:8000"
    protocol = "http"

    def live(self) -> bool:
        return True

    def ready(self) -> bool:
        return False

    def model_ready(self, name: str, version: str = "") -> bool:
        return any(e.name == name and e.state == "READY" and version in ("", e.version) for e in ENTRIES)

    def server_metadata(self) -> ServerMetadata:
        return ServerMetadata(name="triton", version="2.51.0", extensions=("classification",))

    def index(self) -> tuple[ModelIndexEntry, ...]:
        return ENTRIES

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        if model not in INPUTS or version not in ("", "1"):
            raise ServerError(f"Request for unknown model: '{model}' is not found", status=400)
        outputs = (T(name="y", datatype="FP32", shape=(-1, 4)), T(name="z", datatype="BYTES", shape=(-1, 1)))
        return ModelMetadata(name=model, versions=("1",), platform="p", inputs=INPUTS[model], outputs=outputs)

    def config(self, model: str, version: str = ""):
        if model not in CONFIGS:
            raise ServerError("not supported", status=400)
        return read_config(CONFIGS[model])

    def warm(self) -> None:
        return


QUESTIONS = {
    "inline": InferRequest(model="plain", inline=("x=[[1,2,3],[4,5,6]]",)),
    "flat": InferRequest(model="plain", inline=("x=[1,2,3,4,5,6]",)),
    "too short": InferRequest(model="plain", inline=("x=[1,2,3]",)),
    "ragged": InferRequest(model="plain", inline=("x=[[1,2],[3]]",)),
    "mixed": InferRequest(model="plain", inline=("x=[1,[3]]",)),
    "no value": InferRequest(model="plain", inline=("x",)),
    "no JSON": InferRequest(model="plain", inline=("x=one",)),
    "null": InferRequest(model="plain", inline=("x=[null]",)),
    "twice": InferRequest(model="plain", inline=("x=[1,2,3,4,5,6]", "x=1")),
    "near name": InferRequest(model="batched", inline=("mas=[true]",)),
    "far name": InferRequest(model="batched", inline=("other=[1]",)),
    "missing": InferRequest(model="batched"),
    "optional left out": InferRequest(model="batched", inline=("x=[1,2]",)),
    "a batch of two": InferRequest(model="batched", inline=("x=[[1,2],[3,4]]", "mask=[[true],[false]]")),
    "batches differ": InferRequest(model="batched", inline=("x=[[1,2],[3,4]]", "mask=[[true]]")),
    "over the limit": InferRequest(model="batched", inline=("x=[1,2,3,4,5,6,7,8,9,10]",)),
    "at the limit": InferRequest(model="batched", inline=("x=[1,2,3,4,5,6,7,8]",)),
    "repeated": InferRequest(model="batched", inline=("x=[1,2]",), batch=3),
    "another batch": InferRequest(model="batched", inline=("x=[1,2,3,4]",), batch=3),
    "batch too large": InferRequest(model="batched", fill="zeros", batch=5),
    "batch of no batching": InferRequest(model="plain", fill="zeros", batch=2),
    "batch of one is fine": InferRequest(model="plain", fill="zeros", batch=1),
    "fraction": InferRequest(model="batched", inline=("x=[1.5,2]",)),
    "too large": InferRequest(model="batched", inline=("x=[2147483648,2]",)),
    "largest": InferRequest(model="batched", inline=("x=[2147483647,-2147483648]",)),
    "infinite": InferRequest(model="plain", inline=("x=[1e39,1,1,1,1,1]",)),
    "a bool of 2": InferRequest(model="batched", inline=("x=[1,2]", "mask=[2]")),
    "words": InferRequest(model="words", inline=("text=hello",)),
    "a number as a word": InferRequest(model="words", inline=("text=5",)),
    "a list of words": InferRequest(model="words", inline=('text=[["a"],["b"]]', 'more=["c", "d"]')),
    "no word": InferRequest(model="words", inline=("text=[1]",)),
    "random": InferRequest(model="batched", fill="random", seed=3, batch=2),
    "random with one given": InferRequest(model="batched", fill="random", seed=3, inline=("x=[1,2,3,4]",)),
    "random words": InferRequest(model="words", fill="random", seed=1),
    "random halves": InferRequest(model="half", fill="random"),
    "zeros of open sizes": InferRequest(model="open", fill="zeros"),
    "shaped": InferRequest(model="open", fill="zeros", shapes=tuple(f"{n}:1,2" for n in "abcd")),
    "three sizes left open": InferRequest(model="open", fill="zeros", shapes=("a:1,2,2", "b:1,2,2")),
    "four sizes left open": InferRequest(model="open", fill="zeros", shapes=("a:1,2,2",)),
    "shaped with the batch": InferRequest(model="open", fill="zeros", shapes=("a:3,2,2",), batch=3),
    "shaped against the batch": InferRequest(model="open", fill="zeros", shapes=("a:2,2,2",), batch=3),
    "shaped wrong": InferRequest(model="open", fill="zeros", shapes=("a:3,3",)),
    "shape of what is given": InferRequest(model="plain", inline=("x=[1,2,3,4,5,6]",), fill="zeros", shapes=("x:2,3",)),
    "shape without fill": InferRequest(model="plain", shapes=("x:2,3",)),
    "no shape": InferRequest(model="plain", fill="zeros", shapes=("x:-2,3",)),
    "no name": InferRequest(model="plain", fill="zeros", shapes=(":2,3",)),
    "classes": InferRequest(model="scores", fill="zeros"),
    "three classes": InferRequest(model="scores", fill="zeros", top=3),
    "no classes": InferRequest(model="scores", fill="zeros", top=0),
    "values": InferRequest(model="scores", fill="zeros", values=True),
    "unknown model": InferRequest(model="batchd", fill="zeros"),
    "strange model": InferRequest(model="zzz", fill="zeros"),
    "unknown version": InferRequest(model="plain", version="7", fill="zeros"),
    "broken model": InferRequest(model="broken", fill="zeros"),
    "unloaded model": InferRequest(model="never", fill="zeros"),
    "scale": InferRequest(model="plain", scale="huge", fill="zeros"),
    "layout": InferRequest(model="plain", layout="XYZ", fill="zeros"),
}


def shown(array) -> list[object]:
    return [str(array.dtype), list(array.shape), repr(array.ravel().tolist()[:8])]


def requests_of(question: InferRequest) -> object:
    """The requests and notes as plain values; of a refusal what it says."""
    try:
        found = plan_inferences(Served(), question)
    except TkError as error:
        return f"{type(error).__name__}: {error.message}\n  hint: {error.hint}"
    requests = [
        {
            "model": [one.model, one.version],
            "inputs": {key: shown(array) for key, array in one.inputs.items()},
            "datatypes": one.datatypes,
            "outputs": one.outputs,
            "classes": one.classes,
        }
        for one in found.requests
    ]
    return {"requests": requests, "notes": found.notes, "guesses": found.guesses}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_made_of_a_question(name, snapshot):
    assert requests_of(QUESTIONS[name]) == snapshot


DOCUMENTS = {
    "by name": {"x": [[1, 2]], "mask": [[True]]},
    "protocol": {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "INT32", "data": [1, 2, 3, 4]}]},
    "protocol with another type": {"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]},
    "no tensor": {"inputs": [{"name": 1}]},
    "rows": {"data": [{"x": [1, 2]}, [{"x": [3, 4]}, {"x": {"content": [5, 6], "shape": [1, 2]}}]]},
    "a list": [{"x": [1, 2]}, {"x": [3, 4]}],
    "bytes": {"x": {"b64": "AQAAAAIAAAA="}},
    "wrong shape": {"x": {"content": [1, 2, 3], "shape": [2, 2]}},
    "nothing": {},
    "empty list": [],
    "no request": [1],
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_read_from_a_file(name, tmp_path, monkeypatch, snapshot):
    monkeypatch.chdir(tmp_path)
    Path("data.json").write_text(json.dumps(DOCUMENTS[name]))
    assert requests_of(InferRequest(model="batched", data=Path("data.json"))) == snapshot


def test_answers_in_text_and_json(snapshot):
    nan, inf = float("nan"), float("inf")
    arrays = {
        "z": np.array([[b"a", b"\xff\xfe"]], dtype=object),
        "y": np.array([[0.25, nan, 3.5, 3.5], [-inf, inf, 1e-9, 123456789.0]], dtype=np.float32),
        "flags": np.array([True, False]),
        "one": np.array(7, dtype=np.int64),
        "none": np.zeros((0, 2), dtype=np.float64),
        "many": np.arange(100),
        "top": np.array([[b"0.9:1:cat: black", b"0.1:0"]], dtype=object),
    }
    types = {name: datatype_of(array) for name, array in arrays.items()}
    result = InferResult(model="m", version="1", outputs=arrays, datatypes=types, seconds=0.1)
    outputs = read_outputs(
        result,
        classified={"top": 2},
        datatypes={"y": "FP32", "top": "FP32"},
        batching=True,
        top=2,
        labels=("a", "b", "c", "d"),
    )
    said = {output.name: None if output.array is None else summarise(output.array) for output in outputs}
    assert {"text": said, "narrow": summarise(arrays["many"], width=9), "json": outputs_json(outputs)} == snapshot


def test_the_health_of_a_server(snapshot):
    wanted = [
        examine(Served()),
        examine(Served(), models=["plain", "slow", "none"]),
        examine(Served(), models=["plain"], version="2"),
    ]
    assert [(replace(one, round_trip=0.0), one.healthy, one.missing) for one in wanted] == snapshot
    assert listed(Served()) == snapshot


def test_times_are_summed_up(snapshot):
    assert [
        summarize_latencies([], failed=0, seconds=0.0),
        summarize_latencies([], failed=3, seconds=2.0),
        summarize_latencies([0.004, 0.001, 0.003, 0.002], failed=1, seconds=2.0),
        summarize_latencies([i / 1000 for i in range(1, 201)], failed=0, seconds=0.5),
        [percentile([1.0, 2.0, 3.0], p) for p in (0, 1, 33, 34, 66, 67, 100)],
    ] == snapshot


def test_values_on_the_wire(snapshot):
    kinds = (
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    )
    types = {kind: datatype_of(np.zeros(1, dtype=kind)) for kind in kinds}
    split = split_parameters({"sequence_id": 5, "sequence_start": True, "priority": 1, "timeout": 7, "other": "x"})
    bf16 = read_bfloat16(bytes([0x80, 0x3F, 0x00, 0xC0])).tolist()
    copied = own(np.array([1.5], dtype=np.float32), "FP32").tolist()
    assert {"types": types, "parameters": split, "bf16": bf16, "own": copied} == snapshot
