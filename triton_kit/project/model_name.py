"""Which names a new model can have."""

from __future__ import annotations

from triton_kit.errors import UsageError

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def check_name(name: str) -> str:
    """The name, if it can be a model's: a directory, a part of a URL, and a word in the shell that starts its process.

    Core takes any directory name. But the server does not decode what clients must encode in a URL (seen on 24.10: the
    model is ready, and nobody can ask it), and the python backend hangs on shell characters and blanks up to 25.07,
    and refuses them from 25.08 on (python_backend stub_launcher.cc). Raises UsageError.
    """
    hint = "use a to z, A to Z, 0 to 9, and _ - . inside"
    if not name:
        raise UsageError("the name of the model is empty", hint=hint)
    shown = name if name.isprintable() else repr(name)
    if "/" in name:
        raise UsageError(f"{shown} is a path, not the name of a model", hint="say where it goes with --repository DIR")
    if name[0] in "-.":
        raise UsageError(f"{shown} starts with {name[0]!r}, which no model name should", hint=hint)
    bad = sorted(set(name) - _NAME)
    if bad:
        listed = " ".join(repr(c) for c in bad)
        raise UsageError(f"{shown} has characters that no URL of a server can have: {listed}", hint=hint)
    if len(name) > 255:
        raise UsageError("the name of the model is longer than 255 bytes", hint="choose a shorter one")
    return name
