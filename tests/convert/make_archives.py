"""Write the TorchServe archives in tests/convert/data: ``make_archives.py DIRECTORY``.

They are made by the package torch-model-archiver (0.12.0), the TorchScript models in them by torch (2.13.0, CPU).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HANDLER = '''\
"""A handler without torch: a row of numbers times a matrix."""

import json
import os

import numpy as np
from model import factor


class Matrix:
    def initialize(self, context):
        folder = context.system_properties["model_dir"]
        with open(os.path.join(folder, "matrix.json")) as file:
            self.matrix = np.array(json.load(file)) * factor
        with open(os.path.join(folder, "index_to_name.json")) as file:
            self.names = json.load(file)
        self.unit = context.model_yaml_config["handler"]["unit"]
        self.batch = context.system_properties["batch_size"]

    def preprocess(self, data):
        bodies = [row.get("data") or row.get("body") for row in data]
        return np.array([json.loads(bytes(body)) for body in bodies], dtype=float)

    def postprocess(self, sums):
        return [{"best": self.names[str(row.argmax())], "sums": row, "unit": self.unit} for row in sums]

    def handle(self, data, context):
        if len(data) > self.batch:
            raise ValueError("more than a batch")
        return self.postprocess(self.preprocess(data) @ self.matrix)
'''

SETTINGS = """\
minWorkers: 2
maxWorkers: 4
batchSize: 8
maxBatchDelay: 50
responseTimeout: 120
deviceType: cpu
handler:
  unit: points
"""


def archive(name: str, folder: Path, out: Path, *arguments: str) -> None:
    """Pack what lies in the folder."""
    argv = [sys.executable, "-m", "model_archiver.model_packaging", "--model-name", name, "--export-path", str(out)]
    subprocess.run([*argv, "-f", *arguments], cwd=folder, check=True)


def make_matrix(folder: Path, out: Path) -> None:
    """An eager handler of numpy, with a module, weights, labels, settings and requirements beside it."""
    (folder / "handler.py").write_text(HANDLER)
    (folder / "model.py").write_text("factor = 2\n")
    (folder / "matrix.json").write_text(json.dumps([[1, 0, 2], [0, 3, 1]]))
    (folder / "index_to_name.json").write_text(json.dumps({"0": "one", "1": "two", "2": "three"}))
    (folder / "model-config.yaml").write_text(SETTINGS)
    (folder / "requirements.txt").write_text("numpy\n")
    archive(
        "matrix", folder, out, "--version", "1.0", "--handler", "handler.py", "--config-file", "model-config.yaml",
        "--extra-files", "model.py,matrix.json,index_to_name.json", "--requirements-file", "requirements.txt",
    )  # fmt: skip


def make_flowers(folder: Path, out: Path) -> None:
    """TorchScript behind a built-in handler, with labels."""
    import torch  # type: ignore[import-not-found,unused-ignore]

    torch.manual_seed(0)
    layers = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 3)]
    torch.jit.script(torch.nn.Sequential(*layers)).save(str(folder / "flowers.pt"))
    names = {"2": ["n3", "tulip"], "0": ["n1", "daisy"], "1": ["n2", "rose"]}
    (folder / "index_to_name.json").write_text(json.dumps(names))
    archive(
        "flowers", folder, out, "--version", "2.0", "--serialized-file", "flowers.pt", "--handler", "image_classifier",
        "--extra-files", "index_to_name.json",
    )  # fmt: skip


def make_scores(folder: Path, out: Path) -> None:
    """TorchScript behind a handler of its own."""
    import torch

    class Scores(torch.nn.Module):  # type: ignore[misc,unused-ignore]
        def forward(self, features: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
            return (features * scale).sum(1, keepdim=True)

    torch.jit.script(Scores()).save(str(folder / "scores.pt"))
    (folder / "my_handler.py").write_text(
        "import torch\nfrom ts.torch_handler.base_handler import BaseHandler\n\n\n"
        "class ScoresHandler(BaseHandler):\n    def postprocess(self, data):\n        return data.tolist()\n"
    )
    archive(
        "scores", folder, out, "--version", "1", "--serialized-file", "scores.pt", "--handler", "my_handler.py",
        "--archive-format", "tgz",
    )  # fmt: skip


def main() -> int:
    out = Path(sys.argv[1]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    for make in (make_matrix, make_flowers, make_scores):
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
