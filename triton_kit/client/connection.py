"""Open a client for an address, over either protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from triton_kit.client.address import parse_address
from triton_kit.client.certificates import SYSTEM, Certificates
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client.types import Client

DEFAULT_TIMEOUT = 60.0
"""Seconds that a request may take unless told otherwise."""


def connect(
    url: str,
    *,
    grpc: bool = False,
    headers: Mapping[str, str] | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    certificates: Certificates = SYSTEM,
) -> Client:
    """A client for the server at ``url``, see ``parse_address``; ``timeout`` is in seconds, for each request.

    Nothing is sent before the first question. Raises UsageError for an address that cannot be, for certificates that
    cannot be read or that it has no use for, and where gRPC is asked for and not installed.
    """
    address = parse_address(url, grpc=grpc)
    if certificates.given and not address.secure:
        scheme = "grpcs" if address.grpc else "https"
        raise UsageError(f"{address} is asked without TLS, which certificates are for", hint=f"write {scheme}://")
    if address.grpc:
        from triton_kit.client.grpc import connect_grpc

        return connect_grpc(address, headers=headers or {}, timeout=timeout, certificates=certificates)
    from triton_kit.client.http import connect_http

    return connect_http(address, headers=headers or {}, timeout=timeout, certificates=certificates)
