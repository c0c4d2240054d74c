"""What it means when an HTTP request fails."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING

from triton_kit.client.address import Address
from triton_kit.client.errors import NoAnswer
from triton_kit.client.tls_failure import broken_off, no_tls, not_trusted, turned_away

if TYPE_CHECKING:
    from ssl import SSLError


def explain(error: OSError | http.client.HTTPException, address: Address, seconds: float, *, secured: bool) -> NoAnswer:
    """What a failed request means, and what to do; ``secured`` says whether TLS was agreed on."""
    import ssl

    url = str(address)
    match error:
        case TimeoutError():
            return NoAnswer.timed_out(url, seconds)
        case socket.gaierror() | UnicodeError():
            return NoAnswer(f"{address.host} is not a host that is known here", hint="check the address")
        case ConnectionRefusedError():
            hint = "start one with tk serve, or say where it is with --url"
            return NoAnswer(f"nothing listens at {url}", hint=hint)
        case ssl.SSLError():
            return _tls_failed(error, url, secured)
        case ConnectionError() if secured:
            return turned_away(url)
        case ConnectionError() | http.client.IncompleteRead():
            hint = "look at the server's log; if this is the gRPC port, use --grpc, and if it speaks TLS, https://"
            return NoAnswer(f"{url} closed the connection without a complete answer", hint=hint)
        case http.client.HTTPException():
            return _not_http(error, url)
    return NoAnswer(f"{url} cannot be reached: {error.strerror or error}", hint="check the address")


def _tls_failed(error: SSLError, url: str, secured: bool) -> NoAnswer:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return not_trusted(url, error.verify_message)
    if secured and broken_off(error):
        return turned_away(url)
    return no_tls(url, str(error.reason or error))


def _not_http(error: http.client.HTTPException, url: str) -> NoAnswer:
    """The first line shows who answers: an alert of TLS, or a frame of HTTP/2."""
    line = str(error) if isinstance(error, http.client.BadStatusLine) else ""
    if "\x15\x03" in line:
        return NoAnswer(f"{url} speaks TLS", hint="write https://")
    if "\x00" in line:
        return NoAnswer(f"{url} does not speak HTTP/1.1; it may be a gRPC port", hint="try --grpc")
    return NoAnswer(f"{url} does not speak HTTP", hint="check the port")
