"""What kind of PyTorch file this is: TorchScript, an AOT-Inductor package, or only weights."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model

_EXPORT_HINT = "save the model itself: torch.jit.script(model).save('model.pt'), or torch.jit.trace with an example"


def is_script(path: Path) -> bool:
    """Whether the file is a zip archive with compiled TorchScript in it."""
    try:
        return "script" in _contents(path)
    except ModelFileError:
        return False


def check(path: Path) -> None:
    """Raises ModelFileError for a file that the PyTorch backend cannot load, saying what it is."""
    found = _contents(path)
    if found & {"script", "aoti"}:
        return
    if "exported" in found:
        raise ModelFileError(
            path,
            "is an exported program (torch.export.save), which Triton does not load",
            reason="foreign",
            hint="package it with torch._inductor.aoti_compile_and_package, or save TorchScript",
        )
    if "weights" in found:
        raise ModelFileError(
            path, "holds weights alone (torch.save), not a TorchScript model", reason="foreign", hint=_EXPORT_HINT
        )
    raise ModelFileError(path, "is a zip archive without a model in it", reason="foreign", hint=_EXPORT_HINT)


def _contents(path: Path) -> set[str]:
    fd, _ = open_model(path)
    try:
        head = os.pread(fd, 512, 0)
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)
    if not head.startswith(b"PK\x03\x04"):
        kind = name_kind(head)
        if kind == "a Python pickle":
            return {"weights"}
        if kind == "a git-lfs pointer":
            raise lfs_pointer(path)
        said = f"is {kind}, not a PyTorch model" if kind else "is not a PyTorch model"
        raise ModelFileError(path, said, reason="foreign", hint=_EXPORT_HINT)
    return _members(path)


def _members(path: Path) -> set[str]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise ModelFileError(
            path, "is a broken zip archive, perhaps cut short", reason="truncated", hint="copy or download it again"
        ) from None
    inner = {name.partition("/")[2] for name in names}
    found = set()
    if "constants.pkl" in inner and any(name.startswith("code/") for name in inner):
        found.add("script")
    if any(name.startswith("data/aotinductor/") for name in inner):
        found.add("aoti")
    if (
        any(name.startswith("models/") and name.endswith(".json") for name in inner)
        or "serialized_exported_program.json" in names
    ):
        found.add("exported")
    if "data.pkl" in inner:
        found.add("weights")
    return found
