"""The canonical layout of a config.pbtxt: the same fields, the same order, every comment."""

from __future__ import annotations

from collections.abc import Iterable

from triton_kit.errors import assert_never
from triton_kit.repository.text_format.syntax import Body, Entry, Items, Message, Remark, Scalar, read_syntax

WIDTH = 80
"""The columns that a line may fill; a single value or a comment may be longer."""

_STEP = "  "


def layout(text: str) -> str:
    """The text in the one layout that ``tk fmt`` writes; it must be one that ``textproto.parse`` finds no fault with.

    Each field on a line, two blanks a level, no colon before a brace, no separators between fields, double quotes, at
    most one empty line in a row. A message that was written on one line stays on it where it fits; a list of scalars
    always goes on one line where it fits. Comments stay where they are; one between a name and its value goes before
    the field. The message is the same, and laying out twice changes nothing. Takes time linear in the text.
    """
    lines: list[str] = []
    body = read_syntax(text)
    _write_entries(body.entries, "", lines)
    return "".join(f"{line}\n" for line in lines)


def _write_entries(entries: list[Entry | Remark], indent: str, lines: list[str], *, listed: bool = False) -> None:
    """Add the lines of a body; in a list, all entries but the last one end with a comma."""
    last = next((e for e in reversed(entries) if isinstance(e, Entry)), None)
    for i, entry in enumerate(entries):
        if entry.blank and i:
            lines.append("")
        if isinstance(entry, Remark):
            lines.append(indent + entry.text)
            continue
        _write_entry(entry, indent, lines, "," if listed and entry is not last else "")


def _write_entry(entry: Entry, indent: str, lines: list[str], comma: str) -> None:
    flat = _flat(entry)
    if flat is not None and (_is_single(entry) or len(indent) + len(flat) + len(comma) <= WIDTH):
        lines.append(indent + flat)
    elif isinstance(entry.value, Scalar):
        _write_strings(entry, entry.value, indent, lines)
    else:
        _write_body(entry, entry.value, indent, lines)
    lines[-1] += comma
    if entry.comment:
        lines[-1] += f"  {entry.comment}"


def _write_body(entry: Entry, value: Message | Items, indent: str, lines: list[str]) -> None:
    body = value.body
    opener, closer = ("{", "}") if isinstance(value, Message) else ("[", "]")
    lines.append(indent + _joined(entry, opener) + (f"  {body.inside}" if body.inside else ""))
    if isinstance(value, Items) and _scalars_only(body):
        lines += _filled([_flat(e) or "" for e in body.entries if isinstance(e, Entry)], indent + _STEP)
    else:
        _write_entries(body.entries, indent + _STEP, lines, listed=isinstance(value, Items))
    lines.append(indent + closer)


def _write_strings(entry: Entry, value: Scalar, indent: str, lines: list[str]) -> None:
    """Adjacent strings, one on each line, below the name."""
    if entry.name:
        lines.append(f"{indent}{entry.name}:")
        indent += _STEP
    for i, literal in enumerate(value.literals):
        for comment in value.remarks.get(i, ()):
            if comment.trailing:
                lines[-1] += f"  {comment.text}"
            else:
                lines.append(indent + comment.text)
        lines.append(indent + literal)


def _filled(items: list[str], indent: str) -> Iterable[str]:
    """Items with commas, as many on a line as fit."""
    line = indent
    for i, item in enumerate(items):
        piece = item + ("," if i < len(items) - 1 else "")
        if line == indent:
            line += piece
        elif len(line) + 1 + len(piece) <= WIDTH:
            line += f" {piece}"
        else:
            yield line
            line = indent + piece
    if line != indent:
        yield line


def _scalars_only(body: Body) -> bool:
    """Whether a list holds nothing but scalars of one line each, so that they may share lines."""
    return all(
        isinstance(e, Entry) and isinstance(e.value, Scalar) and not e.comment and not e.value.spread
        for e in body.entries
    )


def _is_single(entry: Entry) -> bool:
    """Whether there is nothing to break a line at."""
    return isinstance(entry.value, Scalar) and len(entry.value.literals) == 1


def _flat(entry: Entry) -> str | None:
    """The entry on one line, without its comment; ``None`` where it may not be on one."""
    value = entry.value
    if isinstance(value, Scalar):
        return None if value.spread else _joined(entry, " ".join(value.literals))
    body = value.body
    if body.inside or any(isinstance(e, Remark) or e.comment for e in body.entries):
        return None
    if not body.entries:
        return _joined(entry, "{ }" if isinstance(value, Message) else "[ ]")
    if body.spread and not (isinstance(value, Items) and _scalars_only(body)):
        return None
    parts = [_flat(e) for e in body.entries if isinstance(e, Entry)]
    if not all(part is not None for part in parts):
        return None
    if isinstance(value, Message):
        return _joined(entry, f"{{ {' '.join(p or '' for p in parts)} }}")
    return _joined(entry, f"[ {', '.join(p or '' for p in parts)} ]")


def _joined(entry: Entry, shown: str) -> str:
    """The value behind its name; messages and lists of them take no colon."""
    if not entry.name:
        return shown
    return f"{entry.name}: {shown}" if _takes_colon(entry) else f"{entry.name} {shown}"


def _takes_colon(entry: Entry) -> bool:
    match entry.value:
        case Scalar():
            return True
        case Message():
            return False
        case Items(body=body):
            first = next((e for e in body.entries if isinstance(e, Entry)), None)
            # Of an empty list only the schema knows what it is of.
            return entry.colon if first is None else isinstance(first.value, Scalar)
        case _:
            assert_never(entry.value)
