"""What was added, for people and for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triton_kit.files.plan import Plan
from triton_kit.project import yaml_file
from triton_kit.project.render import FILE
from triton_kit.scaffold.ensemble.request import show_steps


def as_json(plan: Plan) -> dict[str, object]:
    """The plan for scripts."""
    files = [
        {"path": f.path, "text": f.text}
        if f.source is None
        else {"path": f.path, "source": str(f.source), "mode": f.mode}
        for f in plan.files
    ]
    return {"root": str(plan.root), "files": files, "notes": plan.notes, "next": plan.next_steps}


def summary(plan: Plan) -> str:
    """What was added, in a few lines: the folder, each tensor, the batch."""
    text = plan.text(FILE) or ""
    values: Mapping[str, Any] = yaml_file.load(text, Path(FILE)).value.get("values") or {}
    rows = [
        (side, str(t.get("name")), str(t.get("data_type")).removeprefix("TYPE_"), str(t.get("dims")))
        for side in ("input", "output")
        for t in values.get(side) or []
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    lines = [f"{plan.root}/ is added"]
    lines += ["  " + "  ".join((*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3])) for row in rows]
    size = values.get("max_batch_size") or 0
    lines += [f"  step    {step}" for step in show_steps(values.get("step") or [])]
    merged = ", requests are merged" if "dynamic_batching" in values else ""
    lines.append(f"  batches of up to {size}{merged}" if size else "  no batch dimension")
    return "\n".join(lines)
