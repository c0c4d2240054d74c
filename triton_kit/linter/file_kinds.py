"""Which backend takes a model file of an unusual name, by what is in it."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.signature.errors import ModelFileError

_HINTS = {
    "a git-lfs pointer": "fetch the file first (git lfs pull), then write the backend that takes it",
    "a PyTorch file (zip archive)": "it holds saved weights, which no backend loads: export TorchScript or ONNX, or "
    'write backend: "python" and a model.py that loads it',
}


def backend_remedy(path: str) -> str | None:
    """What to write for the file at that path; ``None`` where there is no file, or it does not show what it is."""
    from triton_kit.backends.generic import first_bytes
    from triton_kit.backends.table import for_file
    from triton_kit.signature.files import name_kind

    file = Path(path)
    if not file.exists():
        return None
    if file.suffix == ".bin" and file.with_suffix(".xml").is_file():
        ir = file.with_suffix(".xml").name
        return f'write backend: "openvino" and default_model_filename: "{ir}", whose weights it has'
    head = first_bytes(file)
    backend = for_file(file)
    name = backend.name if backend is not None else _by_content(file, head)
    if name:
        return f'write backend: "{name}", which takes such a file'
    kind = name_kind(head)
    if kind in _HINTS:
        return _HINTS[kind]
    if kind is None:
        return None
    return (
        f'{file.name} is {kind}, which no backend takes: give the model file, or write backend: "python" and a model.py'
    )


def _by_content(file: Path, head: bytes) -> str | None:
    if head.lstrip().startswith(b"<") and b"<net" in head:
        return "openvino"
    from triton_kit.signature.onnx.signature import read

    try:
        read(os.fspath(file), confined=False)
    except (ModelFileError, ValueError):
        return None
    return "onnxruntime"
