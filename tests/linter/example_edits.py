"""Small edits of an example: a number one more or less, a name that is another one, a field left out or written twice,
a list one longer, a version before the one that there is, or none.

They show which parts of an example its rule looks at, and where the rule begins and ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from triton_kit.repository.release import releases
from triton_kit.repository.schema import message_names, message_type

OTHER_WORDS = {
    "true": "false",
    "false": "true",
    "TYPE_FP32": "TYPE_INT64",
    "TYPE_INT32": "TYPE_INT64",
    "TYPE_INT64": "TYPE_STRING",
    "TYPE_STRING": "TYPE_FP32",
    "FP32": "INT64",
    "INT32": "INT64",
    "INT64": "FP32",
    "KIND_CPU": "KIND_GPU",
    "KIND_GPU": "KIND_CPU",
    "KIND_AUTO": "KIND_CPU",
    "KIND_MODEL": "KIND_CPU",
    "REJECT": "DELAY",
    "DELAY": "REJECT",
}
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?![\w.])")
_STRING = re.compile(r'"[^"\n]*"')
_RELEASE = re.compile(r"(?<=--release )\S+")
_FIELD = re.compile(r"\b[a-z_]+(?::\s*(\"[^\"\n]*\"|[^\s{\[\"]+)|:?\s*[{\[])")
_LIST = re.compile(r"\[ ?(?:-?\d+(?:, -?\d+)*)? ?\]")
_VERSION = re.compile(r"^-- 1/", re.MULTILINE)
_HEAD = re.compile(r"^-- (?!tk validate).*\n?(?:(?!-- ).*\n?)*", re.MULTILINE)
_REPEATED = {
    field.name
    for name in message_names()
    for field in message_type(name).fields.values()
    if field.repeated or field.map
}
_RELEASES = sorted(releases())


class Edit(NamedTuple):
    """Characters ``start`` to ``end`` of a block replaced by ``new``, and that in words."""

    start: int
    end: int
    new: str
    said: str

    def apply(self, block: str) -> str:
        return block[: self.start] + self.new + block[self.end :]


def edits(block: str) -> Iterator[Edit]:
    """Every small edit of a block, in the order of the kinds."""
    for start, end, new in sorted({*_words(block), *_releases(block)}):
        yield Edit(start, end, new, f"{_line(block, start)}: {block[start:end]} -> {new}")
    for start, end in _fields(block):
        text = block[start:end]
        yield Edit(start, end, "", f"{_line(block, start)}: without {_short(text)}")
        if _repeated(text):
            yield Edit(start, end, f"{text} {text}", f"{_line(block, start)}: twice {_short(text)}")
    for match in _HEAD.finditer(block):
        yield Edit(*match.span(), "", f"{_line(block, match.start())}: without {_short(match[0])}")
    yield from _longer(block)
    yield from _behind_another_version(block)
    yield from _globally(block)
    if "no config.pbtxt" not in block:
        kept = _files_of_versions(block, "")
        yield Edit(0, len(block), f"{kept}\n-- 02/", "without a version")


def behind_good(bad: str, good: str) -> Edit | None:
    """The model of the bad block as version 2, behind that of the good one; where both write one."""
    files = [_files_of_versions(block) for block in (good, bad)]
    if not all(files) or "version_policy" in bad or "no config.pbtxt" in bad:
        return None
    rest = _files_of_versions(bad, "")
    options, _, config = rest.partition("\n") if rest.startswith("-- tk validate") else ("", "", rest)
    policy = "version_policy { all { } }"
    new = "\n".join([*filter(None, [options]), policy, config, files[0], _VERSION.sub("-- 2/", files[1])])
    return Edit(0, len(bad), new, "as version 2, behind the good one")


def _files_of_versions(block: str, new: str | None = None) -> str:
    """The files of version 1 of a block; where ``new`` is given, the block with that in their place."""
    files = re.compile(r"^-- 1/.*\n?(?:(?!-- ).*\n?)*", re.MULTILINE)
    if new is not None:
        return files.sub(new, block).rstrip("\n")
    return "\n".join(match[0].rstrip("\n") for match in files.finditer(block))


def with_sibling(block: str, edit: Edit) -> Edit | None:
    """Beside the repeated field that an edit is in, another one before it: the field as the edit would make it."""
    around = [
        (start, end)
        for start, end in _fields(block)
        if start <= edit.start and edit.end <= end and (start, end) != (edit.start, edit.end)
    ]
    for start, end in sorted(around, reverse=True):
        text = block[start:end]
        if _repeated(text) and text[-1] in "}]":
            edited = text[: edit.start - start] + edit.new + text[edit.end - start :]
            return Edit(start, start, f"{edited} ", f"{edit.said}, in one more before it")
    return None


def _repeated(field: str) -> bool:
    return re.split(r"\W", field, maxsplit=1)[0] in _REPEATED


def _words(block: str) -> Iterator[tuple[int, int, str]]:
    """Another number, string or word in the place of one."""
    for match in _NUMBER.finditer(block):
        for change in (-1, 1):
            yield (*match.span(), str(int(match[0]) + change))
    for match in _STRING.finditer(block):
        for new in ('""', '"other"'):
            if match[0] != new:
                yield (*match.span(), new)
    for match in re.finditer(r"\w+", block):
        if match[0] in OTHER_WORDS:
            yield (*match.span(), OTHER_WORDS[match[0]])


def _releases(block: str) -> Iterator[tuple[int, int, str]]:
    """The release before or after in the place of one."""
    for match in _RELEASE.finditer(block):
        at = _RELEASES.index(match[0])
        for name in _RELEASES[max(at - 1, 0) : at + 2]:
            if name != match[0]:
                yield (*match.span(), name)


def _fields(block: str) -> Iterator[tuple[int, int]]:
    """Where the fields of a configuration are, with what is in them."""
    for match in _FIELD.finditer(block):
        if block[: match.start()].rpartition("\n")[2].startswith("-- "):
            continue
        end = match.end() if match[1] else _closed(block, match.end() - 1)
        if end:
            yield match.start(), end


def _closed(block: str, start: int) -> int:
    """The end of what a brace or bracket opens; 0 where nothing closes it."""
    depth = 0
    for match in re.compile(r'"[^"\n]*"|[{\[]|[}\]]').finditer(block, start):
        depth += (match[0] in "{[") - (match[0] in "}]")
        if not depth:
            return match.end()
    return 0


def _globally(block: str) -> Iterator[Edit]:
    """The block judged for another server, or as a model that takes batches."""
    options, _, rest = block.partition("\n") if block.startswith("-- tk validate") else ("", "", block)
    start = len(block) - len(rest)
    for more in ("--strict", "--gpus 0", "--gpus 2", "--release 23.01", "--release 26.06"):
        if more.split()[0] not in options:
            yield Edit(0, start, f"{options or '-- tk validate'} {more}\n", f"with {more}")
    if options:
        yield Edit(0, start, "", "without options")
    if "max_batch_size" not in block and "no config.pbtxt" not in block:
        yield Edit(start, start, "max_batch_size: 8\n", "with max_batch_size: 8")


def _longer(block: str) -> Iterator[Edit]:
    """A list of numbers with one more at its end: the first that is unlike the others, or a size like them."""
    for match in _LIST.finditer(block):
        for more in ("-1", "1"):
            inner = match[0].strip("[] ")
            new = f"[ {inner}, {more} ]" if inner else f"[ {more} ]"
            yield Edit(*match.span(), new, f"{_line(block, match.start())}: {match[0]} -> {new}")


def _behind_another_version(block: str) -> Iterator[Edit]:
    """The version as the second one, behind one without a file and behind one whose file is of no use."""
    named = _VERSION.search(block)
    if named is None or "version_policy" in block or "no config.pbtxt" in block:
        return
    options = re.match(r"-- tk validate.*\n", block)
    start = options.end() if options else 0
    rest = _VERSION.sub("-- 2/", block[start:])
    head = block[named.end() :].partition("\n")[0].split(" ")[0]
    for first, said in (("-- 1/", "an empty one"), (f"-- 1/{head}\nno model", f"one with another {head}")):
        if first != "-- 1/" and not head.partition("/")[0]:
            continue
        yield Edit(
            start, len(block), f"version_policy {{ all {{ }} }}\n{rest}\n{first}", f"as version 2, behind {said}"
        )


def _line(block: str, start: int) -> int:
    return block.count("\n", 0, start) + 1


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
