"""One changed file of 1,000 models, as pre-commit gives it, against ``tk validate`` where there are no other models.

The file is that of a model that nothing uses, or of one that an ensemble uses, so that the ensemble is judged again;
the other configurations are only searched for ensembles. The measure is a repository of the judged models alone.

    python benchmarks/validate_one.py [ROUNDS]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import TK, both, command, environment, in_turns, show
from repositories import name_of, write

BAR = 1.15
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
        for what, numbers in (("alone", (UNUSED,)), ("used", (USED, USED + 1))):
            for n in numbers:
                shutil.copytree(repository / name_of(n), Path(folder, what, name_of(n)))
        tasks = {
            "a repository of that model": command([*TK, "validate", str(Path(folder, "alone"))]),
            "one model of 1,000": command([*TK, "validate", "--skip-unknown", given["alone"]]),
            "a repository of a model and its ensemble": command([*TK, "validate", str(Path(folder, "used"))]),
            "one model of 1,000, with its ensemble": command([*TK, "validate", "--skip-unknown", given["used"]]),
        }
        times = in_turns(tasks, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    show(times)
    alone, one, ensemble, with_ensemble = times
    kept = [
        both("one of 1,000 over it alone", times, one, alone, BAR),
        both("one of 1,000 with its ensemble over the two alone", times, with_ensemble, ensemble, BAR),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
