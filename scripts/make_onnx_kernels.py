"""Writes the tables of ONNX Runtime's kernels, out of its wheels: those of the ONNX Runtimes in Triton's releases.

``python scripts/make_onnx_kernels.py`` asks each wheel for what it has (see list_onnx_kernels.py) and keeps the answers
below ``TK_TEST_CACHE``; what the CUDA provider has is asked of the wheels for GPUs (``--cuda``, 3 GB of downloads; else
that table stays). ``--check`` asks the newest one, and ends with 1 where the table has something else for it.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx_wheels import Key, Row, cuda_listing, has_body, letters, listing, probes

from triton_kit.repository.release import releases

TABLES = Path(__file__).resolve().parent.parent / "triton_kit" / "signature" / "onnx"
OLDEST = (1, 16)
"""From this version on, ONNX Runtime can be asked."""
GPU = ("1.16.3", "1.17.1", "1.18.1", "1.19.2", "1.20.2", "1.21.0", "1.22.0", "1.23.2", "1.24.4", "1.27.0")
"""Those whose wheels for GPUs are asked."""
DOMAINS = ("", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc")
NEWEST = 2**31 - 1


def versions() -> list[str]:
    """The ONNX Runtimes of all releases that can be asked, oldest first."""
    found = {r.onnxruntime for r in releases().values() if r.onnxruntime}
    return sorted((v for v in found if numbers(v)[:2] >= OLDEST), key=numbers)


def numbers(version: str) -> tuple[int, ...]:
    """A version to be compared."""
    return tuple(int(n) for n in version.split("."))


def rows(listing: Mapping[str, Any], provider: str) -> dict[Key, set[Row]]:
    """The kernels of a provider by operator; those that differ in the types of one parameter are one row."""
    schemas = {(o["domain"], o["name"], o["since"]): o for o in listing["operators"]}
    found: dict[Key, set[Row]] = {}
    for kernel in listing["kernels"]:
        if kernel["by"] != provider or kernel["domain"] not in DOMAINS:
            continue
        first, last = kernel["versions"]
        schema = schemas.get((kernel["domain"], kernel["name"], first))
        types = tuple(
            sorted((k, letters(t)) for k, t in kernel["types"].items() if schema is None or k in schema["types"])
        )
        found.setdefault((kernel["domain"], kernel["name"]), set()).add((first, last, types))
    return {key: merged(one) for key, one in found.items()}


def merged(given: set[Row]) -> set[Row]:
    """The same combinations of types in fewer rows."""
    found = set(given)
    while True:
        for one, other in itertools.combinations(sorted(found), 2):
            both = _together(one, other)
            if both:
                found = found - {one, other} | {both}
                break
        else:
            return found


def _together(one: Row, other: Row) -> Row | None:
    if one[:2] != other[:2] or [k for k, _ in one[2]] != [k for k, _ in other[2]]:
        return None
    differ = [i for i, (a, b) in enumerate(zip(one[2], other[2], strict=True)) if a != b]
    if len(differ) > 1:
        return None
    types = list(one[2])
    for i in differ:
        types[i] = (types[i][0], "".join(sorted({*types[i][1], *other[2][i][1]})))
    return (*one[:2], tuple(types))


def with_bodies(found: dict[Key, set[Row]], said: Mapping[str, Any]) -> dict[Key, set[Row]]:
    """The kernels, and for operators that have a body what that makes of types, unless it lacked a kernel."""
    verdicts: dict[tuple[Key, Row], set[str]] = {}
    for name, (key, row, _) in probes().items():
        verdicts.setdefault((key, row), set()).add(said["models"].get(name, "other"))
    whole = {key: set(one) for key, one in found.items()}
    by_body: dict[Key, set[Row]] = {}
    for (key, row), how in verdicts.items():
        if how != {"no kernel"} and not ("no kernel" in how and "loads" not in how):
            by_body.setdefault(key, set()).add(row)
    for key, some in by_body.items():
        whole.setdefault(key, set()).update(merged(some))
    return whole


def table(by_version: Mapping[str, Mapping[Key, set[Row]]], own: Mapping[Key, tuple[list[int], str]]) -> str:
    """The versions, then a line for each operator: where it is ONNX Runtime's own, and its types; its kernels; and
    whether it has a body of other operators."""
    order = list(by_version)
    keys = sorted({*own, *(key for one in by_version.values() for key in one)})
    bodied = {(s.domain, s.name) for s in onnx.defs.get_all_schemas_with_history() if has_body(s)}
    lines = [f"# Made by scripts/make_onnx_kernels.py; do not edit. {head(order)}"]
    for key in keys:
        there: dict[Row, list[int]] = {}
        for i, version in enumerate(order):
            for row in by_version[version].get(key, ()):
                there.setdefault(row, []).append(i)
        known, types = own.get(key, ([], ""))
        said = [_row(row) + _spans(held, len(order)) for row, held in sorted(there.items())]
        spans = f"{_spans(known, len(order)) or '@'}:{types}" if key in own else ""
        lines.append("\t".join([*key, spans, " ".join(said), "body" if key in bodied else ""]))
    return "\n".join(lines) + "\n"


def head(order: Sequence[str]) -> str:
    """The versions, each with the first release that has it where there is one, and the last release that is known."""
    since: dict[str, str] = {}
    known = {container: release.onnxruntime for container, release in releases().items() if release.onnxruntime}
    for container, runtime in known.items():
        since.setdefault(runtime, container)
    return ",".join(f"{v}={since[v]}" if v in since else v for v in order) + f" {list(known)[-1]}"


def _row(row: Row) -> str:
    first, last, types = row
    span = f"{first}" if first == last else f"{first}-" if last == NEWEST else f"{first}-{last}"
    return ";".join([span, *(f"{name}={letters}" for name, letters in types)])


def _spans(held: Sequence[int], count: int) -> str:
    """In which of the versions something is: ``@0-2,5-``; nothing where it is in all."""
    if len(held) == count:
        return ""
    spans = []
    for _, group in itertools.groupby(enumerate(held), lambda pair: pair[1] - pair[0]):
        run = [i for _, i in group]
        spans.append(f"{run[0]}-{'' if run[-1] == count - 1 else run[-1]}")
    return "@" + ",".join(spans)


def own_operators(by_version: Mapping[str, Mapping[str, Any]]) -> dict[Key, tuple[list[int], str]]:
    """The operators that are not ONNX's own, or that a version has before ONNX: where they are, and their types."""
    found: dict[Key, tuple[list[int], str]] = {}
    theirs = {(s.domain, s.name) for s in onnx.defs.get_all_schemas_with_history()}
    for i, one in enumerate(by_version.values()):
        for operator in one["operators"]:
            key = (operator["domain"], operator["name"])
            if key[0] not in DOMAINS or (key in theirs and key not in EARLIER):
                continue
            held, _ = found.get(key, ([], ""))
            found[key] = ([*held, *([i] if i not in held else [])], _types(operator))
    return found


