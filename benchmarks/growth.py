"""Time over size: four times as large an input takes about four times as long, whatever shape it has.

Ensembles made to take long, with so many entries in their maps, for ``tk validate``, ``tk graph`` and ``tk fmt``; and
20,000 findings in one file in every format of the report, over the same command on a tenth of them. Of processors,
since processes of one kind are compared; the start of each counts for both.

    python benchmarks/growth.py [ENTRIES]
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from pathlib import Path

from common import ROOT, TK, command, in_turns, ratio, show, verdict

sys.path.insert(0, str(ROOT / "tests"))
from large_ensembles import write

TIMES, ROUNDS = 4, 3
BAR = 1.5 * TIMES
FINDINGS, FINDINGS_BAR = 20_000, 15
SIZE_OF = {
    "a chain that names each link twice": lambda entries: entries // 40,
    "a chain": lambda entries: entries // 40,
    "a circle": lambda entries: entries // 40,
    "one ensemble in a row": lambda entries: entries // 2,
    "steps that wait for each other": lambda entries: entries // 3,
    "every output into every input": lambda entries: math.isqrt(entries // 2),
}
"""How many links, steps or sides make so many entries. Models of their own cost files: a twentieth of them."""
COMMANDS = {"validate": ["validate"], "graph": ["graph"], "fmt": ["fmt", "--check"]}


def main() -> int:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    kept = [*shapes(entries), *reports()]
    return 0 if all(kept) else 1


def shapes(entries: int) -> list[bool]:
    """Each shape, four times as large over it, by command."""
    kept = []
    for shape, size_of in SIZE_OF.items():
        with tempfile.TemporaryDirectory() as folder:
            for name, count in (("small", entries // TIMES), ("large", entries)):
                write(Path(folder, name), shape, size_of(count))
            for what, argv in COMMANDS.items():
                times = in_turns(
                    {
                        f"tk {what}, {shape}, {name}": command([*TK, *argv, str(Path(folder, name))], ok=(0, 1))
                        for name in ("small", "large")
                    },
                    ROUNDS,
                )
                show(times)
                small, large = times
                kept.append(
                    verdict(f"tk {what}, {shape}: {TIMES} times as large", ratio(times, large, small, "cpu"), BAR)
                )
    return kept


def reports() -> list[bool]:
    """Each format of a report, ten times as many findings over them."""
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder, "few"), Path(folder, "many")
        for path, count in ((few, FINDINGS // 10), (many, FINDINGS)):
            write(path, "steps that wait for each other", count)
        one_line = Path(folder, "one line")
        shutil.copytree(many, one_line)
        config = one_line / "e" / "config.pbtxt"
        config.write_text(config.read_text().replace("\n", " "))
        for kind in ("text", "json", "sarif", "github", "junit"):
            tasks = {
                f"{kind}, {path.name}": command([*TK, "validate", "--format", kind, str(path)], ok=(1,))
                for path in (few, many, one_line)
            }
            times = in_turns(tasks, ROUNDS)
            show(times)
            small, large, long = times
            kept.append(verdict(f"{kind}: 10 times as many findings", ratio(times, large, small, "cpu"), FINDINGS_BAR))
            kept.append(verdict(f"{kind}: all in one line", ratio(times, long, large, "cpu"), 1.5))
    return kept


if __name__ == "__main__":
    sys.exit(main())
