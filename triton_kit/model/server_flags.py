"""From the flags of a tritonserver to what it makes of a model: one reading of them for whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from triton_kit.model.server_options import DEFAULT_MAX_BATCH_SIZE, ServerOptions, parse_release_option
from triton_kit.repository.release import flag_name, flag_values

_TRUE = ("true", "on", "1")
"""How a boolean flag is written, in any case (server, command_line_parser.cc:ParseOption)."""


CACHES = ("cache-config", "response-cache-byte-size")
"""The flags that give a server a response cache."""


def server_options(
    server_args: Sequence[str] = (), *, release: str | None = None, auto_complete: bool = True, gpus: int | None = None
) -> ServerOptions:
    """What a server with these flags makes of a model. Raises UsageError for a release that is unknown.

    A flag that the server refuses is passed over: it never starts. Of several ``default-max-batch-size`` that of
    onnxruntime counts.
    """
    control = flag_values(server_args, "model-control-mode")[-1:]
    rate_limit = flag_values(server_args, "rate-limit")[-1:]
    strict = flag_values(server_args, "strict-model-config")[-1:]
    limited = rate_limit == ["execution_count"]
    return ServerOptions(
        release=parse_release_option(release),
        auto_complete=auto_complete and not _has(server_args, "disable-auto-complete-config") and not _is_true(strict),
        gpus=gpus,
        explicit=control == ["explicit"],
        load_models=tuple(flag_values(server_args, "load-model")) if control == ["explicit"] else (),
        namespacing=_is_true(flag_values(server_args, "model-namespacing")[-1:]),
        config_name="".join(flag_values(server_args, "model-config-name")[-1:]) or None,
        default_max_batch_size=_default_max_batch_size(flag_values(server_args, "backend-config")),
        rate_limit=limited if rate_limit else None,
        rate_resources=tuple(resource_counts(flag_values(server_args, "rate-limit-resource")).items())
        if limited
        else (),
        cache=True if any(flag_values(server_args, name) for name in CACHES) else None,
    )


def resource_count(text: str) -> tuple[str, int] | None:
    """Name and count of a ``--rate-limit-resource``: ``NAME:COUNT`` or ``NAME:COUNT:DEVICE``; else ``None``."""
    name, _, rest = text.partition(":")
    count = rest.partition(":")[0]
    return (name, int(count)) if name and count.isascii() and count.isdecimal() else None


def resource_counts(texts: Iterable[str]) -> dict[str, int]:
    """Resources with the count of the device that has most; what is not one is passed over."""
    counts: dict[str, int] = {}
    for text in texts:
        if (found := resource_count(text)) is not None:
            name, count = found
            counts[name] = max(count, counts.get(name, 0))
    return counts


def _has(arguments: Sequence[str], name: str) -> bool:
    return any(argument.startswith("--") and flag_name(argument) == name for argument in arguments)


def _is_true(values: Sequence[str]) -> bool:
    return any(value.lower() in _TRUE for value in values)


def _default_max_batch_size(settings: Iterable[str]) -> int:
    """What ``onnxruntime,default-max-batch-size=N`` says, or the same without a backend."""
    found: dict[str, int] = {}
    for setting in settings:
        backend, _, assignment = setting.rpartition(",")
        key, _, value = assignment.partition("=")
        if key == "default-max-batch-size" and value.isascii() and value.removeprefix("-").isdecimal():
            found[backend] = max(int(value), 0)
    return found.get("onnxruntime", found.get("", DEFAULT_MAX_BATCH_SIZE))
