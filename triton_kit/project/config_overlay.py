"""Fields of ModelConfig laid over a template's text; what they do not touch stays as it is, comments too."""

from __future__ import annotations

import re
from collections.abc import Mapping

from triton_kit.project.values import merge
from triton_kit.repository.schema import MessageType, message_type
from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.dump import dump

_TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | [^\s#"'{}<>\[\]:;,]+ | .""", re.VERBOSE
)


def overlay(text: str, config: Mapping[str, object]) -> str:
    """The text, a valid config.pbtxt, with the fields of ``config`` merged into its own (see ``values.merge``).

    A field that the text has is replaced where it is, a new one is added at the end, null removes one. Of a
    choice (``dynamic_batching`` or ``sequence_batching``) the one in ``config`` stays. Raises UsageError for what the
    schema refuses.
    """
    own = parse(text).config.to_dict()
    merged = merge(_without_rivals(own, config, message_type("ModelConfig")), dict(config))
    for name in dict.fromkeys((*own, *config)):
        if merged.get(name) != own.get(name) or (name in merged) != (name in own):
            text = _put(text, name, dump({name: merged[name]}) if name in merged else "")
    return text


def _without_rivals(own: Mapping[str, object], over: Mapping[str, object], kind: MessageType) -> dict[str, object]:
    """What stands, without the other members of each choice that ``over`` makes."""
    kept = dict(own)
    for name, value in over.items():
        field = kind.fields.get(name)
        if field is None or value is None:
            continue
        for rival in kind.oneofs.get(field.oneof or "", ()):
            if rival != name:
                kept.pop(rival, None)
        mine = kept.get(name)
        single = field.kind == "message" and not field.repeated and not field.map
        if single and isinstance(value, Mapping) and isinstance(mine, dict):
            kept[name] = _without_rivals(mine, value, field.message)
    return kept


def _put(text: str, name: str, new: str) -> str:
    spans = [(start, end) for field, start, end in statements(text) if field == name]
    if not spans:
        return f"{text.rstrip()}\n{new}" if new else text
    for start, end in reversed(spans[1:]):
        text = _cut(text, start, end, "")
    return _cut(text, *spans[0], new.rstrip("\n"))


def _cut(text: str, start: int, end: int, new: str) -> str:
    """Replace a statement; one that goes takes its line along if nothing else is on it."""
    if not new and text[end : end + 1] == "\n" and text[:start].rpartition("\n")[2].strip() == "":
        start -= len(text[:start].rpartition("\n")[2])
        end += 1
    return text[:start] + new + text[end:]


def statements(text: str) -> list[tuple[str, int, int]]:
    """The top-level fields of a valid text: name, start, end, in order; a repeated field each time it stands."""
    found: list[tuple[str, int, int]] = []
    name, start, end, depth, filled = "", 0, 0, 0, False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token[0].isspace() or token[0] == "#":
            continue
        if depth == 0 and token in ",;":
            end = match.end() if name else end
            continue
        if depth == 0 and token == ":":
            continue
        string = token[0] in "\"'"
        if depth == 0 and (not name or (filled and not string and token not in "{<[")):
            if name:
                found.append((name, start, end))
            name, start, end, filled = token, match.start(), match.end(), False
            continue
        if token in ("{", "<", "["):
            depth += 1
        elif token in ("}", ">", "]"):
            depth -= 1
        end = match.end()
        # A sign is a token of its own only when blanks follow it; then its number is still to come.
        filled = depth == 0 and token != "-"
    if name:
        found.append((name, start, end))
    return found
