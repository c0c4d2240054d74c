"""How much quicker the reader is than protobuf's own text format parser, over realistic configurations.

Both read the same bytes in the same run, in turns, so that what else the machine does falls on both; the numbers are
medians. Use: ``python benchmarks/parse.py [rounds]``.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable

from google.protobuf import text_format

from triton_kit.repository.schema import model_config_class
from triton_kit.repository.textproto import parse

TYPES = ("TYPE_FP32", "TYPE_INT64", "TYPE_UINT8", "TYPE_STRING", "TYPE_FP16")


def tensor(r: random.Random, name: str) -> str:
    """The block of an input or output over several lines, as in NVIDIA's documentation."""
    dims = ", ".join(str(r.choice((-1, 3, 224, 1000))) for _ in range(r.randint(1, 4)))
    return f'  {{\n    name: "{name}"\n    data_type: {r.choice(TYPES)}\n    dims: [ {dims} ]\n  }}'


def config(seed: int) -> str:
    """A configuration of 20 to 60 lines."""
    r = random.Random(seed)
    inputs = ",\n".join(tensor(r, f"INPUT__{i}") for i in range(r.randint(1, 4)))
    outputs = ",\n".join(tensor(r, f"OUTPUT__{i}") for i in range(r.randint(1, 3)))
    parts = [
        f'name: "model_{seed}"\nbackend: "onnxruntime"\nmax_batch_size: {r.choice((0, 8, 64))}\n',
        f"input [\n{inputs}\n]\noutput [\n{outputs}\n]\n",
        "# where it runs\ninstance_group [\n  {\n    count: 2\n    kind: KIND_GPU\n    gpus: [ 0, 1 ]\n  }\n]\n",
    ]
    if r.random() < 0.6:
        parts.append("dynamic_batching {\n  preferred_batch_size: [ 4, 8 ]\n  max_queue_delay_microseconds: 100\n}\n")
    count = r.randint(0, 3)
    parts += [f'parameters {{\n  key: "option_{i}"\n  value: {{ string_value: "{i}" }}\n}}\n' for i in range(count)]
    if r.random() < 0.4:
        parts.append("optimization { execution_accelerators {\n  gpu_execution_accelerator : [ {\n")
        parts.append('    name : "tensorrt"\n    parameters { key: "precision_mode" value: "FP16" }\n  } ]\n} }\n')
    return "".join(parts)


def seconds(read: Callable[[str], object], texts: list[str]) -> float:
    """How long it takes to read all the texts once."""
    start = time.perf_counter()
    for text in texts:
        read(text)
    return time.perf_counter() - start


def main() -> None:
    """Print the ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    texts = [config(seed) for seed in range(200)]
    lines = sorted(text.count("\n") for text in texts)
    new = model_config_class()
    assert not any(parse(text).problems for text in texts)
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(seconds(lambda text: text_format.Parse(text, new()), texts))
        ours.append(seconds(parse, texts))
    ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
    print(f"{len(texts)} configurations of {lines[0]} to {lines[-1]} lines, {rounds} rounds in turns, medians")
    print(f"google.protobuf.text_format.Parse  {statistics.median(theirs) / len(texts) * 1e6:7.0f} us a file")
    print(f"triton_kit parse                   {statistics.median(ours) / len(texts) * 1e6:7.0f} us a file")
    print(f"ratio                              {ratio:7.1f}")


if __name__ == "__main__":
    main()
