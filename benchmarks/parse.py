"""How much quicker the reader is than protobuf's own text format parser, over realistic configurations.

Both read the same texts, in memory, in turns.

    python benchmarks/parse.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys

from common import in_turns, ratio, verdict
from google.protobuf import text_format
from repositories import model

from triton_kit.repository.schema import model_config_class
from triton_kit.repository.text_format.document import parse

BAR = 4.0


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    texts = [model(seed).config for seed in range(200)]
    lines = sorted(text.count("\n") for text in texts)
    new = model_config_class()
    assert not any(parse(text).problems for text in texts)
    theirs, ours = "google.protobuf.text_format.Parse", "triton_kit parse"
    tasks = {
        theirs: lambda: [text_format.Parse(text, new()) for text in texts],
        ours: lambda: [parse(text) for text in texts],
    }
    times = in_turns(tasks, rounds)
    print(f"{len(texts)} configurations of {lines[0]} to {lines[-1]} lines, {rounds} rounds in turns, medians")
    for name, values in times.items():
        print(f"{statistics.median(one.cpu for one in values) / len(texts) * 1e6:10.0f} us of CPU a file  {name}")
    return 0 if verdict("Parse over our parse, cpu", ratio(times, theirs, ours, "cpu"), BAR, most=False) else 1


if __name__ == "__main__":
    sys.exit(main())
