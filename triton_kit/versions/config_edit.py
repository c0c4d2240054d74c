"""A configuration's text with another version policy, comments and layout kept."""

from __future__ import annotations

from typing import Final

from triton_kit.errors import UsageError
from triton_kit.repository.message import Message
from triton_kit.repository.text_format.document import Document, parse
from triton_kit.versions.policy import FIELD, Policy, read_policy

_MEMBERS: Final = ("latest", "all", "specific")


def with_policy(text: str, policy: Policy, *, name: str) -> str:
    """The text with that policy and all else as it was; ``name`` is the file's, for messages.

    Raises UsageError for a text that cannot be read in full: what it means is not certain then.
    """
    document = parse(text.encode("utf-8", "surrogateescape"))
    if document.problems:
        first = document.problems[0]
        raise UsageError(
            f"{name}:{first.span.line}:{first.span.column}: {first.message}", hint="fix it first; see tk validate"
        )
    if read_policy(document.config) == policy:
        return text
    new = _edited(document, policy)
    _check(document, new, policy, name)
    return new


def _edited(document: Document, policy: Policy) -> str:
    text, message = document.source.text, document.config
    if not message.has(FIELD):
        return _appended(text, policy.field)
    (inner, outer), owner = document.source.offsets((FIELD,)), message.version_policy
    if policy.kind == "none":
        return _removed(document, *outer)
    member = next((m for m in _MEMBERS if owner.has(m)), None)
    if member is None:
        opener, closer = text[inner[0]], text[inner[1] - 1]
        return _replaced(document, inner[0], inner[1], f"{opener} ", policy.member, f" {closer}")
    return _replaced(document, *document.source.offsets((FIELD, member))[1], "", policy.member, "")


def _appended(text: str, field: str) -> str:
    """The field on a line of its own at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += end
    return f"{text}{field}{end}"


def _replaced(document: Document, start: int, end: int, before: str, new: str, after: str) -> str:
    """Something else in a part of the text; the comments of that part come before it, each on its line."""
    text = document.source.text
    comments = _comments(document, start, end)
    if not comments:
        return text[:start] + before + new + after + text[end:]
    lines = "".join(f"\n  {comment}" for comment in comments)
    return f"{text[:start]}{before.rstrip()}{lines}\n  {new}\n{after.lstrip()}{text[end:].lstrip(' ')}"


def _removed(document: Document, start: int, end: int) -> str:
    """Without a part of the text, and without the line that it had to itself; its comments stay."""
    text = document.source.text
    comments = "".join(f"{comment}\n" for comment in _comments(document, start, end))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end + 1
    rest = text[end:line_end].strip()
    if not text[line_start:start].strip() and rest in ("", ",", ";"):
        return text[:line_start] + comments + text[line_end:]
    if comments:
        comments = f"\n{comments}"
    return (
        text[:start].rstrip(" ") + comments + ("" if comments or not text[:start].strip() else " ") + _after(text[end:])
    )


def _after(text: str) -> str:
    """What follows a field that is gone, without the separator that ended it."""
    text = text.lstrip(" \t")
    return text[1:].lstrip(" \t") if text[:1] in (",", ";") else text


def _comments(document: Document, start: int, end: int) -> list[str]:
    """The comments in a part of the text."""
    first, last = document.source.position(start), document.source.position(end)
    return [c.text for c in document.source.comments if first <= (c.span.line, c.span.column) < last]


def _check(before: Document, text: str, policy: Policy, name: str) -> None:
    """Raise UsageError unless the text says what it is to say, and all that it said before."""
    after = parse(text.encode("utf-8", "surrogateescape"))
    kept = [c.text for c in after.source.comments]
    if (
        after.problems
        or read_policy(after.config) != policy
        or _others(after.message) != _others(before.message)
        or any(c.text not in kept for c in before.source.comments)
    ):
        raise UsageError(
            f"{name} is laid out so that {FIELD} cannot be changed without touching the rest",
            hint=f"write it yourself: {policy.field or f'no {FIELD}'}",
        )


def _others(message: Message) -> list[tuple[str, object]]:
    return [(name, value) for name, value in message.fields() if name != FIELD]
