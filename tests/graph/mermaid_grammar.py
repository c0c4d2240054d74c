"""The part of Mermaid's flowchart grammar that tk writes, strictly: whatever else a line is, is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

# Words of the grammar are not names.
ID = r"(?!(?:end|graph|subgraph|default|class|style|click|href|call)\b)[A-Za-z0-9_]+"
# In quotes Mermaid takes #NUMBER; for a character; what could end the label, or mean something, is not there itself.
TEXT = r'"((?:[^"#;&\\\[\]{}|`<>*$%()\n]|#\d+;|<b>|</b>|<br/>)*)"'
NODE = re.compile(rf"({ID})(?:\[{TEXT}\]|\(\[{TEXT}\]\))")
LINK = re.compile(rf"({ID}) (?:-->|-\.->)\|{TEXT}\| ({ID})")
SUBGRAPH = re.compile(rf"subgraph ({ID})\[{TEXT}\]")
STYLE = re.compile(rf"classDef {ID} [a-z-]+:[#\w]+(?:,[a-z-]+:[#\w]+)*|class {ID} {ID}|linkStyle \d+ [\w:#,-]+")


class Link(NamedTuple):
    """An arrow with its text."""

    source: str
    text: str
    target: str


@dataclass
class Chart:
    """What Mermaid would draw."""

    nodes: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)


def parse(text: str) -> Chart:
    """The chart of a text. Raises AssertionError for a line that is none of the grammar."""
    lines = text.splitlines()
    assert lines[0] == "flowchart LR"
    chart = Chart()
    depth = 0
    for line in map(str.strip, lines[1:]):
        if found := NODE.fullmatch(line):
            assert found[1] not in chart.nodes
            chart.nodes[found[1]] = _shown(found[2] if found[2] is not None else found[3])
        elif found := LINK.fullmatch(line):
            chart.links.append(Link(found[1], _shown(found[2]), found[3]))
        elif SUBGRAPH.fullmatch(line):
            depth += 1
        elif line == "end":
            depth -= 1
        else:
            assert line.startswith("%% ") or STYLE.fullmatch(line), line
    assert depth == 0
    return chart


def _shown(text: str) -> str:
    """A label as it is read: a line for each line, without the signs of the ports and their types."""
    plain = re.sub(r"</?b>", "", text).replace("<br/>", "\n")
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), plain)
