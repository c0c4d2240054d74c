"""Whether the Python packages are here that parts of tk need."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine

OPTIONAL = {"onnxruntime": "local", "PIL": "local", "grpc": "grpc"}
"""What can be imported, and the extra that brings it."""


def look(_machine: Machine) -> Finding:
    """onnxruntime and pillow for the embedded server, grpcio for gRPC."""
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    missing = [name for name in OPTIONAL if find_spec(name) is None]
    if missing:
        extras = ",".join(dict.fromkeys(OPTIONAL[name] for name in missing))
        return warning(f"{python} without {', '.join(missing)}", f"pip install 'triton-kit[{extras}]'")
    return ok(f"{python} with {', '.join(OPTIONAL)}")
