"""The operator models of onnx's own backend tests, brought down to what an ONNX Runtime reads, and its verdicts.

``python tests/signature/onnx_operator_models.py`` asks the ONNX Runtimes of 24.10 and of the newest release again, by
scripts/onnx_wheels.py, and writes ``data/onnx_verdicts.json.xz``.
"""

from __future__ import annotations

import json
import lzma
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import onnx

DATA = Path(__file__).parent / "data" / "onnx_verdicts.json.xz"
READ = {"1.19.2": (21, 10), "1.28.0": (26, 13)}
"""The opset and the IR version that each of the ONNX Runtimes reads at most."""


@cache
def _collected() -> dict[str, bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return {case.name: case.model.SerializeToString() for case in collect_testcases(None) if case.model}


def operator_models(runtime: str) -> dict[str, onnx.ModelProto]:
    """The models by the names of their tests, of an opset and an IR version that the runtime reads."""
    opset, ir_version = READ[runtime]
    models = {}
    for name, data in _collected().items():
        model = onnx.ModelProto.FromString(data)
        model.ir_version = min(model.ir_version, ir_version)
        for imported in model.opset_import:
            if imported.domain in ("", "ai.onnx"):
                imported.version = min(imported.version, opset)
        models[name] = model
    return models


def verdicts() -> dict[str, Any]:
    """``onnx``: the version whose tests they are of; and for each runtime ``loads``, ``no kernel`` or ``other``."""
    return json.loads(lzma.decompress(DATA.read_bytes()))  # type: ignore[no-any-return]


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
    from onnx_wheels import ask

    found: dict[str, Any] = {"onnx": onnx.__version__}
    for runtime in READ:
        with tempfile.TemporaryDirectory() as place:
            for name, model in operator_models(runtime).items():
                onnx.save(model, Path(place) / f"{name}.onnx")
            with tempfile.TemporaryDirectory() as other:
                answer = Path(other) / "judged.json"
                ask(f"onnxruntime=={runtime}", answer, Path(other), place)
                found[runtime] = json.loads(answer.read_text(encoding="utf-8"))["models"]
    DATA.write_bytes(lzma.compress(json.dumps(found, sort_keys=True).encode(), preset=9))


if __name__ == "__main__":
    main()
