"""The Bad and Good blocks of a rule's page, as repositories on disk.

A block is the config.pbtxt of the model ``m``. A line ``-- PATH`` begins another file, relative to it:

- ``-- labels.txt``: the lines below are its text; ``-- 02/`` is an empty directory; ``-- old -> gone`` a link;
  ``-- config.pbtxt fifo`` a pipe; ``-- no config.pbtxt`` leaves that out
- ``-- 1/model.onnx x FP32 [-1, 4], w FP32 [4] = initializer -> y FP32 [-1, 4] opset 21 external weights.bin``: an ONNX
  file of that signature; a tensor's type may be ``sequence``; ``operator my:Op`` is that of its nodes, and of
  ``operator A B`` they have one after the other
- ``-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [4] signatures a b``, ``-- 1/model.xml x FP32 [4] -> y FP32 [4]`` and
  ``-- 1/model.graphdef x -> y``: such a model; ``-- 1/model.pt forward(x: Tensor) -> Tensor``: TorchScript;
  ``-- 1/model.plan engine``: what begins as a TensorRT engine does; ``-- 1/xgboost.model 4 features 3 classes``: a
  forest of XGBoost, in its old format or in JSON; ``-- env.tar.gz environment 3.10``: a packed environment, with more
  entries where they are named: ``environment 3.12 with ../a, lib/b -> /c``
- ``-- ../a x FP32 [4] -> y FP32 [4]``: a whole model ``a`` with that ONNX file
- ``-- ../../second/a ...``: the same in another repository of the server
- ``-- tk validate --strict --release 25.08 --gpus 0``: how it is validated

Where a block names no file in a version directory, there is ``1/`` with a file that suits the config: nothing for an
ensemble, a class for a Python model, an ONNX file with the inputs and outputs that the config lists.
"""

from __future__ import annotations

import math
import os
import re
import tarfile
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from model_files import archive, forest, frozen_graph, meta_graph, openvino_ir, saved_model, signature_def, torchscript

from triton_kit.linter.diagnostic import Report
from triton_kit.linter.engine import Run
from triton_kit.linter.findings import INTERNAL
from triton_kit.linter.options import Options, options
from triton_kit.model.target import Target
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.repository.text_format.document import parse


class Example(NamedTuple):
    """A block taken apart."""

    config: str | None
    files: list[tuple[str, str]]
    options: Options


def blocks(doc: str, title: str) -> list[str]:
    """The indented blocks of that title in a docstring."""
    text = textwrap.dedent("    " + doc)
    found = re.findall(rf"^{title}:\n\n((?:    .*\n|\n)+)", text + "\n", re.MULTILINE)
    return [textwrap.dedent(block).strip("\n") for block in found]


def read_example(block: str) -> Example:
    config: str | None = ""
    files: list[tuple[str, str]] = []
    arguments: dict[str, Any] = {}
    into: list[str] = []
    for line in block.split("\n"):
        if not line.startswith("-- "):
            into.append(line)
            continue
        if not files and config == "":
            config = "\n".join(into)
        elif files:
            files[-1] = (files[-1][0], "\n".join(into))
        into = []
        head = line[3:].strip()
        if head.startswith("tk validate"):
            arguments = read_arguments(head)
            config = ""
        elif head == "no config.pbtxt":
            config = None
            files.append(("", ""))
        else:
            files.append((head, ""))
    if files:
        files[-1] = (files[-1][0], "\n".join(into))
    else:
        config = "\n".join(into)
    return Example(config, [f for f in files if f[0]], options(**arguments))


def read_arguments(head: str) -> dict[str, Any]:
    words = head.split()[2:]
    arguments: dict[str, Any] = {}
    flags: dict[str, Any] = {"--strict": ("auto_complete", False), "--namespacing": ("namespacing", True)}
    while words:
        word = words.pop(0)
        match word:
            case "--strict" | "--namespacing":
                name, value = flags[word]
                arguments[name] = value
            case "--gpus" | "--default-max-batch-size":
                arguments[word[2:].replace("-", "_")] = int(words.pop(0))
            case "--image-backends":
                arguments["image_backends"] = words.pop(0).split(",")
            case "--model-control":
                arguments["explicit"] = words.pop(0) == "explicit"
            case "--load-model":
                arguments["load_models"] = (*arguments.get("load_models", ()), words.pop(0))
            case "--rate-limit" | "--cache":
                arguments[word[2:].replace("-", "_")] = words.pop(0) == "on"
            case "--rate-limit-resource":
                name, _, value = words.pop(0).partition(":")
                arguments["rate_resources"] = {name: int(value)}
            case "--release" | "--config-name":
                arguments[word[2:].replace("-", "_")] = words.pop(0)
            case _:
                raise AssertionError(word)
    return arguments


