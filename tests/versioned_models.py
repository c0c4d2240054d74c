"""Models with versions, a process that is killed at its nth change of the disk, for the tests of the versions room."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scaffold_models import write_onnx

CONFIG = 'backend: "onnxruntime"\nmax_batch_size: 4\n'

_CHANGES = frozenset(
    ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "shutil.rmtree")
)


def make_model(repository: Path, *versions: int, config: str | None = CONFIG, name: str = "m") -> Path:
    """A model with these versions of one ONNX file."""
    model = repository / name
    model.mkdir(parents=True)
    for version in versions:
        write_onnx(model / str(version) / "model.onnx")
    if config is not None:
        (model / "config.pbtxt").write_text(config)
    return model


def names(folder: Path) -> list[str]:
    """What is in a directory."""
    return sorted(entry.name for entry in folder.iterdir())


def tree(root: Path) -> set[str]:
    """All that is below a directory, links not followed."""
    found = set()
    for folder, folders, names in os.walk(root):
        found |= {str((Path(folder) / name).relative_to(root)) for name in (*folders, *names)}
    return found


def killed_at(number: int, action: Callable[[], Any]) -> bool:
    """Run the action in a process of its own that is killed before its nth change of the disk; whether it was."""
    with warnings.catch_warnings():
        # Forking beside threads is fine for a child that only touches files.
        warnings.simplefilter("ignore")
        child = os.fork()
    if not child:
        left = number

        def count(event: str, args: tuple[Any, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes or event in _CHANGES:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

        sys.addaudithook(count)
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the action failed by itself"
    return False
