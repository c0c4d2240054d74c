"""Which release a server will be, as far as that is known before it runs, and what is said where another was asked for.

What was asked for is never taken for what runs: the embedded server is of one release, an image is of the release that
its tag or its variables state, and any other server is asked on ``/v2`` once it answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from triton_kit.repository.release import Release, release, release_of_image, release_of_server
from triton_kit.repository.release_name import DEFAULT_RELEASE
from triton_kit.runtime.container import Engine
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.embedded.binaries import RELEASE, find_home
from triton_kit.runtime.types import Note

_STATED = ("NVIDIA_TRITON_SERVER_VERSION", "TRITON_SERVER_VERSION")
"""The variables of NVIDIA's images, and of those built upon them, that name the container release and the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRelease:
    """The release that models and flags are judged for; ``known`` is whether that is known to be what runs."""

    release: Release
    known: bool
    notes: tuple[Note, ...] = ()


def default_image(asked: str | None) -> str:
    """The official image of the release that was asked for, of the newest one where none was."""
    return release(asked or DEFAULT_RELEASE).image()


def release_here() -> str | None:
    """The release of the server that runs without a container; ``None`` for one on PATH, which is asked as it runs."""
    return None if find_home().origin == "path" else RELEASE


def served_release(asked: str | None, *, engine: Engine | None, image: str | None) -> ServedRelease:
    """What an engine's ``image`` holds, or with no engine the server of this machine, and what to say of that.

    ``asked`` is the release that somebody named. Raises UsageError for one that is unknown.
    """
    wanted = release(asked or DEFAULT_RELEASE)
    if engine is None:
        return _settled(release_here(), asked, wanted, "the embedded server", "take --runtime docker for it")
    if image is None:
        return ServedRelease(release=wanted, known=True)
    stated = release_of_image(image) or _stated(engine, image)
    return _settled(stated, asked, wanted, "the image", f"leave --image out, or take one of {asked}")


def _settled(runs: str | None, asked: str | None, wanted: Release, what: str, hint: str) -> ServedRelease:
    if runs is None:
        return ServedRelease(release=wanted, known=False)
    notes = ((f"{what} is {runs}; it stands in for {asked}", hint),) if asked not in (None, runs) else ()
    return ServedRelease(release=release(runs), known=True, notes=notes)


def _stated(engine: Engine, image: str) -> str | None:
    """What the variables of an image that is on this machine say."""
    variables = engines.environment(engine, image, kind="image")
    for text in (variables[name] for name in _STATED if name in variables):
        if found := release_of_server(text):
            return found
    return None
