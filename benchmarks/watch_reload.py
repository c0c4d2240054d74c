"""``tk serve --watch``: how soon a save is served, over loading the model by hand, and what traffic loses meanwhile.

Two servers on copies of one repository: one watched, one in explicit model control, where ``POST …/load`` follows each
save at once. First, from saving ``config.pbtxt`` until the new version answers, in pairs. Then the same number of
reloads under a steady stream of inferences; a request is lost when it gets no answer, or an error for one. Exit code 1
above a bar.

    python benchmarks/watch_reload.py [--pairs 5] [--reloads 50] [--rate 1000]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common import TK, environment, verdict

TIMES, PLUS = 1.5, 0.3
PATIENCE = 60.0
CONNECTIONS = 4
FREE = ("--http-port=0", "--grpc-port=0", "--metrics-port=0")

CODE = """\
import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.value = int(json.loads(args["model_config"])["parameters"]["value"]["string_value"])

    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("Y", np.array([self.value], np.int32))]) for _ in requests
        ]
"""
CONFIG = """\
backend: "python"
input { name: "X" data_type: TYPE_INT32 dims: 1 }
output { name: "Y" data_type: TYPE_INT32 dims: 1 }
parameters { key: "value" value { string_value: "VALUE" } }
"""
BODY = json.dumps({"inputs": [{"name": "X", "shape": [1], "datatype": "INT32", "data": [0]}]})


@dataclass(eq=False)
class Served:
    """A server on a repository of its own, with one model that answers what its configuration says."""

    place: Path
    address: str
    headers: dict[str, str]
    by_hand: bool
    value: int = 0

    def save(self) -> None:
        """Save a configuration with another value; by hand, the load follows at once, and is waited for."""
        self.value += 1
        write_config(self.place, self.value)
        if self.by_hand:
            connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
            connection.request("POST", "/v2/repository/models/m/load", "{}", self.headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(f"the load ended with {answer.status}: {answer.read()!r}")
            connection.close()

    def until_served(self) -> None:
        """Until the value that was saved last is the answer."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        end = time.monotonic() + PATIENCE
        while infer(connection) != self.value:
            if time.monotonic() > end:
                raise SystemExit(f"{self.value} is not served after {PATIENCE:g} s")
            time.sleep(0.002)
        connection.close()

    def seconds(self) -> float:
        """From the save to the answer."""
        begin = time.perf_counter()
        self.save()
        self.until_served()
        return time.perf_counter() - begin


@dataclass
class Traffic:
    """Inferences at a steady rate, over connections that are kept; late ones are made up for."""

    address: str
    rate: float
    sent: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __enter__(self) -> Traffic:
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._begin = time.perf_counter()
        self._threads = [threading.Thread(target=self._send) for _ in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.perf_counter() - self._begin

    def _send(self) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        sent, lost, due = 0, [], time.perf_counter()
        while not self._end.is_set():
            due += CONNECTIONS / self.rate
            time.sleep(max(due - time.perf_counter(), 0))
            sent += 1
            try:
                infer(connection)
            except (OSError, http.client.HTTPException, Refused) as error:
                lost.append(f"{type(error).__name__}: {error}")
                connection.close()
        connection.close()
        with self._lock:
            self.sent += sent
            self.lost += lost


class Refused(Exception):
    """The server answered with an error."""


def infer(connection: http.client.HTTPConnection) -> int:
    connection.request("POST", "/v2/models/m/infer", BODY)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise Refused(f"{answer.status} {content[:200]!r}")
    return int(json.loads(content)["outputs"][0]["data"][0])


def write_config(place: Path, value: int) -> None:
    """As an editor saves: a whole new file is moved into place."""
    staged = place / "m" / ".config.pbtxt.swp"
    staged.write_text(CONFIG.replace("VALUE", str(value)))
    staged.replace(place / "m" / "config.pbtxt")


@contextlib.contextmanager
def serving(place: Path, *, by_hand: bool) -> Iterator[Served]:
    (place / "m" / "1").mkdir(parents=True)
    (place / "m" / "1" / "model.py").write_text(CODE)
    write_config(place, 0)
    how = ["--model-control=explicit"] if by_hand else ["--watch"]
    argv = [*TK, "serve", str(place), "--runtime=local", "--format=json", *how, *FREE]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), text=True
    ) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                event = json.loads(line)
                if event["event"] == "starting":
                    name = event["name"]
                if event["event"] == "ready":
                    break
            else:
                raise SystemExit("tk serve ended before it was ready")
            drain = threading.Thread(target=lambda: [None for _ in server.stdout or ()], daemon=True)
            drain.start()
            state = Path(os.environ["XDG_STATE_HOME"]) / "triton-kit" / "servers" / f"{name}.json"
            headers = json.loads(state.read_text())["headers"]
            yield Served(place, event["endpoints"]["http"].removeprefix("http://"), headers, by_hand)
        finally:
            server.terminate()
            server.wait(PATIENCE)


def reloads_under_traffic(served: Served, times: int, rate: float) -> Traffic:
    with Traffic(served.address, rate) as traffic:
        for _ in range(times):
            served.save()
            served.until_served()
    return traffic


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--reloads", type=int, default=50)
    parser.add_argument("--rate", type=float, default=1000.0, help="requests a second")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tk-benchmark-")))
        os.environ["XDG_STATE_HOME"] = str(place / "state")  # the servers of the user are none of ours
        watched = stack.enter_context(serving(place / "watched", by_hand=False))
        plain = stack.enter_context(serving(place / "plain", by_hand=True))
        over, load = [], []
        for i in range(options.pairs):
            pair = {one: one.seconds() for one in ((watched, plain) if i % 2 else (plain, watched))}
            load.append(pair[plain])
            over.append(pair[watched] - TIMES * pair[plain])
            print(f"pair {i + 1}: {pair[watched]:.2f} s by saving it, {pair[plain]:.2f} s by hand", flush=True)
        print(f"ratio {(statistics.median(over) + TIMES * statistics.median(load)) / statistics.median(load):.2f}")
        kept = verdict(f"over {TIMES:g} times the server's own load", statistics.median(over), PLUS, unit=" s")
        lost = {}
        for how, one in (("by hand", plain), ("by saving them", watched)):
            traffic = reloads_under_traffic(one, options.reloads, options.rate)
            lost[how] = len(traffic.lost)
            rate = traffic.sent / traffic.seconds
            print(
                f"{options.reloads} reloads {how}: {lost[how]} of {traffic.sent} requests lost at {rate:.0f} a second"
            )
            for reason in dict.fromkeys(traffic.lost):
                print(f"  {reason}")
        more = lost["by saving them"] - lost["by hand"]
        kept &= verdict("lost more than by hand", more, 0, unit=" requests")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
