"""Each part of what a rule asks of a Python model counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import BOTH, CLASS, COMPLETES, PYTHON, REQUESTS, WARMUP, Case, X, Y, named, said, with_rules

OPENS = (
    "import os\n" + CLASS + REQUESTS + "    def initialize(self, args):\n"
    "        open(os.path.join(os.path.dirname(__file__), 'gone'))\n"
)
ASKS = CLASS + '        pb_utils.get_input_tensor_by_name(requests[0], "z")\n' + REQUESTS
MAKES = (
    "import triton_python_backend_utils as pb_utils\n" + CLASS + '        y = pb_utils.Tensor("{}", 0)\n'
    "        return [pb_utils.InferenceResponse([y]) for _ in requests]\n"
)
PACKED = 'parameters { key: "EXECUTION_ENV_PATH" value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" } }\n'

CASES: dict[str, Case] = {
    "code that a link leads to before code that opens a file": (
        "python-opened-file-missing",
        (PYTHON + BOTH + "-- 1/model.py -> other.py\n-- 1/other.py\n" + OPENS + "-- 2/model.py\n" + OPENS),
        ["the model opens 2/gone, which does not exist"],
    ),
    "an import beyond the directory before one that is not there": (
        "python-relative-import",
        (PYTHON + "-- 1/model.py\nfrom .. import one\nfrom .gone import two\n" + CLASS + REQUESTS),
        [
            "a relative import goes beyond the version's directory, which is the package at the top",
            "the module 'gone' is not in 1/",
        ],
    ),
    "a package that the image lacks before an unknown module": (
        "python-module-unknown",
        (PYTHON + "-- 1/model.py\nimport torch\nimport model_utils\n" + CLASS + REQUESTS),
        ["the module 'model_utils' is neither in Python, the image, 1/ nor the model's directory"],
    ),
    "code that finds its modules before code that does not": (
        "python-module-unknown",
        (
            PYTHON
            + BOTH
            + '-- 1/model.py\nimport sys\nimport model_utils\nsys.path.append("/opt")\n'
            + CLASS
            + REQUESTS
            + "-- 2/model.py\nimport model_utils\n"
            + CLASS
            + REQUESTS
        ),
        ["the module 'model_utils' is neither in Python, the image, 2/ nor the model's directory"],
    ),
    "code without tensors before code that asks for one": (
        "python-unknown-tensor",
        (PYTHON + BOTH + X + Y + "-- 1/model.py\n" + CLASS + REQUESTS + "-- 2/model.py\n" + ASKS),
        ["'z' is not an input of the configuration"],
    ),
    "code that cannot be read before code that asks for a tensor": (
        "python-unknown-tensor",
        (PYTHON + BOTH + X + Y + "-- 1/model.py\nclass (\n-- 2/model.py\n" + ASKS),
        ["'z' is not an input of the configuration"],
    ),
    "a tensor that is there before one that is not": (
        "python-unknown-tensor",
        (
            PYTHON
            + X
            + Y
            + "-- 1/model.py\n"
            + ASKS.replace('"z"', '"x"').replace(REQUESTS, ASKS.partition("requests):\n")[2])
        ),
        ["'z' is not an input of the configuration"],
    ),
    "a version without a completion before one with a broken one": (
        "python-completion-broken",
        (
            PYTHON
            + BOTH
            + "-- 1/model.py\n"
            + CLASS
            + REQUESTS
            + "-- 2/model.py\n"
            + COMPLETES.format(bases="", asked="x").replace("(config)", "()")
        ),
        ["auto_complete_config takes one argument, the configuration"],
    ),
    "a call that changes nothing before one that is broken": (
        "python-completion-contradicts",
        (
            PYTHON
            + BOTH
            + named(X, "more")
            + "-- 1/model.py\n"
            + COMPLETES.format(bases="", asked="x")
            + "-- 2/model.py\n"
            + COMPLETES.format(bases="", asked="x").replace("FP32", "INT64")
        ),
        ["input 'more' is TYPE_INT64 here and TYPE_FP32 in config.pbtxt"],
    ),
    "a call that adds nothing before one with no dims": (
        "python-completes-bad-tensor",
        (
            PYTHON
            + "-- 1/model.py\n"
            + COMPLETES.format(bases="", asked="x")
            .replace("        config.add", "        config.set_max_batch_size(8)\n        config.add")
            .replace("[4]", "[]")
        ),
        ["the input that is added has an empty 'dims'"],
    ),
    "a call that is not there before one that contradicts": (
        "python-completion-contradicts",
        (
            PYTHON
            + named(X, "more")
            + "-- 1/model.py\n"
            + COMPLETES.format(bases="", asked="x")
            .replace("        config.add", "        if config:\n            config.set_nothing(8)\n        config.add")
            .replace("FP32", "INT64")
        ),
        ["input 'more' is TYPE_INT64 here and TYPE_FP32 in config.pbtxt"],
    ),
    "a first version that makes another name": (
        "python-output-never-made",
        PYTHON
        + BOTH
        + Y
        + named(Y, "z")
        + "-- 1/model.py\n"
        + MAKES.format("q")
        + "-- 2/model.py\n"
        + MAKES.format("y"),
        ["the output 'z' is never made by model.py"],
    ),
    "a base class that may make it": (
        "python-output-never-made",
        PYTHON + Y + named(Y, "z") + "-- 1/model.py\n" + MAKES.format("y").replace("Model:", "Model(Base):"),
        [],
    ),
    "a generator before code that answers with nothing": (
        "python-warmup-unanswered",
        PYTHON
        + BOTH
        + X
        + Y
        + WARMUP
        + "-- 1/model.py\n"
        + CLASS
        + "        yield 1\n-- 2/model.py\n"
        + CLASS
        + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "no class before code that answers with nothing": (
        "python-warmup-unanswered",
        PYTHON + BOTH + X + Y + WARMUP + "-- 1/model.py\nx = 1\n-- 2/model.py\n" + CLASS + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "an answer with nothing of code that sets its own policy": (
        "python-warmup-unanswered",
        PYTHON
        + X
        + Y
        + WARMUP
        + "-- 1/model.py\n"
        + CLASS
        + "        return None\n"
        + COMPLETES.partition("bases}:\n")[2]
        .partition("    def execute")[0]
        .format()
        .replace("add_input", "set_model_transaction_policy"),
        [],
    ),
    "an empty list as one of two answers": (
        "python-warmup-unanswered",
        PYTHON
        + X
        + Y
        + WARMUP
        + "-- 1/model.py\n"
        + CLASS
        + "        if requests:\n            return []\n"
        + REQUESTS,
        [],
    ),
    "dims that are integers in floats": (
        "python-completion-unreadable",
        PYTHON + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="x").replace("[4]", "[4.0]"),
        [],
    ),
    "a batch size that is an integer": (
        "python-completion-unreadable",
        PYTHON
        + "-- 1/model.py\n"
        + COMPLETES.format(bases="", asked="x").replace(
            "        config.add", "        config.set_max_batch_size(8)\n        config.add"
        ),
        [],
    ),
    "names that every module has, or the code gives it": (
        "python-module-unknown",
        PYTHON + "-- helper.py\nthere = 1\n-- 1/model.py\nfrom helper import *\nfrom helper import __name__\n"
        "import helper\nhelper.later = 1\nfrom helper import later\n" + CLASS + REQUESTS,
        [],
    ),
    "a name of a package that the image has, in a file of that name": (
        "python-module-unknown",
        PYTHON
        + "-- numpy.py\nx = 1\n-- 1/torch.py\nx = 1\n-- 1/model.py\nfrom numpy import gone\nfrom torch import gone\n"
        + CLASS
        + REQUESTS,
        [],
    ),
    "modules beside it, of the image and of Python": (
        "python-module-unknown",
        PYTHON + "-- helper.py\nx = 1\n-- 1/model.py\nimport helper, numpy, json\n" + CLASS + REQUESTS,
        [],
    ),
    "an environment that cannot be read": (
        "python-module-unknown",
        PYTHON + PACKED + "-- env.tar.gz\nx\n-- 1/model.py\nimport torch\n" + CLASS + REQUESTS,
        [],
    ),
    "an environment that has the module": (
        "python-module-unknown",
        PYTHON + PACKED + "-- env.tar.gz environment 3.10 with lib/python3.10/site-packages/torch/__init__.py\n"
        "-- 1/model.py\nimport torch\n" + CLASS + REQUESTS,
        [],
    ),
    "a package in an image of other backends": (
        "python-packages-needed",
        "-- tk validate --image-backends python,onnxruntime\n"
        + PYTHON
        + "-- 1/model.py\nimport torch\n"
        + CLASS
        + REQUESTS,
        ["'torch' is not in the official image"],
    ),
    "a package in an image of vLLM": (
        "python-packages-needed",
        "-- tk validate --image-backends python,vllm\n" + PYTHON + "-- 1/model.py\nimport torch\n" + CLASS + REQUESTS,
        [],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_what_is_asked_of_code_decides(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
