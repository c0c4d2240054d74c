"""What ONNX Runtime's wheels say of themselves, asked in processes of their own; for make_onnx_kernels.py."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cuda_stand_ins
import onnx
from onnx import helper
from onnx.defs import OpSchema

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("TK_TEST_CACHE", tempfile.gettempdir())) / "onnx_kernels"
NOT_THERE = {"1.17.2": "1.17.3"}
"""Versions that never had a wheel, and the one that stands for it."""
MOST_COMBINATIONS = 300
NOT_PROBED = ("CastLike", "SequenceMap")
"""A Cast by another name, and an operator whose body is in the model."""

Row = tuple[int, int, tuple[tuple[str, str], ...]]
"""The versions of an operator that a kernel is for, first and last, and what each of its type parameters may be."""
Key = tuple[str, str]


def letters(types: Iterable[str]) -> str:
    """The letters of element types, as operators.txt has them; of what is not a tensor there is none."""
    inside = [t.removeprefix("tensor(").removesuffix(")") for t in types if t.startswith("tensor(")]
    return "".join(sorted(chr(96 + onnx.TensorProto.DataType.Value(name.upper())) for name in inside))


@cache
def probes() -> dict[str, tuple[Key, Row, onnx.ModelProto]]:
    """Models of one operator that has a body of other operators, each with types that the operator may take.

    Where such an operator has no kernel, ONNX Runtime takes its body: only itself knows whether that has kernels.
    """
    found = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain or schema.name in NOT_PROBED or not has_body(schema):
            continue
        for combination in _combinations(schema):
            for opset in {schema.since_version, _last_opset(schema)}:
                if model := _probe(schema, combination, opset):
                    row = (schema.since_version, schema.since_version, tuple(sorted(combination.items())))
                    found[f"{schema.name}-{schema.since_version}-{opset}-{'-'.join(combination.values())}"] = (
                        (schema.domain, schema.name), row, model,
                    )  # fmt: skip
    return found


def has_body(schema: OpSchema) -> bool:
    return bool(schema.has_function or schema.has_context_dependent_function)


def _combinations(schema: OpSchema) -> Iterator[dict[str, str]]:
    """A letter for each type parameter of what the operator must be given."""
    used = {one.type_str for one in schema.inputs if one.option != OpSchema.FormalParameterOption.Optional}
    choices = {
        c.type_param_str: letters(c.allowed_type_strs) for c in schema.type_constraints if c.type_param_str in used
    }
    size = 1
    for one in choices.values():
        size *= len(one)
    if 0 < size <= MOST_COMBINATIONS:
        for chosen in itertools.product(*choices.values()):
            yield dict(zip(choices, chosen, strict=True))


def _last_opset(schema: OpSchema) -> int:
    """The last opset in which the operator is as it is in this version."""
    later = [
        s.since_version for s in onnx.defs.get_all_schemas_with_history() if (s.domain, s.name) == ("", schema.name)
    ]
    return min((v - 1 for v in later if v > schema.since_version), default=max(21, schema.since_version))


def _probe(schema: OpSchema, types: Mapping[str, str], opset: int) -> onnx.ModelProto | None:
    attributes: dict[str, Any] = {}
    for name, attribute in schema.attributes.items():
        if attribute.required:
            value = {"INT": 1, "INTS": [1], "FLOAT": 1.0, "STRING": ""}.get(attribute.type.name)
            if value is None:
                return None
            attributes[name] = value
    inputs = []
    for one in schema.inputs:
        if one.option == OpSchema.FormalParameterOption.Optional:
            break
        element = types.get(one.type_str) or letters([one.type_str])
        if not element:
            return None
        inputs.append(helper.make_tensor_value_info(one.name, ord(element) - 96, None))
    outputs = [helper.make_empty_tensor_value_info(one.name + "_") for one in schema.outputs[: schema.min_output]]
    node = helper.make_node(schema.name, [i.name for i in inputs], [o.name for o in outputs], **attributes)
    graph = helper.make_graph([node], "g", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def listing(version: str) -> dict[str, Any]:
    """What the wheel of a version says of itself, asked for once."""
    answer = CACHE / f"cpu-{version}.json"
    if not answer.exists():
        with tempfile.TemporaryDirectory() as place:
            models = Path(place) / "models"
            models.mkdir()
            for name, (_, _, model) in probes().items():
                onnx.save(model, models / f"{name}.onnx")
            ask(f"onnxruntime=={NOT_THERE.get(version, version)}", answer, Path(place), str(models))
    return json.loads(answer.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def cuda_listing(version: str) -> dict[str, Any]:
    """The same of the wheel for GPUs."""
    answer = CACHE / f"cuda-{version}.json"
    if not answer.exists():
        with tempfile.TemporaryDirectory() as place:
            ask(f"onnxruntime-gpu=={version}", answer, Path(place))
    return json.loads(answer.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def ask(wanted: str, answer: Path, place: Path, *more: str) -> None:
    """The answer of list_onnx_kernels.py with that wheel; ``more`` are its arguments."""
    CACHE.mkdir(parents=True, exist_ok=True)
    python = _old_python()
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", place, wanted],
        check=True,
    )
    with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel:
        wheel.extractall(place / "wheel")
    environment = {**os.environ, "PYTHONPATH": str(place / "wheel")}
    if "gpu" in wanted:
        cuda_stand_ins.make(place / "wheel" / "onnxruntime" / "capi", place / "stand_ins")
        environment["LD_LIBRARY_PATH"] = str(place / "stand_ins")
    written = place / "answer.json"
    subprocess.run([python, HERE / "list_onnx_kernels.py", written, *more], env=environment, check=True)
    answer.write_bytes(written.read_bytes())


def _old_python() -> Path:
    """An interpreter with a numpy that the old wheels load too."""
    python = CACHE / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", CACHE / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "numpy<2"], check=True)
    return python