def lint_example(block: str, root: Path) -> Report:
    """Put the example on disk and validate it."""
    example = read_example(block)
    model = root / "m"
    model.mkdir(parents=True)
    names = [name for name, _ in example.files]
    if example.config is not None and not any(n.split()[0].rstrip("/") == "config.pbtxt" for n in names):
        (model / "config.pbtxt").write_text(example.config, encoding="utf-8")
    for head, text in example.files:
        write(model, head, text)
    if not any(n[0].isdecimal() for n in names) and "model.onnx" not in names:
        write_default(model, example.config or "")
    roots = [
        root,
        *sorted({Path(os.path.normpath(model / n)).relative_to(root.parent).parts[0] for n in outside(names)}),
    ]
    return judged(Run(example.options), [Target(str(root.parent / one), whole=True) for one in roots])


def judged(run: Run, targets: list[Target]) -> Report:
    """The report on targets. No rule breaks down on what the tests validate, though no test asks for that rule."""
    report = run.report(targets)
    assert [d.message for d in report.diagnostics if d.rule == INTERNAL.name] == []
    return report


def outside(names: list[str]) -> list[str]:
    """The files of other repositories."""
    return [name.split()[0] for name in names if name.startswith("../../")]


def write(model: Path, head: str, text: str) -> None:
    name, _, rest = head.partition(" ")
    path = Path(os.path.normpath(model / name))
    path.parent.mkdir(parents=True, exist_ok=True)
    if rest.startswith("-> ") and not name.endswith(".onnx") and ".." not in rest and "[" not in rest:
        path.symlink_to(rest[3:])
    elif rest == "fifo":
        os.mkfifo(path)
    elif name.endswith("/"):
        path.mkdir(exist_ok=True)
    elif rest.startswith("environment "):
        write_environment(path, rest.partition(" ")[2])
    elif re.match(r"\d+ features", rest):
        features, _, classes = rest.partition(" features")
        path.write_bytes(forest(path.suffix, int(features), int(classes.split()[0]) if classes else 0))
    elif rest and path.suffix in OTHER_FILES:
        write_other(path, rest)
    elif rest and name.endswith(".onnx"):
        path.write_bytes(onnx_file(rest))
    elif rest:
        (path / "1").mkdir(parents=True)
        (path / "1" / "model.onnx").write_bytes(onnx_file(rest))
        (path / "config.pbtxt").write_text('backend: "onnxruntime"\n' + explicit_config(rest), encoding="utf-8")
    else:
        path.write_text(text + "\n", encoding="utf-8")


def write_environment(path: Path, python: str) -> None:
    """A packed environment as conda-pack and venv-pack lay it out, of empty files."""
    python, _, more = python.partition(" with ")
    with tarfile.open(path, "w:gz") as packed:
        for name in ("bin/activate", f"bin/python{python}", f"lib/python{python}/os.py", *more.split(", ")):
            if name:
                name, _, link = name.partition(" -> ")
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
                packed.addfile(entry)


def write_default(model: Path, text: str) -> None:
    (model / "1").mkdir(exist_ok=True)
    config = parse(text).message
    if config.platform == "ensemble":
        return
    backend = config.backend
    if backend == "python":
        (model / "1" / "model.py").write_text(MODEL_PY, encoding="utf-8")
        return
    if model_file := OTHER_DEFAULTS.get(backend) or OTHER_DEFAULTS.get(config.platform):
        write_other(model / "1" / model_file, default_content(model_file, config))
        return
    batch = "-1, " if config.max_batch_size > 0 or not config.input else ""
    if config.input and not config.output and not config.max_batch_size:
        batch = ""

    def side(tensors: Any, name: str) -> str:
        listed = [f"{t.name} {t.data_type.removeprefix('TYPE_')} [{batch}{show(t.dims)}]" for t in tensors if t.name]
        return ", ".join(listed) or f"{name} FP32 [{batch}4]"

    spec = f"{side(config.input, 'x')} -> {side(config.output, 'y')}"
    (model / "1" / (config.default_model_filename or "model.onnx")).write_bytes(onnx_file(spec))


MODEL_PY = "class TritonPythonModel:\n    def execute(self, requests):\n        return [None for _ in requests]\n"

OTHER_FILES = (".pt", ".savedmodel", ".graphdef", ".xml", ".plan")
OTHER_DEFAULTS = {
    "tensorrt": "model.plan",
    "tensorrt_plan": "model.plan",
    "pytorch": "model.pt",
    "pytorch_libtorch": "model.pt",
    "torch_aoti": "model.pt2",
    "tensorflow_savedmodel": "model.savedmodel",
    "tensorflow_graphdef": "model.graphdef",
    "openvino": "model.xml",
}


def write_other(path: Path, rest: str) -> None:
    inputs, _, outputs = rest.partition(" -> ")
    outputs, _, names = outputs.partition(" signatures ")
    sides = [[(n, k, d) for n, k, d, _ in tensors(side)] for side in (inputs, outputs)]
    match path.suffix:
        case ".pt":
            path.write_bytes(torchscript(inputs.partition("(")[2].rpartition(")")[0], outputs))
        case ".pt2":
            path.write_bytes(archive({"data/aotinductor/model/m.so": b""}))
        case ".savedmodel":
            path.mkdir(exist_ok=True)
            one = signature_def(*sides)
            graph = meta_graph(dict.fromkeys(names.split() or ["serving_default"], one))
            (path / "saved_model.pb").write_bytes(saved_model(graph))
        case ".graphdef":
            path.write_bytes(frozen_graph(inputs.split(), outputs.split()))
        case ".xml":
            path.write_text(openvino_ir(*sides), encoding="utf-8")
        case _:
            path.write_bytes(b"ptrt" + bytes(60))


