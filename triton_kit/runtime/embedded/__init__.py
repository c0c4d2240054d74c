"""The embedded server: its binaries, its backends and the Python that they need."""

PYTHON_BACKEND = "python"
"""The backend that comes with the binaries."""

ONNX_BACKEND = "onnxruntime"
"""The backend that tk brings, made of ONNX Runtime's Python package, which has the same name.

These two are all that the embedded server has, whichever backends tk knows of.
"""
