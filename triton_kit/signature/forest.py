"""What a forest says of itself: features, outputs, objective, of XGBoost, LightGBM and treelite files.

The formats, as their writers have them: XGBoost's JSON and UBJSON (xgboost doc/model.schema), its old binary one
(xgboost src/learner.cc, LearnerModelParamLegacy), LightGBM's text (lightgbm src/boosting/gbdt_model_text.cpp), and
treelite's checkpoints since version 3 (treelite docs/serialization). Only the bytes that decide are read, however large
the file.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import struct
from pathlib import Path
from typing import Literal, TypeAlias

from triton_kit.errors import assert_never
from triton_kit.repository.tensor import TensorSpec
from triton_kit.signature import ubjson
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.types import Signature
from triton_kit.value import Value

_HEAD = 512
_PART = 64 * 1024
"""Bytes looked at around what decides; none of the writers comes near it."""
_MOST = 2**24
"""More features or classes than any forest has: a number beyond it is not a count."""

_BINARY = struct.Struct("<fIiiiIII")
_BINARY_SIZE = 136

Sniffed: TypeAlias = Literal["lightgbm", "xgboost", "xgboost_ubj", "treelite_checkpoint"]
"""The formats that the first bytes show, by the FIL backend's words."""


class Forest(Value):
    """A forest: the ``format`` by the FIL backend's word for it, and what its file says.

    ``classes`` is the number of classes, 2 for a binary decision and 1 for a number; ``classifies`` is ``None`` where
    the file does not say. ``objective`` is the trainer's word, empty where there is none.
    """

    format: str
    features: int
    classes: int
    classifies: bool | None
    objective: str

    def signature(self, *, probabilities: bool = False) -> Signature:
        """The tensors as the backend has them: one FP32 number for each sample, or one for each of several classes."""
        width = self.classes if self.classes > 2 and (probabilities or not self.classifies) else 1
        return Signature(
            inputs=(TensorSpec(name="input__0", dtype="TYPE_FP32", shape=(None, self.features)),),
            outputs=(TensorSpec(name="output__0", dtype="TYPE_FP32", shape=(None, width)),),
        )


def sniff(head: bytes) -> Sniffed | None:
    """The format that a file's first bytes show; ``None`` where it is not a forest's, or where it is JSON."""
    if head.startswith(b"tree\n") or head.startswith(b"tree\r\n"):
        return "lightgbm"
    if head.startswith(b"binf") or _binary_at(head, 0) is not None:
        return "xgboost"
    if head[:1] == b"{" and head[1:2] in b"LUiIl" and head[1:2]:
        return "xgboost_ubj"
    if len(head) >= 40 and _treelite(head) is not None:
        return "treelite_checkpoint"
    return None


def is_forest(path: Path) -> bool:
    """Whether the file is a forest, by its content. Never raises."""
    try:
        read(path)
    except ModelFileError:
        return False
    return True


def read(path: Path) -> Forest:
    """What the forest in the file says of itself. Raises ModelFileError."""
    fd, size = open_model(path)
    try:
        with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as data:
            return _read(path, data)
    except (OSError, ValueError) as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)


def _read(path: Path, data: mmap.mmap) -> Forest:
    head = data[:_HEAD]
    if head.startswith(b"version https://git-lfs"):
        raise lfs_pointer(path)
    found = sniff(head)
    match found:
        case "lightgbm":
            return _lightgbm(path, data)
        case "xgboost":
            return _binary(path, head)
        case "xgboost_ubj":
            return _xgboost(path, data, "xgboost_ubj")
        case "treelite_checkpoint":
            forest = _treelite(head)
            assert forest is not None
            return forest
        case None:
            return _json(path, data, head)
        case _:
            assert_never(found)


def _json(path: Path, data: mmap.mmap, head: bytes) -> Forest:
    """A forest of XGBoost as JSON, whose first bytes are those of any JSON."""
    if head.lstrip()[:1] == b"{":
        return _xgboost(path, data, "xgboost_json")
    kind = name_kind(head) or "no format that is known"
    raise ModelFileError(
        path,
        f"is {kind}, not a forest",
        reason="foreign",
        hint="save the forest with save_model of XGBoost or LightGBM, or serialize of treelite",
    )


def _xgboost(path: Path, data: mmap.mmap, kind: str) -> Forest:
    """JSON and UBJSON have the same keys; what decides is behind the trees, near the end."""
    param, goal = (_member(data, key, kind) for key in (b"learner_model_param", b"objective"))
    if not isinstance(param, dict):
        if data.find(b"learner") < 0 and data.find(b"gradient_booster") < 0:
            raise ModelFileError(path, "is a JSON file, not a forest", reason="foreign")
        raise ModelFileError(
            path, "is a forest of XGBoost without its learner_model_param", reason="truncated", hint="save it again"
        )
    if data[-_HEAD:].rstrip()[-1:] != b"}":
        raise ModelFileError(path, "ends in the middle, perhaps cut short", reason="truncated", hint="copy it again")
    objective = goal.get("name") if isinstance(goal, dict) else ""
    objective = objective if isinstance(objective, str) else ""
    return _boosted(path, kind, param.get("num_feature"), param.get("num_class"), objective)


