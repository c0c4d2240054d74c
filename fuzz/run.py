"""Coverage-guided fuzzing of the linter: any input must end in a report, soon, in little memory. See README.md.

python fuzz/run.py KIND [--inputs N] [--seconds S] [--corpus DIR]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["triton_kit"]):
    from triton_kit.errors import TkError
    from triton_kit.linter.engine import lint
    from triton_kit.linter.report import text
    from triton_kit.linter.rule import load_rules

    load_rules()

from kinds import KINDS

SECONDS_A_KILOBYTE = 1.0
TIMES_THE_INPUT = 20
SLACK = 16 * 1024 * 1024
"""What the allocator takes at a time, and what is loaded on first use."""


class Broke(Exception):
    """The linter did not keep its promise."""


class Harness:
    """One kind of input, put before the linter; counts what it has seen."""

    def __init__(self, kind: str, folder: Path) -> None:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=0, help="stop after that time, 0: never")
    parser.add_argument("--corpus", type=Path, help="keep what is found there; default: nothing is kept")
    options = parser.parse_args()
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    scratch = Path(tempfile.mkdtemp(prefix="tk-fuzz-", dir=shm))
    corpus = options.corpus or scratch / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    harness = Harness(options.kind, scratch)
    for i, seed in enumerate(harness.kind.seeds()):
        (corpus / f"seed-{i:04}").write_bytes(seed)
    argv = [sys.argv[0], str(corpus), f"-runs={options.inputs}", f"-max_total_time={options.seconds}", "-timeout=60"]
    argv += ["-rss_limit_mb=2048", "-print_final_stats=1", "-max_len=4096", f"-artifact_prefix={scratch}/"]
    if options.kind == "config":
        _dictionary(scratch / "words")
        argv.append(f"-dict={scratch / 'words'}")
    atheris.Setup(argv, harness)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
