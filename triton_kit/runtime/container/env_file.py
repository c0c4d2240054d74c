"""The variables of a container that the engine's own command line would read, which go by a file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from triton_kit.runtime.state.files import explain_os_errors, make_directory, private, servers_dir
from triton_kit.runtime.types import ServerSpec

_THE_ENGINES_OWN = re.compile(r"PATH|HOME|USER|TMPDIR|LANG|(?:DOCKER|CONTAINER|LD|XDG|LC)_.*|.*_PROXY", re.IGNORECASE)
"""Variables that the engine's command line reads itself: they must not change it when they are for the server."""


def the_engines_own(name: str) -> bool:
    """Whether the engine's command line reads that variable itself."""
    return _THE_ENGINES_OWN.fullmatch(name) is not None


def engines_own(spec: ServerSpec) -> dict[str, str]:
    """Those of a server's variables, with their values."""
    return {key: value for key, value in spec.env.items() if the_engines_own(key)}


def env_file(spec: ServerSpec) -> Path:
    """Holds the variables that must not change the engine's command line, and must not be seen on it either."""
    return servers_dir() / f"{spec.name}.env"


def write_env_file(spec: ServerSpec) -> None:
    """Write the file, if there is something to write."""
    if not (variables := engines_own(spec)):
        return
    with explain_os_errors():
        make_directory()
        with private(env_file(spec)) as handle:
            text = "".join(f"{key}={value}\n" for key, value in variables.items())
            os.write(handle, text.encode("utf-8", "surrogateescape"))
