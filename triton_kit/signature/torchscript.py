"""What a TorchScript archive says of its forward method, read from the code in it: without torch, nothing unpickled."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.signature.archive import Archive, open_archive
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.torchscript_code import Method, class_bases, class_fields, find_method, split_type
from triton_kit.value import Value

_EXPORT_HINT = "save the model itself: torch.jit.script(model).save('model.pt'), or torch.jit.trace with an example"
_NAME_LIMIT = 4096


class Argument(Value):
    """An argument of ``forward``: its type as TorchScript writes it, such as ``Tensor`` or ``Optional[Tensor]``."""

    name: str
    type: str
    has_default: bool = False


class TorchScriptModel(Value):
    """What the archive's code says of the top-level module.

    ``arguments`` are those of its ``forward`` without ``self``; ``None`` where the module has no forward. ``returns``
    is the type of its result as written. ``outputs`` counts the values it gives: the elements of a (named) tuple, 1
    for a tensor or a list of strings, ``None`` for a type that the PyTorch backend cannot answer with.
    """

    class_name: str
    arguments: tuple[Argument, ...] | None
    returns: str
    outputs: int | None


def read(path: Path) -> TorchScriptModel:
    """The forward method of a TorchScript archive. Raises ModelFileError, for a PyTorch file of another kind, too."""
    check(path, aoti=False)
    with open_archive(path) as archive:
        root = _root(archive, path)
        module, name = _top_class(archive.read(f"{root}data.pkl", _NAME_LIMIT), path)
        code = _code(archive, root, module)
        method = find_method(code, name, "forward")
        if method is None:
            return TorchScriptModel(class_name=name, arguments=None, returns="", outputs=None)
        arguments = tuple(Argument(name=n, type=t or "Tensor", has_default=d) for n, t, d in method.arguments[1:])
        return TorchScriptModel(
            class_name=name,
            arguments=arguments,
            returns=method.returns,
            outputs=_count_outputs(archive, root, method),
        )


def is_script(path: Path) -> bool:
    """Whether the file is a zip archive with compiled TorchScript in it."""
    try:
        return "script" in _contents(path)
    except ModelFileError:
        return False


def check(path: Path, *, script: bool = True, aoti: bool = True) -> None:
    """Raises ModelFileError for a file that the PyTorch backend cannot load, saying what it is.

    ``script`` and ``aoti`` tell which kinds are wanted: TorchScript, and packages of AOT-Inductor.
    """
    found = _contents(path)
    if (script and "script" in found) or (aoti and "aoti" in found):
        return
    if "aoti" in found:
        fault, hint = "is an AOT-Inductor package, not TorchScript", 'write platform: "torch_aoti"'
    elif "script" in found:
        fault, hint = "is TorchScript, not an AOT-Inductor package", 'write platform: "pytorch_libtorch"'
    elif "exported" in found:
        fault = "is an exported program (torch.export.save), which Triton does not load"
        hint = "package it with torch._inductor.aoti_compile_and_package, or save TorchScript"
    elif "weights" in found:
        fault, hint = "holds weights alone (torch.save), not a TorchScript model", _EXPORT_HINT
    else:
        fault, hint = "is a zip archive without a model in it", _EXPORT_HINT
    raise ModelFileError(path, fault, reason="foreign", hint=hint)


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
        fault = f"is {kind}, not a PyTorch model" if kind else "is not a PyTorch model"
        raise ModelFileError(path, fault, reason="foreign", hint=_EXPORT_HINT)
    with open_archive(path) as archive:
        return _kinds(archive.names)


def _kinds(names: tuple[str, ...]) -> set[str]:
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


def _root(archive: Archive, path: Path) -> str:
    """The directory that everything lies in, with its slash: the name that the archive was saved under."""
    for name in archive.names:
        root, slash, rest = name.partition("/")
        if slash and rest == "data.pkl":
            return root + slash
    raise ModelFileError(path, "holds no data.pkl", reason="malformed", hint="export the model again")


def _top_class(start: bytes, path: Path) -> tuple[str, str]:
    """Module and name of the class of the pickled object, which are at the start in the form that PyTorch writes."""
    if start.startswith(b"\x80\x02c"):
        module, _, rest = start[3:].partition(b"\n")
        name, end, _ = rest.partition(b"\n")
        if end and module.startswith(b"__torch__") and name:
            return module.decode("utf-8", "replace"), name.decode("utf-8", "replace")
    raise ModelFileError(
        path, "holds no module that TorchScript wrote", reason="malformed", hint="export the model again"
    )


def _code(archive: Archive, root: str, module: str) -> str:
    return archive.read(f"{root}code/{module.replace('.', '/')}.py").decode("utf-8", "replace")


def _count_outputs(archive: Archive, root: str, method: Method) -> int | None:
    head, parts = split_type(method.returns)
    if head == "Tuple":
        return len([p for p in parts if p != "()"])
    if head in ("", "Tensor") or (head == "List" and parts == ["str"]):
        return 1
    if head.startswith("__torch__.") and not parts:
        module, _, name = head.rpartition(".")
        try:
            code = _code(archive, root, module)
        except ModelFileError:
            return None
        return len(class_fields(code, name)) if class_bases(code, name) == "NamedTuple" else None
    return None
