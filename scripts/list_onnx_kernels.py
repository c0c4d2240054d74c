"""Lists what the ONNX Runtime of this interpreter has: its kernels, its operators, and which of some models it loads.

``python scripts/list_onnx_kernels.py LISTING.json [MODELS]``, run by make_onnx_kernels.py with the wheel of a release
on the path; ``MODELS`` is a directory of ONNX files. Needs nothing but ONNX Runtime and numpy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

_NO_KERNEL = ("Could not find an implementation", "Failed to find kernel")


def kernels() -> list[dict[str, Any]]:
    """Each registered kernel: an operator, the versions that it is for, and the types that it takes."""
    return [
        {
            "domain": k.domain,
            "name": k.op_name,
            "versions": k.version_range,
            "types": k.type_constraints,
            "by": k.provider,
        }
        for k in state.get_all_opkernel_def()
    ]


def operators() -> list[dict[str, Any]]:
    """Each operator that it knows, with the type parameters of its inputs and outputs."""
    found = []
    for schema in state.get_all_operator_schema():
        sides = [
            [(one.name, one.typeStr, int(one.option), one.isHomogeneous) for one in side]
            for side in (schema.inputs, schema.outputs)
        ]
        allowed = {c.type_param_str: list(c.allowed_type_strs) for c in schema.type_constraints}
        found.append(
            {
                "domain": schema.domain,
                "name": schema.name,
                "since": schema.since_version,
                "sides": sides,
                "types": allowed,
            }
        )
    return found


def loads(path: Path) -> str:
    """``loads``, ``no kernel``, or ``other`` where it is refused for another reason."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return "no kernel" if any(said in str(error) for said in _NO_KERNEL) else "other"
    return "loads"


def main() -> None:
    onnxruntime.set_default_logger_severity(4)
    listing, *models = sys.argv[1:]
    files = sorted(Path(models[0]).glob("*.onnx")) if models else []
    found = {"kernels": kernels(), "operators": operators(), "models": {path.stem: loads(path) for path in files}}
    Path(listing).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
