"""Which release a command is about, and what is said where tk does not know it.

In this order: ``--release``; the tag of ``--image`` where that is an official one; ``release`` of ``tk.yaml``; for what
runs a server, that server; otherwise ``release_name.DEFAULT_RELEASE``. See ``docs/releases.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triton_kit.cli.support import terminal
from triton_kit.repository.release_name import DEFAULT_RELEASE

if TYPE_CHECKING:
    from triton_kit.project.settings import Project


def named_release(
    given: str | None,
    project: Project | None,
    *,
    image: str | None = None,
    written: str | None = None,
    as_json: bool = False,
) -> str | None:
    """The release that is named first in that order, ``None`` where nobody names one; one that is too new is told.

    ``written`` is what serve: of tk.yaml says, which goes before the release of the project. With ``as_json`` what is
    told becomes a note in the result. Raises UsageError for a release that is unknown.
    """
    release = given or _of_image(image) or written or (project.release if project else None)
    if release is not None:
        tell_newer(release, as_json=as_json)
    return release


def tell_newer(release: str, *, as_json: bool = False) -> None:
    """Say once where a release is newer than the table. Raises UsageError for one that is unknown."""
    if release == DEFAULT_RELEASE:
        return
    from triton_kit.repository.release import newer_than_table

    if said := newer_than_table(release):
        terminal.note(said, as_json=as_json)


def _of_image(image: str | None) -> str | None:
    if image is None:
        return None
    from triton_kit.repository.release import release_of_image

    return release_of_image(image)
