"""``tk add`` with model files instead of a name: each becomes a model of its own name, and the good ones stay."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.errors import TkError, UsageError

if TYPE_CHECKING:
    from triton_kit.files.plan import Plan


def model_files(words: Sequence[str], source: Path | None) -> list[Path]:
    """The files, where the words are model files; empty where they are the one name of a model.

    A shell writes ``--from *.onnx`` as one option and further words. Raises UsageError for several words that are not
    all files.
    """
    from triton_kit.backends.table import for_file

    paths = [Path(word) for word in words]
    if all(path.suffix and path.exists() and for_file(path) is not None for path in paths):
        return paths if source is None else [source, *paths]
    if len(words) == 1:
        return []
    wrong = next((path for path in paths if not path.exists()), None)
    hint = "give one name, or model files alone: each becomes a model"
    if wrong is not None:
        raise UsageError(f"{wrong} does not exist", hint=hint)
    foreign = next(path for path in paths if not path.suffix or for_file(path) is None)
    raise UsageError(f"{foreign} is not a model file that tk recognises", hint=hint)


def refuse_for_several(files: Sequence[Path], *, as_json: bool, ensemble: str | None) -> None:
    """Raise UsageError for what is about one model, where there are several files."""
    if len(files) > 1 and as_json:
        raise UsageError("--format json is about one model", hint="add the files one by one")
    if len(files) > 1 and ensemble is not None:
        raise UsageError("--ensemble goes with one name, not with files", hint="leave out the files, and name it")


def add_each(
    files: Sequence[Path],
    add: Callable[[str, Path], Plan],
    show: Callable[[Plan], None],
    repository: Path,
    *,
    dry_run: bool,
) -> int:
    """Add a model for each file, named after it, and say what became of each; 1 where one is left out."""
    good = sum(_is_added(file, add, show) for file in files)
    left_out = len(files) - good
    counts = [f"{'1 model' if good == 1 else f'{good} models'} {'would be added' if dry_run else 'added'}"]
    counts += [f"{'1 file' if left_out == 1 else f'{left_out} files'} left out"] if left_out else []
    terminal.say(f"\n{', '.join(counts)}")
    if good and not dry_run:
        place = shlex.quote(str(repository))
        terminal.say(f"\nNext:\n  tk validate {place}\n  tk serve {place}")
    return 1 if left_out else 0


def _is_added(file: Path, add: Callable[[str, Path], Plan], show: Callable[[Plan], None]) -> bool:
    from triton_kit.scaffold.new_project import model_name

    try:
        planned = add(model_name(file), file)
    except TkError as error:
        terminal.error(f"{file} is left out: {error.message}", hint=error.hint)
        return False
    show(planned)
    return True
