"""What rules say of an example and of every small edit of it, as text for snapshots."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import count
from pathlib import Path

from example_edits import Edit, behind_good, edits, with_sibling
from example_files import judged, lint_example, read_example

from triton_kit.linter.diagnostic import Diagnostic, Report
from triton_kit.linter.engine import Run
from triton_kit.model.overlay import Overlay
from triton_kit.model.target import Target


def said_of(block: str, rule: str | None, root: Path, good: str = "") -> str:
    """What a rule, or all of them, says of a block, then what each edit adds to that, and what of several it takes.

    Among the edits is that the model of a ``good`` block is there, too, as the version before.
    """
    usual = own(lint_example(block, root / "0" / "r"), rule)
    said = [words(d, root) for d in usual]
    lines = [f"  {place(d)} {words(d, root)}" for d in usual]
    numbers = count(1)

    def tell(edit: Edit) -> list[Diagnostic]:
        found = own(lint_edited(block, edit.apply(block), root, next(numbers)), rule)
        told = [words(d, root) for d in found]
        if told != said:
            lines.append(f"  {edit.said}")
            new = Counter(told) - Counter(said)
            lines.extend(f"    {place(d)} {words(d, root)}" for d in found if words(d, root) in new)
            if len(said) > 1:
                lines.extend(f"    not {text}" for text in Counter(said) - Counter(told))
        return found

    for edit in edits(block):
        if not tell(edit) and usual and (sibling := with_sibling(block, edit)):
            tell(sibling)
    if edit := behind_good(block, good):
        tell(edit)
    return "\n".join(lines or ["  nothing"])


def lint_edited(block: str, edited: str, root: Path, number: int) -> Report:
    """The report on an edited block; where the configuration alone is another one, in the place of the first."""
    before, after = read_example(block), read_example(edited)
    config = root / "0" / "r" / "m" / "config.pbtxt"
    rooted = before.files == after.files and not any("../.." in head for head, _ in after.files)
    if not rooted or before.config is None or after.config is None or not config.is_file():
        return lint_example(edited, root / str(number) / "r")
    disk = Overlay({os.path.realpath(config): after.config.encode()}, frozenset())
    return judged(Run(after.options, disk), [Target(str(root / "0" / "r"), whole=True)])


def own(report: Report, rule: str | None) -> list[Diagnostic]:
    return [d for d in report.diagnostics if rule in (None, d.rule)]


def place(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    return f"{diagnostic.file.name}:{span.line}:{span.column}-{span.end_line}:{span.end_column}"


def words(diagnostic: Diagnostic, root: Path) -> str:
    """All that a finding says, without its place."""
    text = f"{diagnostic.severity}: {diagnostic.message} ({diagnostic.help})"
    for one in diagnostic.related:
        text += f" | {one.span.line}:{one.span.column} {one.message}"
    for change in diagnostic.changes:
        text += f" | fix: {change.replacement.text if change.replacement else change.file.name!r}"
    return re.sub(rf"{re.escape(str(root))}(/\d+(/r\b)?)?", "<place>", text)
