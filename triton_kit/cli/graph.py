"""``tk graph``: the data flow of a repository or a model, with what is wrong at its place."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.model_paths import default_path, model_paths, project_around
from triton_kit.cli.support.options import Ignore, Release, Strict, format_option
from triton_kit.cli.support.release import named_release
from triton_kit.cli.support.validate_options import rules_heard
from triton_kit.errors import assert_never

if TYPE_CHECKING:
    from triton_kit.graph.flow import Graph


class Format(str, Enum):
    """How the graph is drawn."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    HTML = "html"
    JSON = "json"


def graph(
    path: Annotated[
        str | None, Argument(metavar="[MODEL|REPOSITORY]", help="A model or a repository; default: here.")
    ] = None,
    format_: Annotated[Format, format_option("How to draw it.")] = Format.TREE,
    output: Annotated[str | None, Option(metavar="FILE", help="Write it there, not to stdout.")] = None,
    release: Release = None,
    strict: Strict = False,
    ignore: Ignore = None,
) -> int:
    """Draw how tensors flow through an ensemble, or what goes into a model and comes out.

    Names, types and shapes are those that the server will see; what tk validate finds is at its step or tensor. Of
    a repository every ensemble is drawn, then the models that stand alone. An html page needs no network. The exit code
    is 1 where the server would refuse something.
    """
    from triton_kit.graph.build import draw
    from triton_kit.linter.options import options
    from triton_kit.linter.report.text import summary

    project = project_around(path or ".")
    _, ignored, severities = rules_heard(project, (), ignore)
    judged_by = options(
        release=named_release(release, project),
        auto_complete=not strict,
        ignore=ignored,
        severities=severities,
    )
    [place] = model_paths([path], project) if path else [default_path(project)]
    drawn = draw(place, judged_by, configs=format_ is Format.HTML)
    _show(drawn.graph, format_, output)
    if drawn.report.diagnostics or output is not None:
        terminal.say(summary(drawn.report))
    return 0 if drawn.report.ok else 1


def _show(drawing: Graph, format_: Format, output: str | None) -> None:
    if output is None:
        if rendered := _rendered(drawing, format_, color=terminal.colors(sys.stdout)):
            terminal.out(rendered)
        return
    from pathlib import Path

    from triton_kit.files.write import replace_text

    replace_text(Path(output), _rendered(drawing, format_, color=False) + "\n")


def _rendered(drawing: Graph, format_: Format, *, color: bool) -> str:
    match format_:
        case Format.TREE:
            from triton_kit.graph import tree

            return tree.render(drawing, color=color, columns=terminal.columns())
        case Format.MERMAID:
            from triton_kit.graph import mermaid

            return mermaid.render(drawing)
        case Format.DOT:
            from triton_kit.graph import dot

            return dot.render(drawing)
        case Format.SVG:
            from triton_kit.graph import svg

            return svg.render(drawing)
        case Format.HTML:
            from triton_kit.graph import html

            return html.render(drawing)
        case Format.JSON:
            from triton_kit.graph import json

            return json.render(drawing)
        case _:
            assert_never(format_)
