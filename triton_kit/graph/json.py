"""A graph for programs: a JSON document, version 1."""

from __future__ import annotations

from typing import Any

from triton_kit import json_document
from triton_kit.graph.flow import Flow, Graph, Node, Port
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.linter.report.text import printable


def render(graph: Graph) -> str:
    """The graph as JSON text."""
    return json_document.render(content(graph))


def content(graph: Graph) -> dict[str, Any]:
    """The graph as plain values, without the version."""
    return {
        "flows": [_flow(flow) for flow in graph.flows],
        "findings": [_finding(finding) for finding in graph.findings],
    }


def _flow(flow: Flow) -> dict[str, object]:
    edges = [
        {
            "source": edge.source,
            "output": edge.source_port,
            "target": edge.target,
            "input": edge.target_port,
            "tensor": printable(edge.tensor),
            "backward": edge.backward,
            "severity": str(edge.severity) if edge.severity is not None else None,
        }
        for edge in flow.edges
    ]
    return {
        "name": printable(flow.name),
        "ensemble": flow.ensemble,
        "max_batch_size": flow.batch,
        "nodes": [_node(node) for node in flow.nodes],
        "edges": edges,
        "findings": [_finding(finding) for finding in flow.findings],
    }


def _node(node: Node) -> dict[str, object]:
    return {
        "id": node.id,
        "role": node.role.value,
        "name": printable(node.name),
        "step": node.index if node.index >= 0 else None,
        "exists": node.exists,
        "backend": printable(node.backend),
        "model_version": node.version,
        "max_batch_size": node.batch,
        "decoupled": node.decoupled,
        "inputs": [_port(port) for port in node.inputs],
        "outputs": [_port(port) for port in node.outputs],
        "findings": [_finding(finding) for finding in node.findings],
    }


def _port(port: Port) -> dict[str, object]:
    return {
        "name": printable(port.name),
        "tensor": printable(port.tensor) or None,
        "data_type": port.data_type or None,
        "shape": None if port.shape is None else list(port.shape),
        "optional": port.optional,
        "known": port.known,
        "findings": [_finding(finding) for finding in port.findings],
    }


def _finding(finding: Diagnostic) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": printable(finding.message),
        "help": printable(finding.help) if finding.help is not None else None,
        "file": printable(str(finding.file)),
        "line": finding.span.line,
        "column": finding.span.column,
    }
