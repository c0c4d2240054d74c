"""Prints the outputs of an ONNX Runtime session as JSON; a program, so that a broken model ends nothing else."""

from __future__ import annotations

import json
import sys


def main(path: str, level: str) -> None:
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = {
        "-1": levels.ORT_ENABLE_BASIC,
        "1": levels.ORT_ENABLE_EXTENDED,
        "2": levels.ORT_DISABLE_ALL,
    }.get(level, levels.ORT_ENABLE_ALL)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found = {
        output.name: [size if isinstance(size, int) and size >= 0 else -1 for size in output.shape or []]
        for output in session.get_outputs()
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
