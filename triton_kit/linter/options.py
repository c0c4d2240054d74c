"""Options of the linter from what a user writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from triton_kit.linter.rule import parse_release
from triton_kit.model.completion import DEFAULT_MAX_BATCH_SIZE
from triton_kit.model.model import Options

DEFAULT_RELEASE = "24.10"


def options(
    *,
    release: str = "24.10",
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
    severities: Mapping[str, str] | None = None,
) -> Options:
    """Options from what a user writes, see Options; ``severities`` are ``error``, ``warning``, ``note`` or ``off``.

    Raises UsageError for a release, a rule or a severity that is unknown, and for options that exclude each other.
    """
    from triton_kit.errors import UsageError
    from triton_kit.linter.select import split_severities

    if load_models and not explicit:
        raise UsageError("--load-model is for explicit model control", hint="add --model-control explicit")
    if "*" in load_models and len(load_models) > 1:
        raise UsageError("--load-model '*' excludes any other", hint="name the models, or give '*' alone")
    if config_name is not None and (not config_name or "/" in config_name):
        raise UsageError(f"--config-name {config_name!r} is no name", hint="give the file's name without .pbtxt")
    if select or ignore or severities:
        from triton_kit.linter.renamed import current, current_keys

        select, ignore, severities = current(select), current(ignore), current_keys(severities or {})
    off, changed = split_severities(severities or {})
    try:
        parsed = parse_release(release)
    except ValueError:
        raise UsageError(f"{release!r} is no Triton release", hint="write a container release such as 24.10") from None
    if release != DEFAULT_RELEASE:
        from triton_kit.repository.release import release as known

        known(release)
    return Options(
        parsed,
        auto_complete,
        gpus,
        tuple(select),
        (*ignore, *off),
        None if image_backends is None else frozenset(image_backends),
        explicit,
        tuple(load_models),
        namespacing,
        config_name,
        max(default_max_batch_size, 0),
        rate_limit,
        changed,
        tuple((rate_resources or {}).items()),
    )
