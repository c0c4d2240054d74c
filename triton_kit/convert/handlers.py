"""TorchServe's handlers: those that it brings, and what one of an archive needs."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """A handler that comes with TorchServe: what it does around the model, as a client now has to.

    ``inputs`` are those of the model as tk add takes them, where the handler fixes them; ``served`` is false where
    its models answer with what the PyTorch backend does not take.
    """

    before: str
    after: str
    inputs: tuple[str, ...] = ()
    served: bool = True


BUILT_IN = {
    "image_classifier": BuiltIn(
        before="decode the image, resize its short side to 256, crop 224 x 224 in the middle, divide by 255, subtract "
        "0.485, 0.456, 0.406 and divide by 0.229, 0.224, 0.225",
        after="softmax, then the five best classes: ask for classes, tk infer --top 5",
        inputs=("INPUT__0:FP32:3,224,224",),
    ),
    "image_segmenter": BuiltIn(
        before="decode the image, resize its short side to 256, crop 224 x 224 in the middle, divide by 255, subtract "
        "0.485, 0.456, 0.406 and divide by 0.229, 0.224, 0.225",
        after="the best class of each pixel with its probability, out of the model's entry 'out'",
        inputs=("INPUT__0:FP32:3,224,224",),
        served=False,
    ),
    "object_detector": BuiltIn(
        before="decode the image and divide by 255, images of different sizes in one list",
        after="boxes, classes and scores above a threshold",
        served=False,
    ),
    "text_classifier": BuiltIn(
        before="normalise and tokenise the text, and look the tokens up in the vocabulary of the archive",
        after="softmax over the classes",
    ),
    "base_handler": BuiltIn(before="make a tensor of what was sent", after="make a list of the result"),
}
"""TorchServe, ts/torch_handler: what each module's preprocess and postprocess do."""

PACKAGES = {"ts": "torchserve", "PIL": "pillow", "cv2": "opencv-python-headless", "sklearn": "scikit-learn"}
"""Packages that are called otherwise than their modules."""


def split_handler(handler: str) -> tuple[str, str]:
    """The module's file and the function of a manifest's handler: ``handler.py:handle`` (ts/model_loader.py)."""
    file, _, function = handler.partition(":")
    return file.rpartition("/")[2], function


def packages_of(sources: Iterable[str], own: Iterable[str]) -> list[str]:
    """The packages that Python files import, beside Python's own and the modules ``own``; nothing is run."""
    beside = set(own)
    found: set[str] = set()
    for source in sources:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    # The Python backend itself needs numpy.
    modules = found - beside - {"numpy"} - set(sys.stdlib_module_names)
    return sorted(PACKAGES.get(name, name) for name in modules)
