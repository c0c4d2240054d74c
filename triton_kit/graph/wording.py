"""The words of a drawing, the same in every format."""

from __future__ import annotations

from triton_kit.graph.flow import Flow, Node, Port, Role, Shape
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.linter.report.text import printable, width

WIDEST = 44
"""The longest name that a box shows; the middle of a longer one is left out."""


def shape_text(shape: Shape | None) -> str:
    """``[batch, 3, 224, 224]``; empty where the shape is unknown."""
    return "" if shape is None else f"[{', '.join(map(str, shape))}]"


def port_type(port: Port) -> str:
    """``FP32 [batch, 10]``, and whether it can be left out."""
    parts = [port.data_type, shape_text(port.shape), "optional" if port.optional else ""]
    return " ".join(part for part in parts if part)


def output_name(port: Port) -> str:
    """An output's name, with that of its tensor where it is another: ``y as mid``."""
    name = name_text(port.name)
    return name if port.tensor in ("", port.name) else f"{name} as {name_text(port.tensor)}"


def batch_text(batch: int | None) -> str:
    """What the largest batch is, empty when that is unknown."""
    if batch is None:
        return ""
    return f"batches of up to {batch}" if batch > 0 else "no batching"


def about(node: Node) -> str:
    """The line below a node's name: backend, version, batch."""
    if not node.exists:
        return "there is no such model"
    version = f"version {node.version}" if node.version is not None else ""
    stream = "decoupled" if node.decoupled else ""
    return " · ".join(part for part in (node.backend, version, batch_text(node.batch), stream) if part)


def about_flow(flow: Flow) -> str:
    """The line below a flow's name."""
    if not flow.ensemble:
        return ""
    steps = sum(node.role is Role.STEP for node in flow.nodes)
    parts = ["ensemble", f"{steps} step" if steps == 1 else f"{steps} steps", batch_text(flow.batch)]
    return " · ".join(part for part in parts if part)


def name_text(name: str) -> str:
    """A name as a drawing shows it: on one line, without control characters, the middle of a long one left out."""
    text = printable(name)
    if width(text) <= WIDEST:
        return text
    half = (WIDEST - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def finding_text(finding: Diagnostic) -> str:
    """``error: message [rule]``."""
    return f"{finding.severity}: {printable(finding.message)} [{finding.rule}]"


def finding_place(finding: Diagnostic) -> str:
    """``file:line:column``."""
    return f"{printable(str(finding.file))}:{finding.span.line}:{finding.span.column}"