EARLIER = {
    ("", name)
    for name in ("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization", "ThresholdedRelu", "Affine",
                 "Crop", "DynamicSlice", "GivenTensorFill", "ImageScaler", "ParametricSoftplus", "Scale", "ScaledTanh")
}  # fmt: skip
"""Operators that ONNX Runtime has, or had, in ONNX's domain of its own accord, in version 1."""


def _types(operator: Mapping[str, Any]) -> str:
    """The type parameters of inputs and outputs, as operators.txt has them."""
    sides = []
    for side in operator["sides"]:
        words = []
        for _, name, option, homogeneous in side:
            binds = homogeneous and (name in operator["types"] or letters([name]))
            shown = name if name in operator["types"] else f"={letters([name])}"
            words.append((shown if binds else "?") + ("*" if option == 2 else ""))
        sides.append(",".join(words))
    return ">".join(sides)


def newest_agrees() -> bool:
    """Whether the table says of the newest ONNX Runtime what that says itself."""
    shipped = (TABLES / "kernels.txt").read_text(encoding="utf-8")
    version = versions()[-1]
    order = versions()
    if not shipped.partition("\n")[0].endswith(head(order)):
        print("the table of kernels has other versions than the releases", file=sys.stderr)
        return False
    said = listing(version)
    fresh = with_bodies(rows(said, "CPUExecutionProvider"), said)
    at = len(order) - 1
    for line in shipped.splitlines()[1:]:
        domain, name, _, kernels, _ = line.split("\t")
        wanted = {_row(row) for row in fresh.pop((domain, name), ())}
        if wanted != {row.partition("@")[0] for row in kernels.split() if _holds(row, at)}:
            print(f"the kernels of {name} are not those of ONNX Runtime {version}", file=sys.stderr)
            return False
    return not fresh


def _holds(row: str, at: int) -> bool:
    _, written, spans = row.partition("@")
    if not written:
        return True
    ends = [span.split("-") for span in spans.split(",")]
    return any(int(first) <= at and (not last or at <= int(last)) for first, last in ends)


def main() -> int:
    if "--check" in sys.argv[1:]:
        if newest_agrees():
            print("the table of kernels is up to date")
            return 0
        return 1
    said = {version: listing(version) for version in versions()}
    kernels = {v: with_bodies(rows(one, "CPUExecutionProvider"), one) for v, one in said.items()}
    (TABLES / "kernels.txt").write_text(table(kernels, own_operators(said)), encoding="utf-8")
    if "--cuda" in sys.argv[1:]:
        cuda = {v: rows(cuda_listing(v), "CUDAExecutionProvider") for v in GPU}
        (TABLES / "kernels_cuda.txt").write_text(table(cuda, {}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
