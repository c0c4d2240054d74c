"""Configuration files brought into the canonical layout, except those that tk rendered or cannot read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from triton_kit.errors import TkError, UsageError
from triton_kit.files.write import replace_text
from triton_kit.model import disk
from triton_kit.model.target import find_target
from triton_kit.project.render import is_rendered
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.text_format.document import Message, ParseProblem, parse
from triton_kit.repository.text_format.layout import layout

Status = Literal["changed", "unchanged", "rendered", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """A file, its text, the text it is to have, and why it has no other.

    ``rendered``: ``tk render`` made it from model.yaml, and would take a change for an edit by hand. ``unreadable``:
    ``problem`` says what is wrong with it; its text stays.
    """

    path: str
    old: str
    new: str
    status: Status
    problem: ParseProblem | None = None


def format_text(text: str, path: str) -> Formatted:
    """What becomes of one text. ``path`` is what messages call it."""
    if is_rendered(text):
        return Formatted(path=path, old=text, new=text, status="rendered")
    document = parse(text)
    if document.problems:
        return Formatted(path=path, old=text, new=text, status="unreadable", problem=document.problems[0])
    new = layout(text)
    if new == text:
        return Formatted(path=path, old=text, new=text, status="unchanged")
    # Cheap beside what a layout that changed the meaning would cost.
    again = parse(new)
    if again.problems or not _same(again.message, document.message):
        raise AssertionError(f"the layout of {path} would mean something else; it is left as it was")
    return Formatted(path=path, old=text, new=new, status="changed")


def _same(one: Message, other: Message) -> bool:
    """Whether two messages are the same; unlike ``==``, a number that is none (nan) is the same as itself."""
    return one == other or repr(one.to_dict()) == repr(other.to_dict())


def format_files(paths: Iterable[str]) -> Iterator[Formatted]:
    """What becomes of each configuration in these repositories, models and files; nothing is written.

    Raises UsageError for a path that does not exist, TkError for a file that cannot be read.
    """
    for path in dict.fromkeys(name for given in paths for name in find_configs(given)):
        try:
            data = disk.read_bytes(path)
        except OSError as error:
            raise TkError(f"{path} cannot be read: {disk.reason(error)}", hint=disk.remedy(error)) from None
        yield format_text(data.decode("utf-8", "surrogateescape"), path)


def find_configs(path: str) -> list[str]:
    """The configuration files that a path stands for: itself, those of a model, those of a repository's models."""
    kind = disk.kind_of(path)
    if kind is not None and kind not in (disk.DIRECTORY, disk.DANGLING):
        return [path]
    target = find_target(path)
    root = Path(target.repository)
    if not target.whole:
        return [found for name in target.models for found in _model_configs(root / name)]
    names = disk.by_bytes(_listing(root), disk.DIRECTORY)
    found = [config for name in names for config in _model_configs(root / name)]
    if not found:
        hint = f"give a model repository, a model, or a {CONFIG_NAME}"
        raise UsageError(f"{path} has no model with a {CONFIG_NAME}", hint=hint)
    return found


def _model_configs(model: Path) -> list[str]:
    found = [model / CONFIG_NAME] if _listing(model).get(CONFIG_NAME) == disk.FILE else []
    custom = model / "configs"
    if disk.kind_of(str(custom)) == disk.DIRECTORY:
        names = disk.by_bytes(_listing(custom), disk.FILE)
        found += [custom / name for name in names if name.endswith(".pbtxt")]
    return [str(path) for path in found]


def _listing(path: Path) -> dict[str, str]:
    try:
        return disk.listing(str(path))
    except OSError as error:
        raise TkError(f"{path} cannot be read: {disk.reason(error)}", hint=disk.remedy(error)) from None


def write_formatted(formatted: Formatted) -> None:
    """Give the file its new text in one step, through a symbolic link, with the mode it had. Raises TkError."""
    replace_text(Path(formatted.path), formatted.new)


def diff(formatted: Formatted) -> Iterator[str]:
    """The change as a unified diff, without line ends."""
    # Only a line feed ends a line: a form feed in a comment does not.
    old, new = (text.removesuffix("\n").split("\n") if text else [] for text in (formatted.old, formatted.new))
    return difflib.unified_diff(old, new, formatted.path, formatted.path, lineterm="")
