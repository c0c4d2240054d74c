"""The tables that ship with tk, held to their form as they are read: a comma too many shifts no column unseen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

RELEASE_NAME = r"\d\d\.(?:0[1-9]|1[0-2])"
"""A container release, as a regular expression."""

TEXT = r"\S(?:.*\S)?"
"""Some text without blanks around it."""


def optional(kind: str) -> str:
    """That kind, or an empty cell: unknown, or none."""
    return f"(?:{kind})?"


_VERSION = r"\d+(?:\.\d+)+"
RELEASES: Mapping[str, str] = {
    "container": RELEASE_NAME,
    "server": optional(r"\d+\.\d+\.\d+"),
    "ubuntu": optional(r"\d\d\.\d\d"),
    "python": optional(_VERSION),
    "cuda_notes": optional(_VERSION),
    "min_driver_notes": optional(r"\d{3}\+"),
    "cuda_vllm_image": optional(_VERSION),
    "driver_vllm_image": optional(_VERSION),
    "onnxruntime": optional(_VERSION),
    "openvino": optional(_VERSION),
    "dcgm": optional(rf"{_VERSION}(?:-\d+)?"),
    "tensorrt_windows": optional(_VERSION),
    "tensorrt_trtllm_image": optional(TEXT),
    "vllm": optional(TEXT),
}
"""What a cell of each column of ``releases.csv`` looks like."""
FLAGS: Mapping[str, str] = {
    "flag": "[a-z][a-z0-9-]+",
    "since": optional(RELEASE_NAME),
    "value": "yes|no",
    "instead": optional(r"--\S+"),
}
"""What a cell of each column of ``flags.csv`` looks like."""


def read_table(path: Path, kinds: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows of a CSV file by the names of their columns, which are those of ``kinds``, in that order.

    ``kinds`` says for each column what a whole cell looks like, as a regular expression. Raises ValueError for another
    header, another number of cells, or a cell of another kind, with file and line.
    """
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        if header != list(kinds):
            raise ValueError(f"{path}:1: the columns are {', '.join(header)}, not {', '.join(kinds)}")
        rows = []
        for cells in reader:
            place = f"{path}:{reader.line_num}"
            if len(cells) != len(kinds):
                raise ValueError(f"{place}: {len(cells)} cells, and {len(kinds)} columns")
            row = dict(zip(kinds, cells, strict=True))
            for name, kind in kinds.items():
                if not re.fullmatch(kind, row[name], re.ASCII):
                    raise ValueError(f"{place}: {name} is {row[name]!r}, which is not of its kind")
            rows.append(row)
    return rows
