"""How long ``tk graph`` of an ensemble of 40 steps takes as a whole process, against ``tk validate`` of the same model.

Python keeps its compiled modules, as it does in an installation, whatever PYTHONDONTWRITEBYTECODE says.

    python benchmarks/graph_cold.py [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import ROOT, TK, command, in_turns, ratio, show, verdict

sys.path.insert(0, str(ROOT / "tests" / "graph"))

import flows

BAR = 1.5
FORMATS = ("tree", "mermaid", "dot", "svg", "html", "json")


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        model = str(flows.add_forty(Path(scratch)))
        tasks = {"tk validate": command([*TK, "validate", model])}
        for one in FORMATS:
            tasks[f"tk graph --format {one}"] = command([*TK, "graph", model, "--format", one])
        times = in_turns(tasks, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    show(times)
    kept = [
        verdict(f"{one} over tk validate", ratio(times, f"tk graph --format {one}", "tk validate"), BAR)
        for one in FORMATS
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
