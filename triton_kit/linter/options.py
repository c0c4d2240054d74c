"""How a run judges: what the server is, and which rules are heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from triton_kit.linter.diagnostic import Severity
from triton_kit.model.server_options import DEFAULT_MAX_BATCH_SIZE, USUAL, ServerOptions, parse_release_option


class Options(NamedTuple):
    """What the server is told and has, and the linter's own choice.

    ``select`` and ``ignore`` are names of rules or areas, an empty ``select`` meaning all. ``severities`` are what
    rules count as for this project, by name or area.
    """

    server: ServerOptions = USUAL
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()


def options(
    *,
    release: str | None = None,
    auto_complete: bool = True,
    gpus: int | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    image_backends: Iterable[str] | None = None,
    explicit: bool = False,
    load_models: Sequence[str] = (),
    namespacing: bool = False,
    config_name: str | None = None,
    default_max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
    rate_limit: bool | None = None,
    rate_resources: Mapping[str, int] | None = None,
    cache: bool | None = None,
    severities: Mapping[str, str] | None = None,
) -> Options:
    """Options from what a user writes, see Options; ``severities`` are ``error``, ``warning``, ``note`` or ``off``.

    A ``release`` of ``None`` is DEFAULT_RELEASE. Raises UsageError for a release, a rule or a severity that is unknown,
    and for options that exclude each other.
    """
    from triton_kit.errors import UsageError
    from triton_kit.linter.select import split_severities

    if load_models and not explicit:
        raise UsageError("--load-model is for explicit model control", hint="add --model-control explicit")
    if "*" in load_models and len(load_models) > 1:
        raise UsageError("--load-model '*' excludes any other", hint="name the models, or give '*' alone")
    if config_name is not None and (not config_name or "/" in config_name):
        raise UsageError(f"--config-name {config_name!r} is not a name", hint="give the file's name without .pbtxt")
    if select or ignore or severities:
        from triton_kit.linter.renamed import current, current_keys

        select, ignore, severities = current(select), current(ignore), current_keys(severities or {})
    off, changed = split_severities(severities or {})
    server = ServerOptions(
        release=parse_release_option(release),
        auto_complete=auto_complete,
        gpus=gpus,
        image_backends=None if image_backends is None else frozenset(image_backends),
        explicit=explicit,
        load_models=tuple(load_models),
        namespacing=namespacing,
        config_name=config_name,
        default_max_batch_size=max(default_max_batch_size, 0),
        rate_limit=rate_limit,
        rate_resources=tuple((rate_resources or {}).items()),
        cache=cache,
    )
    return Options(server, tuple(select), (*ignore, *off), changed)
