"""How much quicker the reader is than protobuf's own text format parser, over realistic configurations.

Both read the same texts, in memory, in turns.

    python benchmarks/parse.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys

from common import in_turns, ratio
from google.protobuf import text_format
from repositories import model

from triton_kit.repository.schema import model_config_class
from triton_kit.repository.text_format.document import parse


def main() -> None:
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
    print(f"{ratio(times, theirs, ours, 'cpu'):10.1f} times quicker")


if __name__ == "__main__":
    main()
