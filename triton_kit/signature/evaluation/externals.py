"""What is imported: the functions of the standard library that are computed, and those that change nothing."""

from __future__ import annotations

import ast
import itertools
import json
import math
import posixpath
from collections.abc import Callable
from typing import cast

from triton_kit.signature.evaluation.core import calls
from triton_kit.signature.evaluation.dataclasses import of_dataclasses
from triton_kit.signature.evaluation.iteration import items
from triton_kit.signature.evaluation.knowledge import SIZE, is_whole
from triton_kit.signature.evaluation.operators import computed
from triton_kit.signature.evaluation.places import Opened, directory, join
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Arguments, External, Host, OpenDict, Place

BACKEND = "triton_python_backend_utils"
_HARMLESS = frozenset(
    [
        "os",
        "sys",
        "json",
        "math",
        "re",
        "logging",
        "pathlib",
        "warnings",
        "numpy",
        "time",
        "datetime",
        "string",
        "platform",
        "pprint",
        "typing",
        "copy",
    ]
)
_READERS = frozenset(
    [
        "torch.load",
        "torch.jit.load",
        "numpy.load",
        "joblib.load",
        "onnxruntime.InferenceSession",
        "onnx.load",
        "h5py.File",
        "tensorrt.load",
        "xgboost.Booster",
        "lightgbm.Booster",
    ]
)
"""Functions of well-known packages that read the file that they are given first."""


class Error(Host):
    """A ``TritonError``."""

    __slots__ = ()


class ErrorResponse(Host):
    """An ``InferenceResponse`` with an error."""

    __slots__ = ()


@calls(External)
def _external(run: Run, function: External, arguments: Arguments, node: ast.AST) -> object:
    positional, named = arguments
    handler = _FUNCTIONS.get(function.name)
    if handler is not None and not named:
        result = handler(run, positional)
        if result is not NotImplemented:
            return result
    if function.name.startswith("dataclasses."):
        result = of_dataclasses(run, function.name, positional, named, node)
        if result is not NotImplemented:
            return result
    if function.name in _READERS and positional and isinstance(positional[0], Place):
        run.record_or_raise(FileNotFoundError, node, Opened(positional[0].text, function.name, node))
        return UNKNOWN
    if function.name.partition(".")[0] not in (*_HARMLESS, BACKEND):
        spoil(run, [*positional, *named.values()])
    if function.name != "sys.exit":
        run.may_raise()
        return _answer(function.name, arguments)
    raise Raised(SystemExit, node)


def _answer(name: str, arguments: Arguments) -> object:
    """An error of the Python backend, or the response with one; everything else is not known."""
    positional, named = arguments
    if name == f"{BACKEND}.TritonError":
        return Error()
    failed = named.get("error", positional[1] if len(positional) > 1 else None)
    if name == f"{BACKEND}.InferenceResponse" and isinstance(failed, Error):
        return ErrorResponse()
    return UNKNOWN


def _copy(run: Run, given: list[object]) -> object:
    value = given[0] if len(given) == 1 else UNKNOWN
    if type(value) in (list, dict, set) and not run.is_marked(value):
        return cast("list[object]", value).copy()
    return value if isinstance(value, str | int | float | tuple | None) else UNKNOWN


def _deepcopy(run: Run, given: list[object]) -> object:
    return _deep(run, given[0], 0) if len(given) == 1 else UNKNOWN


def _deep(run: Run, value: object, depth: int) -> object:
    run.budget.left -= 1
    if depth > 12 or run.budget.left < 0 or run.is_marked(value):
        return UNKNOWN
    if type(value) is list or type(value) is tuple:
        return type(value)(_deep(run, one, depth + 1) for one in value)
    if isinstance(value, dict):
        made: dict[object, object] = OpenDict() if isinstance(value, OpenDict) else {}
        if isinstance(value, OpenDict) and isinstance(made, OpenDict):
            made.maybe = value.maybe
        made.update({key: _deep(run, one, depth + 1) for key, one in value.items()})
        return made
    return value if isinstance(value, str | int | float | None | Place) else UNKNOWN


def _loads(run: Run, given: list[object]) -> object:
    text = given[0] if len(given) == 1 else None
    return computed(json.loads, text) if isinstance(text, str) else UNKNOWN


def _dumps(run: Run, given: list[object]) -> object:
    return computed(json.dumps, given[0]) if len(given) == 1 and is_whole(run, given[0]) else UNKNOWN


def _cast(run: Run, given: list[object]) -> object:
    return given[1] if len(given) == 2 else UNKNOWN


def _ordered(run: Run, given: list[object]) -> object:
    if given and (type(given[0]) is not dict or run.is_marked(given[0])):
        return UNKNOWN
    return dict(cast("dict[object, object]", given[0])) if given else {}


def _chain(run: Run, given: list[object]) -> object:
    found = [items(run, value) for value in given]
    if any(one is None for one in found):
        return NotImplemented
    return iter([value for one in found for value in one or ()])


def _product(run: Run, given: list[object]) -> object:
    found = [items(run, value) for value in given]
    if any(one is None for one in found) or math.prod(len(one or ()) for one in found) > SIZE:
        return NotImplemented
    return iter(list(itertools.product(*(one or () for one in found))))


def _joined(run: Run, given: list[object]) -> object:
    if given and isinstance(given[0], Place):
        found = join(given[0], given[1:])
        return Place(found.text) if isinstance(found, Place) else UNKNOWN
    if given and all(isinstance(part, str) for part in given):
        return posixpath.join(*cast("list[str]", given))
    return UNKNOWN


def _directory(run: Run, given: list[object]) -> object:
    match given:
        case [Place() as place]:
            return directory(place)
        case [str(text)]:
            return posixpath.dirname(text)
    return UNKNOWN


def _same(run: Run, given: list[object]) -> object:
    return given[0] if len(given) == 1 and isinstance(given[0], Place) else UNKNOWN


def _base(run: Run, given: list[object]) -> object:
    match given:
        case [str(text)] | [Place(text=text)] if posixpath.basename(text):
            return posixpath.basename(text)
    return UNKNOWN


def _path(run: Run, given: list[object]) -> object:
    if given and isinstance(given[0], Place):
        return join(Place(given[0].text, path=True), given[1:])
    return UNKNOWN


def _model_dir(run: Run, given: list[object]) -> object:
    return UNKNOWN if given else run.directory


def _whole(function: Callable[..., object]) -> Callable[[Run, list[object]], object]:
    def compute(run: Run, given: list[object]) -> object:
        return computed(function, *given) if all(is_whole(run, value) for value in given) else UNKNOWN

    return compute


_FUNCTIONS: dict[str, Callable[[Run, list[object]], object]] = {
    f"{BACKEND}.get_model_dir": _model_dir,
    "copy.copy": _copy,
    "copy.deepcopy": _deepcopy,
    "json.loads": _loads,
    "json.dumps": _dumps,
    "typing.cast": _cast,
    "collections.OrderedDict": _ordered,
    "itertools.chain": _chain,
    "itertools.product": _product,
    "math.prod": _whole(math.prod),
    "math.ceil": _whole(math.ceil),
    "math.floor": _whole(math.floor),
    "os.path.join": _joined,
    "os.path.dirname": _directory,
    "os.path.basename": _base,
    "os.path.abspath": _same,
    "os.path.realpath": _same,
    "os.path.normpath": _same,
    "os.fspath": _same,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
}
