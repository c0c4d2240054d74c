"""Triton releases: which versions each container holds, where its image is, and which flags its server knows.

The tables are ``releases.csv`` (``TRITON_VERSION``, ``build.py`` and the compatibility page on each release branch of
triton-inference-server/server, NVIDIA's release notes) and ``flags.csv`` (``tritonserver --help`` of 24.10 and
``command_line_parser.cc`` on each release branch). An empty cell means that no source was found: unknown, not absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from triton_kit.errors import UsageError
from triton_kit.repository.release_name import DEFAULT_RELEASE
from triton_kit.repository.table import FLAGS, RELEASE_NAME, RELEASES, read_table
from triton_kit.suggestion import nearest
from triton_kit.value import Value, replace

REGISTRY = "nvcr.io/nvidia/tritonserver"

Variant: TypeAlias = Literal[
    "py3", "py3-min", "py3-sdk", "pyt-python-py3", "tf2-python-py3", "py3-igpu", "vllm-python-py3", "trtllm-python-py3"
]

_VARIANTS: Mapping[str, tuple[str | None, str | None]] = {
    "vllm-python-py3": ("23.10", None),
    "trtllm-python-py3": ("23.10", None),
    "tf2-python-py3": (None, "25.02"),
    "py3-igpu": (None, "26.02"),
}
"""The first and the last release of the variants that not every release has: that of TensorFlow ended with the backend,
that of Jetson with 26.02, the last release with files for it (server, release page)."""

_YEAR_MONTH = re.compile(RELEASE_NAME, re.ASCII)
_OFFICIAL = re.compile(rf"{re.escape(REGISTRY)}:({RELEASE_NAME})-([a-z0-9-]+)", re.ASCII)


class Flag(Value):
    """A flag of tritonserver: ``since`` is the first container release that has it, ``None`` for before 22.06.

    ``instead`` is what the server's help says to write in its place where the flag is deprecated.
    """

    name: str
    since: str | None
    takes_value: bool
    instead: str | None


class Release(Value):
    """A container release; ``None`` means that it is not known.

    ``cuda`` and ``min_driver`` are what the release notes say (``12.6.2``, ``560+``), ``cuda_vllm`` and ``driver_vllm``
    the CUDA of the image with vLLM and the driver that this CUDA was built with. ``tensorrt`` is unknown for most.
    """

    container: str
    server: str | None = None
    ubuntu: str | None = None
    python: str | None = None
    cuda: str | None = None
    min_driver: str | None = None
    cuda_vllm: str | None = None
    driver_vllm: str | None = None
    onnxruntime: str | None = None
    openvino: str | None = None
    dcgm: str | None = None
    tensorrt: str | None = None

    @property
    def tabled(self) -> bool:
        """Whether the tables cover this release; one newer than they are has the row of the last one."""
        return self.container in releases()

    @property
    def flags(self) -> Mapping[str, Flag]:
        """The flags of this release's tritonserver, by name without dashes."""
        return {name: flag for name, flag in flags().items() if not flag.since or flag.since <= self.container}

    def image(self, variant: Variant = "py3") -> str:
        """The official image. Raises UsageError for a variant that did not exist yet, or exists no more."""
        first, last = _VARIANTS.get(variant, (None, None))
        if first and self.container < first:
            raise UsageError(f"there is no {variant} image of {self.container}", hint=f"take a release from {first} on")
        if last and self.container > last:
            raise UsageError(f"there is no {variant} image of {self.container}", hint=f"the last one is of {last}")
        return f"{REGISTRY}:{self.container}-{variant}"


class FlagProblem(Value):
    """A server flag that will not do what is hoped; an *error* ends the server at its start."""

    severity: Literal["error", "warning"]
    argument: str
    message: str
    help: str | None = None


_TENSORRT = {"23.05": "8.6.1.2", "24.02": "8.6.3", "24.05": "10.0.1.6", "25.03": "10.9.0.34"}
"""The few published TensorRT versions of the ``-py3`` images (server issue 5975 and NVIDIA's base images)."""


@cache
def releases() -> Mapping[str, Release]:
    """Every release of the table by its container name, oldest first."""
    return {row["container"]: _release(row) for row in _rows("releases.csv", RELEASES)}


@cache
def flags() -> Mapping[str, Flag]:
    """Every flag of tritonserver that is known, by its name without dashes."""
    return {
        row["flag"]: Flag(
            name=row["flag"],
            since=row["since"] or None,
            takes_value=row["value"] == "yes",
            instead=row["instead"] or None,
        )
        for row in _rows("flags.csv", FLAGS)
    }


def newest() -> Release:
    """The newest release of the table."""
    return list(releases().values())[-1]


def release(container: str = DEFAULT_RELEASE) -> Release:
    """The release of that container name, such as ``24.10``.

    One that is newer than the table is the last row under its name, see ``newer_than_table``. Raises UsageError for
    anything else that the table does not have.
    """
    table = releases()
    if found := table.get(container):
        return found
    if _YEAR_MONTH.fullmatch(container) and container > newest().container:
        return replace(newest(), container=container, server=None)
    raise UsageError(f"release {container!r} is unknown", hint=_suggest_release(container, tuple(table)))


def newer_than_table(container: str) -> str | None:
    """What to say where a release is newer than the table, and is judged by its last row; ``None`` where it is not."""
    if release(container).tabled:
        return None
    last = newest().container
    return f"release {container} is newer than what tk knows, and is judged as {last}, the last release of its table"


