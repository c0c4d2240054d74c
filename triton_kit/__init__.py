"""A toolkit for the model repositories of NVIDIA Triton Inference Server."""

__version__ = "0.1.0"
