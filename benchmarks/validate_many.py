"""What linting a repository of 1,000 models costs, against reading the same configurations with protobuf.

The measure is ``google.protobuf.text_format.Parse`` of the 1,000 texts, already in memory, into messages. Against it
stand ``lint`` in the same process, and ``tk validate`` as a whole process against a Python that imports
``google.protobuf.text_format``, reads the files and parses them; the clock decides, since tk uses all processors. Then
the time a model in 10,000 models over that in 1,000, and the memory of the process with its children.

    python benchmarks/validate_many.py [--models 1000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from common import TK, command, in_turns, peak_megabytes, ratio, show, verdict
from google.protobuf import text_format
from repositories import write

from triton_kit import lint
from triton_kit.repository.schema import model_config_class

READ = """
import sys
from pathlib import Path
from google.protobuf import text_format
from triton_kit.repository.schema import model_config_class
new = model_config_class()
for path in Path(sys.argv[1]).glob("*/config.pbtxt"):
    text_format.Parse(path.read_text(), new())
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        texts = list(write(small, options.models))
        for _ in write(large, options.models * 10):
            pass
        report = lint(small)
        assert report.ok, report.diagnostics[0]
        assert len(report.models) == options.models
        kept = [*against_protobuf(small, texts, options.rounds), linear(small, large, options.rounds)]
        kept += [memory(small), memory(large)]
    return 0 if all(kept) else 1


def against_protobuf(repository: Path, texts: list[str], rounds: int) -> list[bool]:
    new = model_config_class()

    def parse_all() -> None:
        for text in texts:
            text_format.Parse(text, new())

    lines = sorted(text.count("\n") for text in texts)
    print(f"{len(texts)} models, configurations of {lines[0]} to {lines[-1]} lines")
    inside = in_turns({"text_format.Parse": parse_all, "lint": lambda: lint(repository)}, rounds)
    show(inside)
    kept = verdict("lint over Parse, in one process", ratio(inside, "lint", "text_format.Parse"), 1.0)
    whole = in_turns(
        {
            "python that parses the files": command([sys.executable, "-c", READ, str(repository)]),
            "tk validate": command([*TK, "validate", str(repository)]),
        },
        rounds,
    )
    show(whole)
    over = ratio(whole, "tk validate", "python that parses the files")
    parse_alone = statistics.median(one.wall for one in inside["text_format.Parse"])
    alone = statistics.median(one.wall for one in whole["tk validate"]) / parse_alone
    print(f"{alone:10.2f} times  tk validate with the start of its process, over Parse without one (no bar)")
    return [kept, verdict("tk validate over that Python, whole processes", over, 0.8)]


def linear(small: Path, large: Path, rounds: int) -> bool:
    times = in_turns(
        {"lint, small": lambda: lint(small), "lint, 10 times as many": lambda: lint(large)}, rounds // 2 + 1
    )
    show(times)
    return verdict("time a model in the larger over the smaller", ratio(times, *reversed(times)) / 10, 1.2)


def memory(repository: Path) -> bool:
    peak = peak_megabytes(["validate", str(repository)])
    return verdict(f"memory of tk validate and its children, {repository.name}", peak, 150, unit=" MB")


if __name__ == "__main__":
    sys.exit(main())
