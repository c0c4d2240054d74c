"""Coverage-guided fuzzing of the linter: any input must end in a report, soon, in little memory. See README.md.

python fuzz/run.py KIND [--inputs N] [--seconds S] [--corpus DIR] [--blind]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BLIND = "--blind" in sys.argv
with contextlib.nullcontext() if BLIND else atheris.instrument_imports(include=["triton_kit"]):
    from triton_kit.errors import TkError
    from triton_kit.graph import json, mermaid
    from triton_kit.graph.build import draw
    from triton_kit.linter.engine import Run, lint
    from triton_kit.linter.options import Options
    from triton_kit.linter.report import text
    from triton_kit.linter.rule import load_rules
    from triton_kit.model.broken import Broken
    from triton_kit.model.normalization import complete_text

    load_rules()

from kinds import KINDS  # noqa: E402

SECONDS_A_KILOBYTE = 1.0
TIMES_THE_INPUT = 20
SLACK = 16 * 1024 * 1024
"""What the allocator takes at a time, and what is loaded on first use."""


class Broke(Exception):
    """The linter did not keep its promise."""


class Harness:
    """One kind of input, put before the linter; counts what it has seen."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.name = kind
        self.kind = KINDS[kind]
        self.folder = folder
        self.count = 0
        self.slowest = 0.0
        self.peak = 0

    def __call__(self, data: bytes) -> None:
        self.count += 1
        path = self.kind.lay(self.folder, data)
        before = _peak()
        start = time.process_time()
        try:
            report = lint(path)
            shown = text.render(report)
            if self.name == "several":
                use(path)
        except TkError:
            return
        took = time.process_time() - start
        grown = _peak() - before
        self.slowest = max(self.slowest, took)
        if any(found.rule == "internal-error" for found in report.diagnostics):
            raise Broke(shown)
        if took > SECONDS_A_KILOBYTE * max(1.0, len(data) / 1024):
            raise Broke(f"{took:.2f} s for {len(data)} bytes")
        if self.count > 1000 and grown > TIMES_THE_INPUT * len(data) + SLACK:
            raise Broke(f"{grown / 1e6:.1f} MB for {len(data)} bytes")


def use(path: Path) -> None:
    """What else reads models that may miss a part: the graph, and the configuration as a server completes it."""
    graph = draw(str(path), Options(), configs=True).graph
    json.render(graph)
    mermaid.render(graph)
    repository = Run(Options()).repository(str(path))
    for model in filter(None, map(repository.model, repository.names)):
        with contextlib.suppress(Broken):
            complete_text(model)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _dictionary(path: Path) -> None:
    """The words of a configuration, for the mutator."""
    from triton_kit.repository.schema import message_names, message_type

    words = {"onnxruntime", "python", "ensemble"}
    for name in message_names():
        for field in message_type(name).fields.values():
            words.add(field.name)
            if field.kind == "enum":
                words.update(field.enum.values)
    path.write_text("".join(f'"{word}"\n' for word in sorted(words)))


def blind(harness: Harness, inputs: int, seconds: int, seed: int) -> None:
    """Seeds with some bytes changed, and halves of two put together: for a kind whose bytes are choices."""
    pick, seeds = random.Random(seed), list(harness.kind.seeds())
    begun = time.monotonic()
    for i in range(inputs):
        data = bytearray(pick.choice(seeds) if i >= len(seeds) else seeds[i])
        if i >= len(seeds) and pick.random() < 0.5:
            data[pick.randrange(len(data)) :] = pick.choice(seeds)
        for _ in range(pick.randrange(12) if i >= len(seeds) else 0):
            data[pick.randrange(len(data))] = pick.randrange(256)
        try:
            harness(bytes(data))
        except BaseException:
            print("input:", data.hex(), flush=True)
            raise
        if seconds and time.monotonic() - begun > seconds:
            break
    took = time.monotonic() - begun
    print(f"{harness.count} inputs, {harness.count / took:.0f} a second, {_peak() / 1e6:.0f} MB, none broke a promise")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=0, help="stop after that time, 0: never")
    parser.add_argument("--corpus", type=Path, help="keep what is found there; default: nothing is kept")
    parser.add_argument("--blind", action="store_true", help="without coverage, which takes most of the time")
    parser.add_argument("--seed", type=int, default=1, help="of the inputs of --blind")
    options = parser.parse_args()
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    scratch = Path(tempfile.mkdtemp(prefix="tk-fuzz-", dir=shm))
    corpus = options.corpus or scratch / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    harness = Harness(options.kind, scratch)
    for i, seed in enumerate(harness.kind.seeds()):
        (corpus / f"seed-{i:04}").write_bytes(seed)
    if BLIND:
        blind(harness, options.inputs, options.seconds, options.seed)
        return
    argv = [sys.argv[0], str(corpus), f"-runs={options.inputs}", f"-max_total_time={options.seconds}", "-timeout=60"]
    argv += ["-rss_limit_mb=2048", "-print_final_stats=1", "-max_len=4096", f"-artifact_prefix={scratch}/"]
    if options.kind == "config":
        _dictionary(scratch / "words")
        argv.append(f"-dict={scratch / 'words'}")
    atheris.Setup(argv, harness)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
