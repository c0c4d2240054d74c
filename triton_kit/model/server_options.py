"""What the server is told and has, as far as that changes what it makes of a model."""

from __future__ import annotations

from typing import NamedTuple

from triton_kit.repository.release_name import DEFAULT_RELEASE, parse_release

DEFAULT_MAX_BATCH_SIZE = 4
"""The server's ``--backend-config=default-max-batch-size`` where none is given (core backend_config.cc)."""


class ServerOptions(NamedTuple):
    """Facts about the server.

    ``release`` is the container release; ``auto_complete`` is false with ``--disable-auto-complete-config``; ``gpus``
    says how many GPUs the server's machine has, ``None`` when unknown. ``image_backends`` are the backends that the
    server has, ``None`` when unknown. With ``explicit`` model control only what ``load_models`` names is loaded,
    everything in turn where that is empty. ``config_name`` is that of ``--model-config-name``;
    ``default_max_batch_size`` that of the backend option; ``rate_limit`` whether ``--rate-limit=execution_count`` is
    set, ``None`` when unknown, with the ``rate_resources`` that it grants where they are listed; ``cache`` whether it
    has a response cache, ``None`` when unknown.
    """

    release: tuple[int, int] = parse_release(DEFAULT_RELEASE)
    auto_complete: bool = True
    gpus: int | None = None
    image_backends: frozenset[str] | None = None
    explicit: bool = False
    load_models: tuple[str, ...] = ()
    namespacing: bool = False
    config_name: str | None = None
    default_max_batch_size: int = DEFAULT_MAX_BATCH_SIZE
    rate_limit: bool | None = None
    rate_resources: tuple[tuple[str, int], ...] = ()
    cache: bool | None = None


USUAL = ServerOptions()
"""A server that is told nothing, of the default release."""


def parse_release_option(release: str | None) -> tuple[int, int]:
    """The release that a user names, ``None`` for the default one; of one newer than the table, its last one.

    Raises UsageError for one that is unknown.
    """
    if release is None or release == DEFAULT_RELEASE:
        return parse_release(DEFAULT_RELEASE)
    from triton_kit.repository.release import newest
    from triton_kit.repository.release import release as known

    found = known(release)
    return parse_release(found.container if found.tabled else newest().container)
