"""Whether the embedded server is here, with a stub for this Python."""

from __future__ import annotations

import sys

from triton_kit.doctor.finding import Finding, ok, problem, skipped, warning
from triton_kit.doctor.machine import Machine
from triton_kit.errors import TkError
from triton_kit.runtime.embedded.binaries import RELEASE, check_machine, find_home, server_home
from triton_kit.runtime.embedded.python_environment import library_directory


def look(_machine: Machine) -> Finding:
    """A tritonserver on PATH, of an installed nvidia-pytriton, or in the cache."""
    home = find_home()
    if home.origin == "path":
        return ok(f"tritonserver at {home.binary}")
    try:
        check_machine()
        library_directory()
    except TkError as error:
        return skipped(error.message)
    if not home.binary.is_file():
        return warning(
            "the embedded server was not fetched yet (55 MB)", "tk doctor --fix, or the first tk serve, fetches it"
        )
    python = f"3.{sys.version_info.minor}"
    if home.stubs is None or not (home.stubs / python / "triton_python_backend_stub").is_file():
        return problem(f"the embedded server has no stub for Python {python}", "use Python 3.10 to 3.13")
    return ok(f"the embedded server of {RELEASE}, with a stub for Python {python}")


def fix(_machine: Machine) -> str:
    """Fetch the embedded server."""
    server_home(lambda _line: None)
    return "fetched the embedded server"
