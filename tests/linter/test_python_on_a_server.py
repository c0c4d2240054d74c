"""What is said of Python models, against what a real server makes of them: rules' examples, and code of many kinds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from example_files import blocks, read_example, write
from free_ports import free_ports

from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.engine import Run
from triton_kit.linter.options import options
from triton_kit.linter.rule import RULES, load_rules
from triton_kit.model.target import Target
from triton_kit.runtime.embedded.binaries import RELEASE
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

load_rules()
SHOWN = (
    "python-completes-bad-tensor",
    "python-completion-broken",
    "python-completion-call",
    "python-completion-contradicts",
    "python-initialize-signature",
    "python-method-signature",
    "python-module-unknown",
    "python-opened-file-missing",
    "python-output-never-made",
    "python-relative-import",
)
UNSURE = ("python-module-unknown",)
"""Refused by this server; another one may have what is missing."""
IO = 'backend: "python"\ninput { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\n'
EXECUTE = "    def execute(self, requests):\n        return [None for _ in requests]\n"
COMPLETIONS = {
    "a table": 'for n, dims in TABLE.items():\n    config.add_input({"name": n, **KIND, "dims": dims})\nreturn config',
    "a helper": 'config.add_input(tensor("x", [5]))\nreturn config',
    "a condition": 'if "x" in [i["name"] for i in config.as_dict()["input"]]:\n    raise OSError\nreturn config',
    "a handled refusal": 'try:\n    config.add_input(tensor("x", [5]))\nexcept ValueError:\n    pass\nreturn config',
    "a tuple of dims": 'config.add_input(tensor("x", (4,)))\nreturn config',
    "a new tuple of dims": 'config.add_input(tensor("n", (4,)))\nreturn config',
    "twice": 'config.add_output(tensor("n", [4]))\nconfig.add_output(tensor("n", [5]))\nreturn config',
    "a missing key": 'config.as_dict()["dynamic_batching"]\nreturn config',
    "a key that is there": 'config.as_dict()["optimization"]["priority"]\nreturn config',
    "a way without a return": 'if config.as_dict()["max_batch_size"] > 0:\n    return config',
    "a way with a return": 'if config.as_dict()["max_batch_size"] == 0:\n    return config',
    "a list for a tensor": 'config.add_input(["name", "data_type", "dims"])\nreturn config',
    "another policy": 'config.set_model_transaction_policy({"decouple": True})\nreturn config',
    "a policy that is a number": "config.set_model_transaction_policy(1)\nreturn config",
    "an argument too many": "config.set_dynamic_batching({})\nreturn config",
    "its dictionary": "return config.as_dict()",
    "a generator": "yield config",
    "the dictionary changed": 'config.as_dict()["max_batch_size"] = 16\nconfig.set_max_batch_size(8)\nreturn config',
    "a larger batch": "config.set_max_batch_size(max(4, config.as_dict()['max_batch_size']))\nreturn config",
}
HEAD = """TABLE = {"x": [4], "z": [-1]}
KIND = {"data_type": "TYPE_FP32"}
def tensor(name, dims):
    return {"name": name, "data_type": "TYPE_" + "FP32", "dims": dims}
class TritonPythonModel:
"""


def write_models(root: Path) -> None:
    """The examples of the rules, and a model for each completion."""
    for name in SHOWN:
        for title in ("Bad", "Good"):
            example = read_example(blocks(RULES[name].doc, title)[0])
            model = root / f"{name}-{title}"
            model.mkdir()
            (model / "config.pbtxt").write_text(example.config or "")
            for head, text in example.files:
                write(model, head, text)
    for name, body in COMPLETIONS.items():
        model = root / name.replace(" ", "-")
        (model / "1").mkdir(parents=True)
        (model / "config.pbtxt").write_text(IO)
        lines = "".join(f"        {line}\n" for line in body.split("\n"))
        method = f"    @staticmethod\n    def auto_complete_config(config):\n{lines}"
        (model / "1" / "model.py").write_text(f"{HEAD}{method}{EXECUTE}")


@pytest.mark.local
def test_what_is_an_error_is_refused_and_nothing_else(embedded: LocalRuntime, tmp_path: Path) -> None:
    write_models(tmp_path)
    report = Run(options()).report([Target(os.fspath(tmp_path), whole=True)])
    errors = {d.model for d in report.diagnostics if d.severity is Severity.ERROR}
    http, grpc, metrics = free_ports()
    spec = ServerSpec(
        repository=tmp_path,
        release=RELEASE,
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        server_args=("--backend-config=python,shm-default-byte-size=4194304",),
    )
    with running(embedded, spec, timeout=240) as (_, snapshot):
        states = {model.name: (model.state, model.reason) for model in snapshot.models}
    refused = {name for name, (state, _) in states.items() if state != "READY"}
    assert len(states) == 2 * len(SHOWN) + len(COMPLETIONS)
    assert refused - {f"{name}-Bad" for name in UNSURE} == errors, states
    for name in SHOWN:
        if RULES[name].severity is Severity.ERROR or name in UNSURE:
            assert f"{name}-Bad" in refused
