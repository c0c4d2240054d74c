"""The repositories that a real server judged: read, put on disk, and judged by us."""

from __future__ import annotations

import base64
import json
import lzma
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from triton_kit.linter.diagnostic import Report, Severity
from triton_kit.linter.engine import Run
from triton_kit.linter.options import options
from triton_kit.model.target import Target

DATA = Path(__file__).parent / "linter" / "data"
VERDICTS = DATA / "verdicts.jsonl.xz"
KNOWN = DATA / "disagreements.tsv"

RELEASE = "24.10"
"""The release of the server that judged."""


def read_cases() -> list[dict[str, Any]]:
    with lzma.open(VERDICTS, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


BACKENDS = ("onnxruntime", "python")
"""What the judging server had, where a verdict depends on it."""

UNJUDGED = ("agents", "ort-openvino")
"""What the judging machine had or lacked, and no option of ours says."""


def judgeable(case: dict[str, Any]) -> bool:
    """Cases of server flags that we have no option for, or of a machine that none describes, are left out."""
    return case.get("needs") not in UNJUDGED and flags(case) is not None


def flags(case: dict[str, Any]) -> dict[str, Any] | None:
    """Our options for the server's flags; ``None`` where one has no counterpart."""
    found: dict[str, Any] = {}
    for argument in case.get("args", ()):
        name, _, value = argument.partition("=")
        setting, _, number = value.rpartition("=")
        if name == "--model-config-name":
            found["config_name"] = value
        elif argument == "--rate-limit=execution_count":
            found["rate_limit"] = True
        elif name == "--rate-limit-resource":
            resource, _, count = value.partition(":")
            found["rate_resources"] = {**found.get("rate_resources", {}), resource: int(count)}
        elif setting == "onnxruntime,default-max-batch-size" and number.lstrip("-").isdecimal():
            found["default_max_batch_size"] = int(number)
        elif name not in ("--allow-metrics", "--metrics-address", "--metrics-port"):
            return None
    return found


def materialise(case: dict[str, Any], root: Path) -> None:
    root.mkdir(parents=True)
    for name in case["dirs"]:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, content in case["files"].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_bytes(content.encode("utf-8", "surrogateescape"))
        elif "symlink" in content:
            path.symlink_to(content["symlink"])
        else:
            path.write_bytes(base64.b64decode(content["b64"]))


def judge(root: Path, case: dict[str, Any], mode: str) -> Report:
    needs = case.get("needs")
    run = Run(
        options(
            release=RELEASE,
            auto_complete=mode == "auto",
            gpus=0 if needs == "no-gpu" else None,
            image_backends=BACKENDS if needs == "backend-set" else None,
            **(flags(case) or {}),
        )
    )
    return run.report([Target(str(root), whole=True)])


class Difference(NamedTuple):
    case: str
    mode: str
    model: str
    server: str
    ours: str
    reason: str

    @property
    def key(self) -> str:
        return f"{self.case}:{self.mode}:{self.model}"


def compare(case: dict[str, Any], root: Path) -> tuple[int, list[Difference]]:
    """How many verdicts were compared, and those that differ."""
    materialise(case, root)
    compared, found = 0, []
    try:
        for mode in ("auto", "strict"):
            report = judge(root, case, mode)
            errors = [d for d in report.diagnostics if d.severity is Severity.ERROR]
            kills = any("kill" in d.message or "hang" in d.message for d in errors)
            for model, verdict in case[mode].items():
                compared += 1
                # A dead or waiting server has no verdict on the other models: then any cause of it will do.
                collective = verdict["state"] in ("CRASH", "HANG", "TIMEOUT") and kills
                refused = collective or any(d.model in (model, None) for d in errors)
                accepted = verdict["state"] == "READY"
                if accepted == refused:
                    ours = "; ".join(f"{d.rule}: {d.message}" for d in errors if d.model in (model, None))
                    reason = verdict["reason"]
                    found.append(Difference(case["case"], mode, model, verdict["state"], ours, reason))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return compared, found


def compare_all(root: Path) -> tuple[int, list[Difference]]:
    total, differences = 0, []
    for case in read_cases():
        if judgeable(case):
            compared, found = compare(case, root / case["case"])
            total += compared
            differences += found
    return total, differences
