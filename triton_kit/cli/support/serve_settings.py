"""How the options of a command that starts a server and ``serve:`` of tk.yaml become one request."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from triton_kit.cli.support.option_groups import OptionGroup, build_request
from triton_kit.cli.support.release import named_release
from triton_kit.cli.support.runtime_options import ContainerOptions, TrialOptions
from triton_kit.errors import UsageError
from triton_kit.value import replace

if TYPE_CHECKING:
    from triton_kit.project.serve_settings import ServeSettings
    from triton_kit.runtime.serve_plan import ServeRequest

G = TypeVar("G", bound=OptionGroup)


def project_settings(profile: str | None) -> ServeSettings:
    """What the project around says of its servers. Raises UsageError for what is wrong in its tk.yaml."""
    from triton_kit.project.serve_settings import serve_settings
    from triton_kit.project.settings import find

    return serve_settings(find(), profile)


def with_settings(options: G, settings: ServeSettings) -> G:
    """The options, with what tk.yaml says in place of what was not given; variables are those of both."""
    found: dict[str, object] = {}
    for name in type(options)._fields:
        given, written = getattr(options, name), getattr(settings, name, None)
        if name == "env":
            found[name] = [*settings.env, *(given or ())] or None
        elif given is None and written is not None:
            found[name] = written
    return replace(options, **found)


def with_ports(options: G, ports: str | None) -> G:
    """The options that say where a server listens, with what ``--ports`` says of ports that have no option."""
    if ports is None:
        return options
    numbers = ["0"] * 3 if ports == "auto" else ports.split(",")
    if len(numbers) != 3 or not all(number.isascii() and number.isdecimal() for number in numbers):
        raise UsageError(f"--ports {ports} is neither auto nor three ports", hint="write --ports 8000,8001,8002")
    names = ("http_port", "grpc_port", "metrics_port")
    given = {name: int(number) for name, number in zip(names, numbers, strict=True) if getattr(options, name) is None}
    return replace(options, **given)


def image_of(given: str | None, release: str | None, settings: ServeSettings) -> str | None:
    """The image: the option's, else tk.yaml's, where that is not the official one of another release than was given."""
    from triton_kit.repository.release import release_of_image

    if given is not None or settings.image is None:
        return given
    official = release_of_image(settings.image)
    return None if release and official and official != release else settings.image


def trial_request(options: TrialOptions, release: str | None = None) -> ServeRequest:
    """A server that is started for a command alone: as the options and tk.yaml say, its repository and ports aside."""
    from triton_kit.cli.support.serve_loop import show_progress
    from triton_kit.project.settings import find
    from triton_kit.runtime.serve_plan import ServeRequest

    settings = project_settings(options.profile)
    image = image_of(options.image, release, settings)
    container = with_settings(
        ContainerOptions(runtime=options.runtime, image=image), dataclasses.replace(settings, image=image)
    )
    return build_request(
        ServeRequest,
        container,
        repository=Path(),
        release=named_release(release, find(), image=image, written=settings.release),
        server_args=settings.flags,
        progress=show_progress,
    )
