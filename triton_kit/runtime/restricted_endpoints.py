"""Which of a server's endpoints are closed, and what opens them: ``logging`` and ``trace`` can write files.

The server compares a header with a value that is on its command line (server, ``command_line_parser.cc`` and
``restricted_features.h``; over gRPC the header's name begins with ``triton-grpc-protocol-``, ``grpc_server.cc``).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

from triton_kit.repository.release import Release, flag_name

HEADER = "triton-kit-token"
"""The header that tk sends to a server that it started."""

GRPC_PREFIX = "triton-grpc-protocol-"
HTTP_FLAG, GRPC_FLAG = "http-restricted-api", "grpc-restricted-protocol"


def closing_flags(target: Release, *, control: str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """The flags that close what can write files or change the models, behind a new random token.

    ``given`` are the user's own flags: over a protocol for which they close anything themselves, tk closes nothing
    more. A release that lacks the flag (HTTP before 23.11, gRPC before 23.04) is left open.
    """
    apis = ["logging", "trace", *(["model-repository"] if control != "none" else [])]
    theirs = {flag_name(argument) for argument in given}
    token = secrets.token_hex(16)
    return tuple(
        f"--{flag}={','.join(apis)}:{HEADER}={token}"
        for flag in (HTTP_FLAG, GRPC_FLAG)
        if flag in target.flags and flag not in theirs
    )


def opening_headers(arguments: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The headers, for HTTP and for gRPC, that open everything that these arguments of tritonserver close."""
    http = dict(_settings(arguments, HTTP_FLAG))
    return http, {f"{GRPC_PREFIX}{name}": value for name, value in _settings(arguments, GRPC_FLAG)}


def _settings(arguments: Sequence[str], flag: str) -> Iterator[tuple[str, str]]:
    """Name and value of the header in each ``--flag=API[,API]:NAME=VALUE`` or ``--flag API[,API]:NAME=VALUE``."""
    for i, argument in enumerate(arguments):
        if not argument.startswith("--") or flag_name(argument) != flag:
            continue
        _, written, setting = argument.partition("=")
        if not written and i + 1 < len(arguments):
            setting = arguments[i + 1]
        name, _, value = setting.partition(":")[2].partition("=")
        if name:
            yield name, value


def mask_secrets(arguments: Sequence[str]) -> list[str]:
    """The arguments without the secrets in them, for people to read."""
    http, grpc = opening_headers(arguments)
    values = sorted({*http.values(), *grpc.values()} - {""}, key=len, reverse=True)
    shown = []
    for argument in arguments:
        for value in values:
            argument = argument.replace(f"={value}", "=***")
        shown.append(argument)
    return shown
