"""The version of tk, where any room may read it."""

__version__ = "0.1.0"
