"""How long ``tk validate sample_repository`` takes as a whole process, against ``python -c "import typer"``.

Python keeps its compiled modules, as it does in an installation, whatever PYTHONDONTWRITEBYTECODE says.

    python benchmarks/validate_cold.py [ROUNDS]
"""

from __future__ import annotations

import sys

from common import ROOT, TK, TYPER, command, in_turns, ratio, show, verdict

BAR = 2.0


def main() -> int:
    tasks = {
        "python -c 'import typer'": command(TYPER),
        "tk validate": command([*TK, "validate", str(ROOT / "sample_repository")]),
    }
    times = in_turns(tasks, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    show(times)
    return 0 if verdict("tk validate over import typer", ratio(times, *reversed(times)), BAR) else 1


if __name__ == "__main__":
    sys.exit(main())
