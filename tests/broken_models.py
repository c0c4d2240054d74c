"""Models that a server refuses, crashes at or waits for, each with the finding that a trial of it has to lead to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from scaffold_models import write_onnx

PYTHON = 'backend: "python"\n'
ONNX = 'backend: "onnxruntime"\nmax_batch_size: 8\n'
X = 'input { name: "x" data_type: TYPE_FP32 dims: 4 }\n'
Y = 'output { name: "y0" data_type: TYPE_FP32 dims: 4 }\n'
CLASS = "class TritonPythonModel:\n"
ENV = 'parameters { key: "EXECUTION_ENV_PATH" value { string_value: "/nonexistent/env.tar.gz" } }\n'
COMPLETE = "    @staticmethod\n    def auto_complete_config(config):\n"
BESIDE = "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\n"
EXECUTE = "    def execute(self, requests):\n        return [None for _ in requests]\n"


class Broken(NamedTuple):
    """A model: its configuration and files, and what is to be found.

    ``found`` is the rule of the finding that has the server's verdict: one of tk's own where tk finds it beforehand.
    ``place`` is its file below the model, with the line; ``said`` is in it; ``state`` is the verdict.
    """

    found: str
    place: str
    said: str = ""
    config: str = PYTHON + X + Y
    files: Mapping[str, str] = MappingProxyType({})
    state: str = "refused"
    onnx: dict[str, object] | None = None


def python(
    code: str, found: str, place: str, said: str, *, config: str = PYTHON + X + Y, state: str = "refused"
) -> Broken:
    return Broken(found, place, said, config, {"1/model.py": code}, state)


def onnx(
    config: str, found: str, place: str, said: str = "", *, state: str = "refused", files: dict[str, str] | None = None,
    **model: object,
) -> Broken:  # fmt: skip
    return Broken(found, place, said, config, files or {}, state, model)


def ensemble(steps: str, found: str, place: str, said: str, *, state: str = "refused", outputs: str = Y) -> Broken:
    config = f'platform: "ensemble"\nmax_batch_size: 8\n{X}{outputs}ensemble_scheduling {{\n{steps}}}\n'
    return Broken(found, place, said, config, {"1/.gitkeep": ""}, state)


def step(model: str, source: str = "x", target: str = "y0") -> str:
    return (
        f'  step {{ model_name: "{model}" model_version: -1\n'
        f'    input_map {{ key: "x" value: "{source}" }} output_map {{ key: "y0" value: "{target}" }} }}\n'
    )


GOOD: dict[str, Broken] = {
    "good_onnx": onnx(ONNX + X + Y, "", "", state="ready"),
    "good.v1.2": onnx("", "", "", state="ready"),
    "good_python": python(CLASS + EXECUTE, "", "", "", state="ready"),
    "good_ensemble": ensemble(step("good_onnx"), "", "", "", state="ready"),
}
"""Beside the broken ones, since these must not be blamed for them."""

BROKEN: dict[str, Broken] = {
    # A configuration that is wrong by itself.
    "config_syntax": onnx(ONNX.replace(": 8", " 8 :") + X + Y, "syntax", "config.pbtxt:2", ""),
    "config_unknown_field": onnx(ONNX.replace("batch_size", "batch_sise") + X + Y, "unknown-field", "config.pbtxt:2"),
    "config_wrong_type": onnx(ONNX.replace("8", '"8"') + X + Y, "wrong-type", "config.pbtxt:2"),
    "config_negative_batch": onnx(ONNX.replace("8", "-1") + X + Y, "negative-max-batch-size", "config.pbtxt:2"),
    "config_other_name": onnx('name: "other"\n' + ONNX + X + Y, "name-mismatch", "config.pbtxt:1"),
    "config_preferred_batch": onnx(
        ONNX + X + Y + "dynamic_batching { preferred_batch_size: 16 }\n",
        "preferred-batch-size-too-large",
        "config.pbtxt:5",
    ),
    "config_dim_zero": onnx(ONNX + X.replace("dims: 4", "dims: 0") + Y, "bad-dimension", "config.pbtxt:3"),
    "config_no_backend": Broken("backend-undeterminable", "config.pbtxt:1", config=X + Y, files={"1/weights.bin": "x"}),
    "config_no_such_version": onnx(
        ONNX + X + Y + "version_policy { specific { versions: 3 } }\n", "policy-selects-no-version", "config.pbtxt:5"
    ),
    "config_is_a_file": Broken("no-version-directory", ".:1"),
    "no_version": Broken("no-version-directory", ".:1", config=ONNX + X + Y),
    "labels_missing": onnx(
        ONNX + X + Y.replace("dims: 4", 'dims: 4 label_filename: "labels.txt"'), "label-file-missing", "config.pbtxt:4"
    ),
    # What the server has not.
    "backend_misspelt": onnx(ONNX.replace("onnxruntime", "onnxrutime") + X + Y, "unknown-backend", "config.pbtxt:1"),
    "backend_not_here": Broken(
        "load-unjudged",
        "config.pbtxt:1",
        "the embedded server has no backend tensorrt",
        'backend: "tensorrt"\nmax_batch_size: 8\n' + X + Y,
        {"1/model.plan": "ftrt"},
        "unjudged",
    ),
    "gpu_not_here": python(
        CLASS + "    def initialize(self, args):\n        raise RuntimeError('Found no NVIDIA driver')\n" + EXECUTE,
        "load-unjudged",
        "1/model.py:3",
        "there is no GPU where the server ran",
        config=PYTHON + X + Y + "instance_group { kind: KIND_GPU }\n",
        state="unjudged",
    ),
    # ONNX models and their configurations.
    "onnx_dims": onnx(ONNX + X.replace("4", "5") + Y, "onnx-dims", "config.pbtxt:3"),
    "onnx_type": onnx(ONNX + X.replace("FP32", "INT32") + Y, "onnx-data-type", "config.pbtxt:3"),
    "onnx_input_name": onnx(ONNX + X.replace('"x"', '"z"') + Y, "onnx-unknown-tensor", "config.pbtxt:3"),
    "onnx_output_name": onnx(ONNX + X + Y.replace("y0", "scores"), "onnx-unknown-tensor", "config.pbtxt:4"),
    "onnx_no_batch": onnx(ONNX + X + Y, "onnx-dims", "config.pbtxt:2", shape=(2, 4)),
    "onnx_missing": Broken("model-file-missing", "1:1", config=ONNX + X + Y, files={"1/readme": ""}),
    "onnx_garbage": Broken("onnx-unreadable", "1/model.onnx:1", config=ONNX + X + Y, files={"1/model.onnx": "no"}),
    "onnx_empty": Broken("onnx-unreadable", "1/model.onnx:1", config=ONNX + X + Y, files={"1/model.onnx": ""}),
    # Python models: their code runs at load.
    "python_import": python(
        "import nowhere_to_be_found\n" + CLASS + EXECUTE, "load-refused", "1/model.py:1", "nowhere_to_be_found"
    ),
    "python_raises": python(
        "raise RuntimeError('no licence')\n" + CLASS + EXECUTE, "load-refused", "1/model.py:1", "no licence"
    ),
    "python_initialize": python(
        CLASS + "    def initialize(self, args):\n        self.table = {}['key']\n" + EXECUTE,
        "load-refused",
        "1/model.py:3",
        "KeyError",
    ),
    "python_auto_complete": python(
        CLASS + COMPLETE + "        raise ValueError('which one?')\n" + EXECUTE,
        "python-completion-broken",
        "1/model.py:4",
        "which one?",
    ),
    "python_helper": Broken(
        "load-refused",
        "1/helper.py:2",
        "division by zero",
        PYTHON + X + Y,
        {"1/model.py": BESIDE + "import helper\n" + CLASS + EXECUTE, "1/helper.py": "one = 1\nrate = one / 0\n"},
    ),
    "python_syntax": python(CLASS + "    def execute(self requests): ...\n", "python-syntax", "1/model.py:2", ""),
    "python_no_class": python("def execute(requests): ...\n", "python-class-missing", "1/model.py:1", ""),
    "python_no_execute": python(CLASS + "    x = 1\n", "", "", "", state="ready"),
    "python_exits": python(
        "import os\n" + CLASS + "    def initialize(self, args):\n        os._exit(7)\n" + EXECUTE,
        "load-refused",
        "config.pbtxt:1",
        "the process of a Python model ended",
    ),
    "python_environment": python(
        CLASS + EXECUTE,
        "load-refused",
        "config.pbtxt:1",
        "EXECUTION_ENV_PATH leads nowhere",
        config=PYTHON + X + Y + ENV,
    ),
    "python_file_missing": Broken("python-file-missing", "1:1", "waited", files={"1/readme": ""}, state="hung"),
    "python_sleeps": python(
        "import time\n" + CLASS + "    def initialize(self, args):\n        time.sleep(3600)\n" + EXECUTE,
        "load-hung",
        "config.pbtxt:1",
        "not loaded after",
        state="hung",
    ),
    # Ensembles.
    "ensemble_map": ensemble(step("good_onnx", source="w"), "ensemble-tensor-not-mapped", "config.pbtxt:3", ""),
    "ensemble_no_model": ensemble(step("nobody"), "step-model-missing", "config.pbtxt:6", ""),
    "ensemble_type": ensemble(
        step("good_onnx"), "ensemble-type-differs", "config.pbtxt:7", "", outputs=Y.replace("FP32", "INT32")
    ),
    "ensemble_of_broken": ensemble(
        step("python_import"), "load-refused", "config.pbtxt:6", "python_import does not load"
    ),
    "ensemble_of_unjudged": ensemble(
        step("backend_not_here"), "load-unjudged", "config.pbtxt:6", "backend_not_here was not judged", state="unjudged"
    ),
    # What ends the whole server.
    "crash_labels_directory": onnx(
        ONNX + X + Y.replace("dims: 4", 'dims: 4 label_filename: "l"'),
        "label-file-missing",
        "config.pbtxt:4",
        "SIGABRT",
        state="crashed",
        files={"l/x": ""},
    ),
    "crash_batch_output": python(
        CLASS + EXECUTE,
        "batch-output-without-target",
        "config.pbtxt:5",
        "SIGSEGV",
        state="crashed",
        config=PYTHON
        + "max_batch_size: 8\n"
        + X.replace("dims: 4", "dims: -1 allow_ragged_batch: true")
        + Y
        + 'batch_output { target_name: [ ] source_input: "x" }\n',
    ),
    "crash_parent": python(
        "import os, signal\n"
        + CLASS
        + "    def initialize(self, args):\n        os.kill(os.getppid(), signal.SIGSEGV)\n"
        + EXECUTE,
        "load-crashed",
        "config.pbtxt:1",
        "SIGSEGV",
        state="crashed",
    ),
}


def write(root: Path, models: dict[str, Broken]) -> Path:
    """The models as a repository."""
    for name, model in models.items():
        folder = root / name
        folder.mkdir(parents=True)
        if name == "config_is_a_file":
            continue
        if model.config:
            (folder / "config.pbtxt").write_text(model.config)
        for path, text in model.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        if model.onnx is not None:
            write_onnx(folder / "1" / "model.onnx", **model.onnx)  # type: ignore[arg-type]
    return root
