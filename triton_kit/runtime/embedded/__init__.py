"""The embedded server: its binaries, its backends and the Python that they need."""
