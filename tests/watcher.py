"""Finds and ends what a test run started, by a mark in the environment; as a script, once that run is gone.

A test run that was ended by ``kill -9`` cannot tidy up. So a process of its own waits on a pipe whose other end only
the run holds, and ends what carries the run's mark as soon as that pipe ends without a word. Every process inherits the
mark, unless it is started with an environment of its own; containers are known by what they serve or have mounted,
which lies in the run's temporary directory.

Standard library only, and few modules of it: it is started with ``-I -S`` beside every run.
"""

# ruff: noqa: PTH115, PTH208

import json
import os
import signal
import subprocess
import sys
import time

MARK = "TK_TEST_SESSION"
"""The variable whose value begins with the run's mark, which ends with a slash; a worker, or a run inside, adds its."""

REAPER = b"/runtime/reaper.py"
"""On the command line of the process that removes shared memory and containers after a tk that was killed."""

PATIENCE = float(os.environ.get("TK_TEST_PATIENCE", "20"))
"""Seconds for what is ending by itself."""


def marked(mark):
    """The processes that run and carry the mark, each with its environment. Zombies have none."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                text = environment_of(name)
            except OSError:
                continue
            if mark.encode() in text:
                pairs = dict(pair.partition(b"=")[::2] for pair in text.split(b"\0"))
                environment = {os.fsdecode(key): os.fsdecode(value) for key, value in pairs.items()}
                if environment.get(MARK, "").startswith(mark):
                    found[int(name)] = environment
    return found


def environment_of(pid):
    """The environment of a process as bytes; one that was started just now may still be on its way to it."""
    for _ in range(40):
        with open(f"/proc/{pid}/environ", "rb") as file:
            text = file.read()
        if text or not started_just_now(pid):
            break
        time.sleep(0.005)
    return text


def started_just_now(pid):
    """Whether a process, not a thread of the kernel and not a zombie, is younger than a second."""
    os.readlink(f"/proc/{pid}/exe")
    with open(f"/proc/{pid}/stat", "rb") as file:
        ticks = int(file.read().rpartition(b")")[2].split()[19])
    with open("/proc/uptime", "rb") as file:
        return float(file.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK") < 1


def command_line(pid):
    """The command line of a process; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").strip()
    except OSError:
        return b""


def end(mark, chosen=lambda pid, environment: True):
    """End by force what carries the mark and is chosen; reapers only after some time, since they tidy up."""
    begin = time.monotonic()
    while time.monotonic() < begin + 3 * PATIENCE:
        there = [pid for pid, environment in marked(mark).items() if chosen(pid, environment)]
        if not there:
            return
        for pid in there:
            if time.monotonic() > begin + PATIENCE or REAPER not in command_line(pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
        time.sleep(0.05)


def containers(place):
    """The containers, each with what it has of that directory: the repository that it serves, or what is mounted."""
    found = {}
    for one in json.loads(docker("inspect", *docker("ps", "--all", "--quiet").split()) or "[]"):
        paths = [(one["Config"].get("Labels") or {}).get("triton-kit.repository", "")]
        paths += [mount.get("Source", "") for mount in one.get("Mounts") or ()]
        inside = [path for path in paths if path.startswith(place.rstrip("/") + "/")]
        if inside:
            found[one["Id"]] = inside[0]
    return found


def docker(*arguments):
    """What docker says; nothing where there is none, or for no arguments but the command."""
    if len(arguments) < 2:
        return ""
    try:
        # Of several that are inspected, one may be gone already: the others are told all the same.
        done = subprocess.run(["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return os.fsdecode(done.stdout)


def remove(found):
    """Remove containers."""
    if found:
        docker("rm", "--force", *found)


def main(mark, place):
    """Wait for the run's end, and tidy up after it if it could not say that all is done."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.readline():
        return
    end(mark)
    remove(containers(place))
    # A container that the engine was still making as its client was ended.
    time.sleep(1.0)
    remove(containers(place))
    with open("/proc/mounts") as file:
        mounts = [line.split()[1] for line in file]
    for mount in mounts:
        if mount.startswith(place.rstrip("/") + "/"):
            subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