def _member(data: mmap.mmap, key: bytes, kind: str) -> object:
    """The last object under that key in the file; ``None`` where there is none that can be read."""
    ends = len(data)
    while (at := data.rfind(key, 0, ends)) >= 0:
        part = data[at + len(key) : at + len(key) + _PART]
        found = ubjson.decode(part) if kind == "xgboost_ubj" else _json_after_key(part)
        if isinstance(found, dict):
            return found
        ends = at
        if ends < len(data) - 64 * _PART:
            break
    return None


def _json_after_key(part: bytes) -> object:
    start = re.match(rb'"\s*:\s*', part)
    if start is None:
        return None
    try:
        return json.JSONDecoder().raw_decode(part[start.end() :].decode("utf-8", "replace"))[0]
    except (ValueError, RecursionError):
        return None


def _boosted(path: Path, kind: str, features: object, classes: object, objective: str) -> Forest:
    """A forest of XGBoost: num_class is 0 where there are not several."""
    several = _count(path, "num_class", classes, least=0)
    classifies = objective.startswith(("binary:", "multi:")) if objective else None
    return Forest(
        format=kind,
        features=_count(path, "num_feature", features),
        classes=several if several > 1 else 2 if classifies else 1,
        classifies=classifies,
        objective=objective[:100],
    )


def _count(path: Path, name: str, value: object, *, least: int = 1) -> int:
    """A number as the files have it, as text or as a number. Raises ModelFileError for anything else."""
    text = str(value)[:20]
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= _MOST):
        raise ModelFileError(
            path, f"says {name}: {text}, which is not a count", reason="malformed", hint="save it again"
        )
    return int(text)


def _binary_at(head: bytes, start: int) -> tuple[int, int, str] | None:
    """Features, classes and objective of the old binary format, whose magic word came late; ``None`` for others."""
    rest = head[start + _BINARY_SIZE :]
    if len(rest) < 8:
        return None
    _, features, classes, *_ = _BINARY.unpack_from(head, start)
    length = int.from_bytes(rest[:8], "little")
    name = rest[8 : 8 + length]
    if not 0 < length <= 100 or len(name) < length or not re.fullmatch(rb"[a-z]+:[a-z0-9_]+", name):
        return None
    return features, classes, name.decode()


def _binary(path: Path, head: bytes) -> Forest:
    found = _binary_at(head, 4 if head.startswith(b"binf") else 0)
    if found is None:
        raise ModelFileError(path, "is a forest in XGBoost's old format, cut short", reason="truncated")
    return _boosted(path, "xgboost", *found)


def _lightgbm(path: Path, data: mmap.mmap) -> Forest:
    fields = {}
    for line in data[:_PART].decode("utf-8", "replace").splitlines():
        key, sign, value = line.partition("=")
        if key in ("feature_names", "Tree"):
            break
        if sign:
            fields[key] = value.strip()
    if data.rfind(b"end of trees") < 0:
        raise ModelFileError(
            path, "is a LightGBM forest without its end, perhaps cut short", reason="truncated", hint="copy it again"
        )
    objective = fields.get("objective", "").split(" ")[0]
    several = _count(path, "num_class", fields.get("num_class", ""))
    classifies = objective in ("binary", "multiclass", "multiclassova") if objective else None
    return Forest(
        format="lightgbm",
        features=_count(path, "max_feature_idx", fields.get("max_feature_idx", ""), least=0) + 1,
        classes=several if several > 1 else 2 if classifies else 1,
        classifies=classifies,
        objective=objective[:100],
    )


_V3_KINDS = {0: None, 1: True, 2: True, 3: True}
_V4_KINDS = {0: True, 1: False, 2: True, 3: False, 4: False}
"""Whether a task type classifies: binary and multiple classes; not regression, ranking, isolation. In version 3, binary
classification and regression are one."""


def _treelite(head: bytes) -> Forest | None:
    """A checkpoint by its header: version, types, number of trees and features, task, classes."""
    if len(head) < 48:
        return None
    major, minor, patch, threshold, leaf, trees, features, task = struct.unpack_from("<iiiBBQiB", head)
    if major not in (3, 4) or not (0 <= minor < 100 and 0 <= patch < 100 and threshold in (2, 3) and leaf in (1, 2, 3)):
        return None
    if not (0 < features <= _MOST and 0 < trees < 2**40):
        return None
    kinds = _V3_KINDS if major == 3 else _V4_KINDS
    if task not in kinds:
        return None
    classifies = kinds[task]
    if major == 3:
        (classes,) = struct.unpack_from("<I", head, 32)
        if classifies is None and head[40:48].startswith(b"sigmoid"):
            classifies = True
    else:
        targets, length, classes = struct.unpack_from("<iQi", head, 28)
        if not 0 < targets == length:
            return None
        classes = max(classes, 1) if targets == 1 else targets
    if not 0 < classes <= _MOST:
        return None
    return Forest(
        format="treelite_checkpoint",
        features=features,
        classes=2 if classifies and classes == 1 else classes,
        classifies=classifies,
        objective="",
    )
