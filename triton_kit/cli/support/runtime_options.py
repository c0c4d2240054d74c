"""The options of commands that start a server, or a tool, in a container or without one."""

from __future__ import annotations

from typing import Annotated

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.option_groups import OptionGroup
from triton_kit.cli.support.options import seconds_option
from triton_kit.runtime import PULLS, RUNTIMES

Runtime = Annotated[
    str | None,
    Option(
        "--runtime", metavar="RUNTIME", help=f"{', '.join(RUNTIMES)}; local is the embedded server.  [default: auto]"
    ),
]
Image = Annotated[
    str | None,
    Option("--image", metavar="IMAGE", help="An image other than the official one of the release."),
]
Profile = Annotated[str | None, Option("--profile", metavar="NAME", help="Take this profile of serve: in tk.yaml.")]
Ports = Annotated[
    str | None,
    Option("--ports", metavar="PORTS", help="auto takes three free ports; or three at once: 8000,8001,8002."),
]
LoadTimeout = Annotated[float, seconds_option("How long the models may take to load.")]


def pull_option(*known: str) -> object:
    """``--pull``, with the words that a command takes."""
    return Option("--pull", metavar="WHEN", help=f"When to fetch the image: {', '.join(known)}.")


def port_option(protocol: str, usual: int) -> object:
    """The port for a protocol."""
    return Option(metavar="PORT", help=f"{protocol} port; 0 takes a free one.  [default: {usual}]")


class EngineOptions(OptionGroup):
    """What runs the server, and within what limits."""

    runtime: Runtime = None
    image: Image = None
    pull: Annotated[str, pull_option(*PULLS)] = "missing"
    shm_size: Annotated[
        str | None, Option(metavar="SIZE", help="Shared memory of the container, as 512m; computed by default.")
    ] = None
    memory: Annotated[str | None, Option(metavar="SIZE", help="The most memory that the container may use, as 8g.")] = (
        None
    )
    cpus: Annotated[
        float | None, Option(metavar="NUMBER", help="The most processors that the container may use, as 1.5.")
    ] = None
    user: Annotated[
        str,
        Option(metavar="UID[:GID]", help="The user that the container runs as: auto (not root), image, or UID[:GID]."),
    ] = "auto"
    env: Annotated[
        list[str] | None, Option(metavar="NAME[=VALUE]", help="A variable for the server; may be repeated.")
    ] = None


class ContainerOptions(EngineOptions):
    """The same, and the GPUs that the server gets."""

    gpus: Annotated[
        str | None, Option(metavar="GPUS", help="auto, all, none, or indices or UUIDs: 0,1.  [default: auto]")
    ] = None
    cpu: Annotated[bool, Option("--cpu", help="Put the models' GPU instances on the CPU; nothing changes on disk.")] = (
        False
    )


class TrialOptions(OptionGroup):
    """What runs a server that is started for a command alone; tk.yaml says the rest."""

    runtime: Runtime = None
    image: Image = None
    profile: Profile = None


class ListenOptions(OptionGroup):
    """Where the server listens, and what it is called."""

    name: Annotated[str | None, Option(metavar="NAME", help="The server's name; made up by default.")] = None
    bind: Annotated[str, Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1"
    http_port: Annotated[int | None, port_option("HTTP", 8000)] = None
    grpc_port: Annotated[int | None, port_option("gRPC", 8001)] = None
    metrics_port: Annotated[int | None, port_option("Metrics", 8002)] = None


class ModelsOptions(OptionGroup):
    """How the server gets its models."""

    model_control: Annotated[
        str | None,
        Option(
            metavar="MODE", help="none, or explicit: every model is loaded, and can be loaded again.  [default: none]"
        ),
    ] = None
    watch: Annotated[
        bool, Option("--watch", help="Check and reload what changes in the repository, as it is saved.")
    ] = False
    detach: Annotated[
        bool, Option("--detach", "-d", help="End when the models are ready, and leave the server running.")
    ] = False
