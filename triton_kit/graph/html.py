"""One page by itself: pan, zoom, look at a step's configuration, search a tensor; no network, whatever names say."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from triton_kit import json_document
from triton_kit.graph import json
from triton_kit.graph.flow import Config, Flow, Graph
from triton_kit.graph.layout import lay_out
from triton_kit.graph.markup import escaped
from triton_kit.graph.svg import drawing, style
from triton_kit.graph.wording import about, about_flow, name_text, port_type
from triton_kit.linter.report.text import printable
from triton_kit.resources import resource

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic

_LONGEST = 200_000
"""The most characters of a configuration that a page carries."""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {styles}; script-src {script}">
<meta name="color-scheme" content="light dark">
<title>{title} · tk graph</title>
<style>{style}</style>
</head>
<body>
<nav aria-label="Models">
<h1>{title}</h1>
<input id="search" type="search" placeholder="Search a tensor" aria-label="Search a tensor" autocomplete="off">
<ul id="found" aria-live="polite"></ul>
<ul id="flows"></ul>
<p class="keys"><kbd>/</kbd> search <kbd>Tab</kbd> next box <kbd>Enter</kbd> open <kbd>+</kbd><kbd>−</kbd> zoom <kbd>0</kbd> fit</p>
</nav>
<main>
<div id="canvas" tabindex="0" aria-label="Drawing: arrow keys move it">
{drawings}</div>
<div class="tools" role="toolbar" aria-label="View">
<button id="out" title="Zoom out (-)" aria-label="Zoom out">−</button>
<button id="in" title="Zoom in (+)" aria-label="Zoom in">+</button>
<button id="fit" title="Fit (0)">Fit</button>
</div>
</main>
<aside id="details" aria-label="Details"></aside>
<script type="application/json" id="data">{data}</script>
<script>{code}</script>
</body>
</html>"""  # noqa: E501


def render(graph: Graph) -> str:
    """The graph as an HTML document."""
    looks = style() + resource("graph/page.css").read_text(encoding="utf-8")
    code = resource("graph/page.js").read_text(encoding="utf-8")
    return _PAGE.format(
        title=escaped(printable(graph.title)),
        styles=_source(looks),
        script=_source(code),
        style=looks,
        drawings="".join(_drawing(flow, i) for i, flow in enumerate(graph.flows)),
        data=embedded(_data(graph)),
        code=code,
    )


def embedded(value: object) -> str:
    """A value as JSON inside a script element: nothing in it can end the element or begin a comment."""
    import json as text

    written = text.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _source(text: str) -> str:
    """What the page's policy lets in: exactly this text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _drawing(flow: Flow, number: int) -> str:
    layout = lay_out(flow)
    inside = "".join(drawing(layout, flow.numbered()))
    size = f'data-width="{layout.width:.0f}" data-height="{layout.height:.0f}"'
    title = escaped(printable(flow.name))
    return (
        f'<svg class="tk-graph" data-flow="{number}" {size} hidden role="group" aria-label="{title}">'
        f'<g class="view">\n{inside}</g></svg>\n'
    )


def _data(graph: Graph) -> dict[str, object]:
    """The document of ``--format json`` with what the page shows beside it."""
    content = json.content(graph)
    for flow, entry in zip(graph.flows, content["flows"], strict=True):
        numbers = flow.numbered()
        entry["about"] = about_flow(flow) if flow.ensemble else about(flow.nodes[0])
        entry["short"] = name_text(flow.name)
        entry["numbers"] = [[*_place(finding), number] for finding, number in numbers.items()]
        entry["severity"] = str(max((f.severity for f in numbers), default=""))
        for node, node_entry in zip(flow.nodes, entry["nodes"], strict=True):
            node_entry["about"] = about(node)
            for side in ("inputs", "outputs"):
                for port, port_entry in zip(getattr(node, side), node_entry[side], strict=True):
                    port_entry["type"] = port_type(port)
    content["configs"] = {printable(name): _config(config) for name, config in graph.configs.items()}
    return json_document.document(content)


def _place(finding: Diagnostic) -> tuple[str, str, int, int]:
    return finding.rule, printable(str(finding.file)), finding.span.line, finding.span.column


def _config(config: Config) -> dict[str, object]:
    text = config.text.encode("utf-8", "backslashreplace").decode()
    return {"file": printable(config.file), "text": text[:_LONGEST], "cut": len(text) > _LONGEST}
