"""The newest ONNX files that the ONNX Runtime of each release reads, at the limit and one beyond it."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from triton_kit import lint

READ = {
    "1.13.1": ("23.01", "23.02", 8, 17, 3),
    "1.14.1": ("23.03", "23.04", 8, 18, 3),
    "1.15 and 1.16": ("23.05", "24.02", 9, 19, 3),
    "1.17": ("24.03", "24.04", 9, 20, 4),
    "1.18 to 1.20": ("24.05", "25.02", 10, 21, 5),
    "1.21 and 1.22": ("25.03", "25.07", 10, 22, 5),
    "1.23": ("25.08", "26.01", 11, 23, 5),
    "1.24": ("26.02", "26.06", 13, 25, 5),
    "1.27": ("26.07", "26.08", 13, 26, 5),
}
"""Of each ONNX Runtime: the first and the last container with it, the IR version, the opset, that of ai.onnx.ml."""


def too_new(root: Path, release: str, ir: int, opset: int, ml: int, *, other: int | None = None) -> list[str]:
    """What the rule says of a model with these versions."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ml)]
    opsets += [helper.make_opsetid("ai.onnx", other)] if other else []
    model = helper.make_model(graph, ir_version=ir, opset_imports=opsets)
    folder = root / "repository" / "m" / "1"
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    (root / "repository" / "m" / "config.pbtxt").write_text('backend: "onnxruntime"\nmax_batch_size: 8\n')
    report = lint(root / "repository", release=release)
    return [one.message for one in report.diagnostics if one.rule == "onnx-too-new"]


@pytest.mark.parametrize("runtime", READ)
def test_a_file_at_the_limit_is_read_and_one_beyond_it_is_not(runtime: str, tmp_path: Path) -> None:
    """Of the rule onnx-too-new."""
    first, last, ir, opset, ml = READ[runtime]
    for release in (first, last):
        assert too_new(tmp_path, release, ir, opset, ml) == []
        for beyond, noun, limit in (
            ((ir + 1, opset, ml), "IR version", ir),
            ((ir, opset + 1, ml), "opset", opset),
            ((ir, opset, ml + 1), "opset of ai.onnx.ml", ml),
        ):
            assert too_new(tmp_path, release, *beyond) == [
                f"the {noun} {limit + 1} is newer than ONNX Runtime of this release reads, {limit}"
            ]


def test_the_higher_of_two_opsets_of_the_same_operators_counts(tmp_path: Path) -> None:
    """Of the rule onnx-too-new: the domain of ONNX has two names."""
    said = ["the opset 23 is newer than ONNX Runtime of this release reads, 22"]
    assert too_new(tmp_path, "25.03", 10, 17, 3, other=23) == said
    assert too_new(tmp_path, "25.03", 10, 23, 3, other=17) == said
