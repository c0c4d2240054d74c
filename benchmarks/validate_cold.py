"""What ``tk validate sample_repository``, ``tk --version`` and ``tk --help`` cost against ``python -c "import typer"``.

Whole processes, on the clock and of processors. Python keeps its compiled modules, as it does in an installation,
whatever PYTHONDONTWRITEBYTECODE says.

    python benchmarks/validate_cold.py [ROUNDS]
"""

from __future__ import annotations

import sys

from common import ROOT, TK, TYPER, both, command, in_turns, show

BARS = {"tk validate": 1.5, "tk --version": 1.15, "tk --help": 1.5}


def main() -> int:
    typer = "python -c 'import typer'"
    tasks = {
        typer: command(TYPER),
        "tk validate": command([*TK, "validate", str(ROOT / "sample_repository")]),
        "tk --version": command([*TK, "--version"]),
        "tk --help": command([*TK, "--help"]),
    }
    times = in_turns(tasks, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    show(times)
    kept = [both(f"{one} over import typer", times, one, typer, bar) for one, bar in BARS.items()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
