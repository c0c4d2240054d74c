"""TorchServe's index_to_name.json as the lines of a label file."""

from __future__ import annotations

import json
from pathlib import Path

from triton_kit.convert.report import Item, changed, left
from triton_kit.model import disk

_NAME = "index_to_name.json"
_MOST = 1_000_000


def read_labels(path: Path) -> tuple[tuple[str, ...], list[Item]]:
    """The labels by their index, with what there is to say; none where the file is not what handlers read.

    A label is a text, or the last of a list of texts as for ImageNet (ts/torch_handler, map_class_to_label).
    """
    try:
        found: object = json.loads(disk.read_bytes(str(path)).decode("utf-8"))
    except OSError as error:
        return (), [left(_NAME, f"cannot be read: {disk.reason(error)}")]
    except (ValueError, RecursionError) as error:
        return (), [left(_NAME, f"is not JSON: {error}")]
    if isinstance(found, dict) and isinstance(found.get("object_type_names"), list):
        found = found["object_type_names"]
    pairs = enumerate(found) if isinstance(found, list) else found.items() if isinstance(found, dict) else ()
    labels: dict[int, str] = {}
    for key, value in pairs:
        text = value[-1] if isinstance(value, list) and value else value
        if not (isinstance(text, str) and str(key).isascii() and str(key).isdecimal() and len(str(key)) < 10):
            return (), [left(_NAME, "does not map numbers to names")]
        labels[int(key)] = " ".join(text.split())
    if not labels or max(labels) >= min(_MOST, 10 * len(labels) + 100):
        return (), [left(_NAME, "does not number its names one by one")]
    items = []
    missing = [i for i in range(max(labels)) if i not in labels]
    if missing:
        said = f"{len(missing)} numbers have no name, the first is {missing[0]}: their lines are empty"
        items.append(changed(_NAME, said))
    return tuple(labels.get(i, "") for i in range(max(labels) + 1)), items
