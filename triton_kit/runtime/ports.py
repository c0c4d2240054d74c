"""Which TCP ports a server gets."""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path

from triton_kit.errors import TkError, UsageError

_OPTIONS = ("--http-port", "--grpc-port", "--metrics-port")


def choose(bind: str, http: int, grpc: int, metrics: int) -> tuple[int, int, int]:
    """The three ports to use on ``bind``; a 0 becomes a free port.

    All are held at once while they are chosen, so they differ, and let go only at the end. Raises TkError when a port
    is taken (naming the program that listens there, where /proc shows it), UsageError for a port or address that cannot
    be.
    """
    wanted = (http, grpc, metrics)
    for option, port in zip(_OPTIONS, wanted, strict=True):
        if not 0 <= port <= 65535:
            raise UsageError(f"{option} {port} is not a TCP port", hint="take a number from 0 (any free port) to 65535")
    for i, port in enumerate(wanted):
        if port and port in wanted[:i]:
            raise UsageError(f"{_OPTIONS[i]} {port} is also {_OPTIONS[wanted.index(port)]}", hint="give each its own")
    with contextlib.ExitStack() as held:
        # Fixed ports first, so that a free one that the system picks is none of them.
        order = sorted(range(3), key=lambda i: wanted[i] == 0)
        chosen = {i: _take(held, bind, wanted[i], _OPTIONS[i]) for i in order}
    return chosen[0], chosen[1], chosen[2]


def _take(held: contextlib.ExitStack, bind: str, port: int, option: str) -> int:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    probe = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
    # As the server does: a connection of an earlier server that is still in TIME_WAIT does not take the port.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((bind, port))
        # Only listening shows it: with SO_REUSEADDR two sockets may be bound to one port, but only one may listen.
        probe.listen(1)
    except socket.gaierror:
        raise UsageError(
            f"--bind {bind} is not an address", hint="take 127.0.0.1, or 0.0.0.0 for all networks"
        ) from None
    except OSError as error:
        raise _refused(error, bind, port, option) from None
    return int(probe.getsockname()[1])


def _refused(error: OSError, bind: str, port: int, option: str) -> TkError:
    if error.errno == errno.EADDRINUSE:
        owner = listener(port)
        return TkError(
            f"port {port} is in use" + (f" by {owner}" if owner else ""),
            hint=f"take three free ports with --ports auto, or another one with {option}",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"--bind {bind} is not an address of this machine", hint="take 127.0.0.1")
    if error.errno == errno.EACCES:
        return TkError(f"port {port} is not allowed for this user", hint=f"take one above 1023, or {option} 0")
    return TkError(f"port {port} on {bind} cannot be opened: {error.strerror}")


def listener(port: int) -> str | None:
    """What listens on a TCP port, as ``name (pid 42)``, where /proc shows it (Linux, a process of the same user)."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in inodes:
                        return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    """The inodes of the sockets in state LISTEN (0A) on a port, from the kernel's tables."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found
