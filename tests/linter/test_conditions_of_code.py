"""Each part of what a rule asks of Python code and what is beside it counts: the cases in which one part decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import BOTH, CLASS, PYTHON, REQUESTS, WARMUP, Case, X, Y, named, said, with_rules

CODE = CLASS + REQUESTS
MODEL = PYTHON + "-- 1/model.py\n"
ENVIRONMENT = 'parameters {{ key: "EXECUTION_ENV_PATH" value {{ string_value: "{}" }} }}\n'
PACKED = PYTHON + ENVIRONMENT.format("$$TRITON_MODEL_DIRECTORY/env.tar.gz")
STUB = "-- triton_python_backend_stub\nx\n"
LACKS = "from helper import gone\n" + CODE
HELPER = "-- {}helper.py\nthere = 1\n-- 1/model.py\n"


def completes(statement: str, config: str = PYTHON) -> str:
    code = "    @staticmethod\n    def auto_complete_config(config):\n"
    return f"{config}-- 1/model.py\n{CODE}{code}        {statement}\n        return config\n"


def makes(imported: str) -> str:
    made = '        y = pb_utils.Tensor("y", 0)\n'
    own = "import triton_python_backend_utils as pb_utils\n"
    answer = REQUESTS.replace("None", "pb_utils.InferenceResponse([y])")
    return PYTHON + Y + named(Y, "z") + f"-- 1/model.py\n{own}{imported}\n{CLASS}{made}{answer}"


def executes(parameters: str, before: str = "") -> str:
    return MODEL + CODE.replace("    def execute(self, requests)", f"{before}    def execute({parameters})")


CASES: dict[str, Case] = {
    "a batch size between integers": (
        "python-completion-unreadable",
        completes("config.set_max_batch_size(8.5)", "-- no config.pbtxt\n"),
        ["max_batch_size 8.5 is not an integer, and what auto_complete_config adds is dropped"],
    ),
    "a batch size that is an integer in a float": (
        "python-completion-unreadable",
        completes("config.set_max_batch_size(8.0)", "-- no config.pbtxt\n"),
        [],
    ),
    "dims that are texts": (
        "python-completion-unreadable",
        completes('config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": ["a"]})'),
        [],
    ),
    "dims between integers": (
        "python-completion-unreadable",
        completes('config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4, 0.5]})'),
        ["the dims [4, 0.5] are not integers, and what auto_complete_config adds is dropped"],
    ),
    "an input that is None": (
        "python-completes-bad-tensor",
        completes("config.add_input(None)"),
        ["the input that is added is None, not a dictionary"],
    ),
    "an output that is a number": (
        "python-completes-bad-tensor",
        completes("config.add_output(4)"),
        ["the output that is added is an int, not a dictionary"],
    ),
    "a policy that is a number": (
        "python-completion-call",
        completes("config.set_model_transaction_policy(4)"),
        ["the policy is an int, not a dictionary"],
    ),
    "a policy with one key too many": (
        "python-completion-call",
        completes('config.set_model_transaction_policy({"decoupled": True, "other": 1})'),
        ["the policy has 'other', and only decoupled is known"],
    ),
    "a tensor with one key too many": (
        "python-completion-call",
        completes('config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4], "shape": 1})'),
        [],
    ),
    "a tensor that is a number": ("python-completion-call", completes("config.add_input(4)"), []),
    "an argument for a method of none": (
        "python-completion-call",
        completes("config.as_dict(4)"),
        ["as_dict takes no argument"],
    ),
    "two arguments for a method of one": (
        "python-completion-call",
        completes("config.set_max_batch_size(4, 5)"),
        ["set_max_batch_size takes one argument, max_batch_size"],
    ),
    "a completion that returns nothing": (
        "python-completion-broken",
        completes("config.set_max_batch_size(8)").replace("        return config\n", ""),
        ["auto_complete_config does not return the configuration"],
    ),
    "a warm-up of a decoupled model": (
        "python-warmup-unanswered",
        PYTHON
        + "model_transaction_policy { decoupled: true }\n"
        + X
        + Y
        + WARMUP
        + "-- 1/model.py\n"
        + CLASS
        + "        return None\n",
        [],
    ),
    "a warm-up of a model that answers it with nothing": (
        "python-warmup-unanswered",
        PYTHON + X + Y + WARMUP + "-- 1/model.py\n" + CLASS + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "names beside initialize": (
        "python-initialize-fails",
        MODEL + CODE + "    other = 4\n    initialize = print\n",
        [],
    ),
    "initialize as one of two names": (
        "python-initialize-fails",
        MODEL + CODE + "    other = initialize = 4\n",
        ["initialize is 4, which cannot be called"],
    ),
    "initialize that may return before it raises": (
        "python-initialize-fails",
        MODEL + CODE + "    def initialize(self, args):\n        if args:\n            return\n        raise OSError\n",
        [],
    ),
    "an initialize that nobody waits for": (
        "python-method-signature",
        MODEL + CODE + "    async def initialize(self, args):\n        pass\n",
        ["initialize is a coroutine, which the server does not wait for"],
    ),
    "a finalize with arguments": (
        "python-method-signature",
        MODEL + CODE + "    def finalize(self, a, b):\n        pass\n",
        ["finalize is called without arguments, and needs 2"],
    ),
    "a decorator of its own": ("python-method-signature", executes("self", "    @wrapped\n"), []),
    "a static method": ("python-method-signature", executes("requests", "    @staticmethod\n"), []),
    "a static method of two arguments": (
        "python-method-signature",
        executes("requests, more", "    @staticmethod\n"),
        ["execute is called with one argument, and needs 2"],
    ),
    "a method without self": (
        "python-method-signature",
        executes(""),
        ["execute is called with one argument, and has no self"],
    ),
    "a method of self alone": (
        "python-method-signature",
        executes("self"),
        ["execute is called with one argument, and takes none"],
    ),
    "a method of any arguments": ("python-method-signature", executes("*args"), []),
    "a method that needs an argument by name": (
        "python-method-signature",
        executes("self, requests, *, more, less=1"),
        ["execute is called with one argument, and needs more by name"],
    ),
    "arguments by position alone": ("python-method-signature", executes("self, requests, /"), []),
    "an import of the library": (
        "python-output-never-made",
        makes("import json"),
        ["the output 'z' is never made by model.py"],
    ),
    "an import of a name of the library": (
        "python-output-never-made",
        makes("from json import loads"),
        ["the output 'z' is never made by model.py"],
    ),
    "an import of all names": ("python-output-never-made", makes("from json import *"), []),
    "an import of what is beside it": (
        "python-output-never-made",
        makes("import json, helper.more") + "-- 1/helper/more.py\nx",
        [],
    ),
    "an import of a name of what is beside it": (
        "python-output-never-made",
        makes("from helper import f") + "-- helper.py\nx",
        [],
    ),
    "an import with a dot": (
        "python-output-never-made",
        makes("from . import f") + "-- 1/f.py\nx",
        [],
    ),
    "a name that the module beside it lacks": (
        "python-module-unknown",
        PYTHON + HELPER.format("1/") + LACKS,
        ["1/helper.py has no 'gone'"],
    ),
    "a name that the module in the model's directory lacks": (
        "python-module-unknown",
        PYTHON + HELPER.format("") + LACKS,
        ["helper.py has no 'gone'"],
    ),
    "a name that one of two modules lacks": (
        "python-module-unknown",
        PYTHON + "-- helper.py\ngone = 1\n" + HELPER.format("1/") + LACKS,
        [],
    ),
    "a name that a module of the library's name lacks": (
        "python-module-unknown",
        PYTHON + "-- 1/json.py\nx = 1\n-- 1/model.py\nfrom json import gone\n" + CODE,
        [],
    ),
    "a name that is lacking, with a dot": (
        "python-module-unknown",
        PYTHON + HELPER.format("1/") + LACKS.replace("helper", ".helper"),
        [],
    ),
    "a name that is lacking, with an environment elsewhere": (
        "python-module-unknown",
        PYTHON + ENVIRONMENT.format("/gone.tar.gz") + HELPER.format("") + LACKS,
        [],
    ),
    "a name that is lacking, with a Python of the model's own": (
        "python-module-unknown",
        PYTHON + STUB + HELPER.format("") + LACKS,
        [],
    ),
    "a name that is lacking behind code that finds its own modules": (
        "python-module-unknown",
        PYTHON + BOTH + HELPER.format("") + "import sys\nsys.path.append('/opt')\n" + LACKS + "-- 2/model.py\n" + LACKS,
        ["helper.py has no 'gone'"],
    ),
    "a module that a packed environment lacks": (
        "python-module-unknown",
        PACKED + "-- env.tar.gz environment 3.10\n-- 1/model.py\nimport torch\n" + CODE,
        ["the module 'torch' is neither in Python, the execution environment, 1/ nor the model's directory"],
    ),
    "a packed environment with a Python of the model's own": (
        "python-module-unknown",
        PACKED + STUB + "-- env.tar.gz environment 3.10\n-- 1/model.py\nimport torch\n" + CODE,
        [],
    ),
    "a package with an environment elsewhere": (
        "python-packages-needed",
        PYTHON + ENVIRONMENT.format("/gone.tar.gz") + "-- 1/model.py\nimport torch\n" + CODE,
        [],
    ),
    "another Python in the environment": (
        "execution-environment-python",
        PACKED + "-- env.tar.gz environment 3.8",
        ["the execution environment '$$TRITON_MODEL_DIRECTORY/env.tar.gz' has Python 3.8, and the server 3.10"],
    ),
    "another Python in the environment, and one of the model's own": (
        "execution-environment-python",
        PACKED + STUB + "-- env.tar.gz environment 3.8",
        [],
    ),
    "a file elsewhere that is not an environment": (
        "execution-environment-python",
        PYTHON + ENVIRONMENT.format("/bin/sh"),
        [],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_code_and_what_is_beside_it_decides(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert said(block, rule, tmp_path) == wanted
