"""How long ``tk explain --log`` takes over a log of 100 MB, against Python's own reading of its lines and ``grep -c``.

    python benchmarks/explain_log.py [MEGABYTES]

The log is one of a server under load: requests told verbosely, prints of a model, and now and then an error.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from common import in_turns, ratio, show, verdict

from triton_kit.runtime.log.digest import digest
from triton_kit.serve.log import table_with_rules

BAR = 30.0
"""Times as long as it takes to count the lines."""

LINES = (
    'I1122 23:14:{:02}.570231 1 http_server.cc:4522] "HTTP request: 2 /v2/models/ranker/infer"\n',
    'I1122 23:14:{:02}.570302 1 infer_request.cc:905] "[request id: {}] prepared: [0x0x7f3c{:08x}] model: ranker"\n',
    "step {} of epoch {}: loss 0.{:04}, nothing that anyone would call wrong\n",
    'I1122 23:14:{:02}.570455 1 infer_handler.h:1360] "Received notification for ModelInferHandler, {}"\n',
)
ERROR = "E1122 23:14:{:02}.1 1 pb_stub.cc:714] \"Failed to process the request(s) for 'm', message: KeyError: 'k'\"\n"


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "server.log"
        size = 0
        with log.open("w") as file:
            for i in range(sys.maxsize):
                line = ERROR if i % 500 == 0 else LINES[i % len(LINES)]
                size += file.write(line.format(i % 60, i, i))
                if size >= megabytes * 1_000_000:
                    break
        table = table_with_rules()
        tasks = {
            "tk explain --log": lambda: digest(log.open("rb"), table),
            "reading the lines": lambda: sum(1 for _ in log.open("rb")),
            "grep -c error": lambda: subprocess.run(
                ["grep", "-c", "error", str(log)], stdout=subprocess.DEVNULL, check=False
            ),
        }
        times = in_turns(tasks, 3)
    print(f"{megabytes} MB, {i + 1:,} lines, 3 rounds in turns, medians")
    show(times)
    print(f"{ratio(times, 'tk explain --log', 'grep -c error'):10.1f} times grep")
    seconds = sorted(one.wall for one in times["tk explain --log"])[1] * 100 / megabytes
    fine = verdict("seconds for 100 MB", seconds, 4.0, unit=" s")
    fine &= verdict(
        "tk explain --log over reading the lines", ratio(times, "tk explain --log", "reading the lines"), BAR
    )
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
