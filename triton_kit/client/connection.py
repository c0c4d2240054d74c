"""Open a client for an address, over either protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from triton_kit.client.address import GRPC_PORT, HTTP_PORT, Address, parse_address
from triton_kit.client.certificates import SYSTEM, Certificates
from triton_kit.client.errors import NoAnswer
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
    stream_url: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Client:
    """A client for the server at ``url``, see ``parse_address``; ``timeout`` is in seconds, for each request.

    ``stream_url`` is where the same server answers over gRPC, and ``metadata`` what opens it there, for streams of a
    client over HTTP; without it the port is Triton's own where that of HTTP is.

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

    def connect_stream() -> Client:
        where = stream_url or _stream_address(address)
        common = headers or {} if metadata is None else metadata
        why = "the model is decoupled, and its responses come over gRPC"
        try:
            client = connect(where, grpc=True, headers=common, timeout=timeout, certificates=certificates)
            if not stream_url:
                client.live()
        except UsageError as error:
            raise UsageError(f"{why}: {error.message}", hint=error.hint) from None
        except NoAnswer as error:
            hint = "let the server answer there, or give its gRPC port with --grpc --url HOST:PORT"
            raise NoAnswer(f"{why}: {error.message}", hint=hint) from None
        return client

    return connect_http(
        address, headers=headers or {}, timeout=timeout, certificates=certificates, connect_stream=connect_stream
    )


def _stream_address(address: Address) -> str:
    """Where a server of that HTTP address has its gRPC port: known by Triton's own numbers alone."""
    if address.port != HTTP_PORT or address.prefix:
        raise UsageError(
            "the model is decoupled: its responses come over gRPC, and the server's gRPC port is not known",
            hint="add --grpc, and give that port with --url HOST:PORT",
        )
    return str(replace(address, port=GRPC_PORT, grpc=True))
