"""Each part of what a rule asks of a Python model counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import BOTH, CLASS, COMPLETES, PYTHON, REQUESTS, Case, X, Y, named, said, with_rules

OPENS = (
    "import os\n" + CLASS + REQUESTS + "    def initialize(self, args):\n"
    "        open(os.path.join(os.path.dirname(__file__), 'gone'))\n"
)
ASKS = CLASS + '        pb_utils.get_input_tensor_by_name(requests[0], "z")\n' + REQUESTS

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
        (PYTHON + X + Y + "-- 1/model.py\n" + ASKS.replace("REQUESTED", "x") + ASKS.partition("requests):\n")[2]),
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
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_what_is_asked_of_code_decides(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