def default_content(name: str, config: Any) -> str:
    """A model that suits the inputs and outputs of a config."""
    if name == "model.pt":
        entries = [t.name for t in config.input] or ["x"]
        sequence = config.sequence_batching
        entries += [c.name for c in sequence.control_input] + [s.input_name for s in sequence.state]
        entries += [name for entry in config.batch_input for name in entry.target_name]
        arguments = ", ".join(f"x{i}: Tensor" for i, _ in enumerate(entries))
        results = ", ".join("Tensor" for _ in config.output) or "Tensor"
        return f"forward({arguments}) -> Tuple[{results}]"
    batch = [-1] if config.max_batch_size > 0 else []

    def side(tensors: Any, name: str) -> str:
        named = [(t.name, t.data_type[5:].replace("INVALID", "FP32"), t.dims) for t in tensors if t.name]
        listed = [f"{tensor} {kind} [{show([*batch, *sizes])}]" for tensor, kind, sizes in named]
        return ", ".join(listed) or f"{name} FP32 [{show([*batch, 4])}]"

    return f"{side(config.input, 'x')} -> {side(config.output, 'y')}"


def show(dims: list[int]) -> str:
    return ", ".join(map(str, dims))


_TENSOR = re.compile(r"(\S+) (sequence|[A-Z0-9]+)(?: \[([^]]*)\])?( = initializer)?")


def tensors(text: str) -> list[tuple[str, str, list[int], bool]]:
    return [
        (name, kind, [int(d) for d in (dims or "").split(",") if d.strip()], bool(constant))
        for name, kind, dims, constant in _TENSOR.findall(text)
    ]


def explicit_config(spec: str) -> str:
    """Inputs and outputs as complete shapes, so that completion leaves max_batch_size alone."""
    inputs, _, outputs = spec.partition("->")
    lines = [
        f'{side} {{ name: "{name}" data_type: TYPE_{kind} dims: [ {show(dims)} ] }}'
        for side, text in (("input", inputs), ("output", outputs))
        for name, kind, dims, _ in tensors(text)
    ]
    return "\n".join(lines) + "\n"


def onnx_file(spec: str) -> bytes:
    """An ONNX file of that signature; it need not be able to run."""
    from onnx import TensorProto, helper

    spec, _, operator = spec.partition(" operator ")
    spec, _, external = spec.partition(" external ")
    spec, _, opset = spec.partition(" opset ")
    inputs, _, outputs = spec.partition("->")

    def info(name: str, kind: str, dims: list[int]) -> Any:
        if kind == "sequence":
            inner = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
            return helper.make_value_info(name, helper.make_sequence_type_proto(inner))
        shape = [f"d{i}" if d < 0 else d for i, d in enumerate(dims)]
        return helper.make_tensor_value_info(name, DATA_TYPES[f"TYPE_{kind}"].onnx, shape)

    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, sizes, [0.0] * math.prod(sizes))
        for name, _, dims, constant in tensors(inputs)
        if constant and (sizes := [max(d, 1) for d in dims])
    ]
    if external:
        weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[4])
        weights.data_location = TensorProto.EXTERNAL
        for key, value in (("location", external.strip()), ("length", "16")):
            weights.external_data.add(key=key, value=value)
        constants.append(weights)
    source = tensors(inputs)[0]
    nodes = []
    operators = operator.split() or ["Identity"]
    for i, (name, kind, dims, _) in enumerate({t[0]: t for t in tensors(outputs)}.values()):
        if operator or (kind, dims) == (source[1], source[2]) or kind == "sequence":
            domain, _, called = operators[i % len(operators)].rpartition(":")
            nodes.append(helper.make_node(called, [source[0]], [name], domain=domain))
            continue
        nodes.append(helper.make_node("Cast", [source[0]], [f"{name} cast"], to=DATA_TYPES[f"TYPE_{kind}"].onnx))
        nodes.append(helper.make_node("Reshape", [f"{name} cast", f"{name} shape"], [name]))
        constants.append(helper.make_tensor(f"{name} shape", TensorProto.INT64, [len(dims)], dims))
    graph = helper.make_graph(
        nodes,
        "g",
        [info(n, k, d) for n, k, d, _ in tensors(inputs)],
        [info(n, k, d) for n, k, d, _ in tensors(outputs)],
        constants,
    )
    opsets = [helper.make_opsetid("", int(opset or 17))]
    for domain in dict.fromkeys(one.partition(":")[0] for one in operators if ":" in one):
        opsets.append(helper.make_opsetid(domain, 1))
    return bytes(helper.make_model(graph, ir_version=8, opset_imports=opsets).SerializeToString())
