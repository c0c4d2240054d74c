"""One changed file of 1,000 models, as pre-commit gives it, against ``tk validate`` of the sample.

The file is that of a model that an ensemble uses, so that the ensemble is judged again; the other configurations are
only searched for ensembles.

    python benchmarks/validate_one.py [ROUNDS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, TK, command, environment, in_turns, ratio, show, verdict
from repositories import name_of, write

BAR = 1.5
USED, UNUSED = 48, 42


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "models")
        for _ in write(repository, 1000):
            pass
        given = {what: str(repository / name_of(n) / "config.pbtxt") for what, n in (("alone", UNUSED), ("used", USED))}
        for what, models in (("alone", "1 model"), ("used", "2 models")):
            said = subprocess.run(
                [*TK, "validate", given[what]], capture_output=True, text=True, env=environment(), check=True
            )
            assert said.stdout.strip().endswith(f"in {models}"), said
        tasks = {
            "tk validate sample_repository": command([*TK, "validate", str(ROOT / "sample_repository")]),
            "one model of 1,000": command([*TK, "validate", "--skip-unknown", given["alone"]]),
            "one model of 1,000, with its ensemble": command([*TK, "validate", "--skip-unknown", given["used"]]),
        }
        times = in_turns(tasks, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    show(times)
    cold, *ours = times
    kept = [verdict(f"{one} over the sample", ratio(times, one, cold), BAR) for one in ours]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