def release_of_image(image: str) -> str | None:
    """The release in the name of an official image, ``None`` for another image; nothing is asked of a registry."""
    found = _OFFICIAL.fullmatch(image)
    return found[1] if found else None


def release_of_server(version: str) -> str | None:
    """The release of a server by its own version, ``2.51.0``, or its container's; ``None`` where it is not known."""
    if version in releases():
        return version
    return next((one.container for one in releases().values() if one.server == version), None)


def python_of(container: str) -> str | None:
    """The Python of a release's image as ``3.10``, or of the last image before it whose Python is known."""
    known = [row.python for name, row in releases().items() if name <= container and row.python]
    return ".".join(known[-1].split(".")[:2]) if known else None


def _suggest_release(container: str, known: Sequence[str]) -> str:
    bare = container.removesuffix("-py3").removeprefix("r")
    if bare in known:
        return f"write {bare}"
    by_server = {r.server: r.container for r in releases().values()}
    if container in by_server:
        return f"server {container} is in container {by_server[container]}: write {by_server[container]}"
    near = _nearest_month(bare, known) or nearest(bare, known, cutoff=0.7)
    guess = f"did you mean {near}? " if near else ""
    return f"{guess}known are {known[0]} to {known[-1]}, one each month"


def _nearest_month(text: str, known: Sequence[str]) -> str | None:
    """The known release that is the fewest months away from a text such as ``22.12``, ``24.13`` or ``24.9``."""
    found = re.fullmatch(r"(\d\d)\.(\d\d?)", text, re.ASCII)
    if found is None:
        return None
    wanted = int(found[1]) * 12 + min(max(int(found[2]), 1), 12)
    return min(known, key=lambda name: abs(int(name[:2]) * 12 + int(name[3:]) - wanted))


def filter_flags(release: Release, arguments: Sequence[str]) -> tuple[FlagProblem, ...]:
    """What is wrong with these arguments of tritonserver for that release; an unknown flag ends the server at once.

    ``--flag=value``, ``--flag value`` and unambiguous beginnings of a flag are understood, as getopt_long does
    (server, command_line_parser.cc). Of a release newer than the table only deprecated flags are mentioned.
    """
    return tuple(_flag_problems(release, arguments))


def flag_name(argument: str) -> str:
    """The name of the flag in ``--name`` or ``--name=value``; spelled out where it is a known flag's beginning."""
    name = argument.removeprefix("--").partition("=")[0]
    matches = [full for full in flags() if full.startswith(name)]
    return matches[0] if name not in matches and len(matches) == 1 else name


def flag_value(arguments: Sequence[str], name: str) -> str | None:
    """What the last ``--name=value`` or ``--name value`` among these arguments says; ``None`` where there is none."""
    return next(reversed(flag_values(arguments, name)), None)


def flag_values(arguments: Sequence[str], name: str) -> list[str]:
    """What each ``--name=value`` and ``--name value`` among these arguments says."""
    found = []
    for i, argument in enumerate(arguments):
        if argument.startswith("--") and flag_name(argument) == name:
            _, written, value = argument.partition("=")
            found.append(value if written else arguments[i + 1] if i + 1 < len(arguments) else "")
    return found


def _flag_problems(release: Release, arguments: Sequence[str]) -> Iterator[FlagProblem]:
    expects_value = False
    for argument in arguments:
        if expects_value:
            expects_value = False
        elif not argument.startswith("-"):
            yield FlagProblem(
                severity="error",
                argument=argument,
                message=f"{argument!r} is not a flag, and tritonserver takes nothing else",
                help=f"write --{argument}" if argument.partition("=")[0] in flags() else None,
            )
        elif argument not in ("-h", "--help"):
            name = flag_name(argument)
            flag = flags().get(name)
            expects_value = flag is not None and flag.takes_value and "=" not in argument
            yield from _judge(release, argument, name, flag)


def _judge(release: Release, argument: str, name: str, flag: Flag | None) -> Iterator[FlagProblem]:
    if flag is None:
        if release.tabled:
            near = nearest(name, release.flags, cutoff=0.7)
            yield FlagProblem(
                severity="error",
                argument=argument,
                message=f"--{name} is not a flag of tritonserver {release.container}",
                help=f"did you mean --{near}?" if near else "see tritonserver --help for the flags it has",
            )
    elif flag.since and flag.since > release.container:
        yield FlagProblem(
            severity="error",
            argument=argument,
            message=f"--{name} is in tritonserver from {flag.since} on, and this is {release.container}",
            help=f"leave it out, or take --release {flag.since} or later",
        )
    elif flag.instead and _has(release, flag.instead):
        yield FlagProblem(
            severity="warning",
            argument=argument,
            message=f"--{name} is deprecated",
            help=f"write {flag.instead}",
        )


def _has(release: Release, argument: str) -> bool:
    since = flags()[flag_name(argument)].since
    return since is None or since <= release.container


def _release(row: Mapping[str, str]) -> Release:
    return Release(
        container=row["container"],
        server=row["server"] or None,
        ubuntu=row["ubuntu"] or None,
        python=row["python"] or None,
        cuda=row["cuda_notes"] or None,
        min_driver=row["min_driver_notes"] or None,
        cuda_vllm=row["cuda_vllm_image"] or None,
        driver_vllm=row["driver_vllm_image"] or None,
        onnxruntime=row["onnxruntime"] or None,
        openvino=row["openvino"] or None,
        dcgm=row["dcgm"] or None,
        tensorrt=_TENSORRT.get(row["container"]),
    )


def _rows(name: str, kinds: Mapping[str, str]) -> list[dict[str, str]]:
    return read_table(Path(__file__).parent / name, kinds)
