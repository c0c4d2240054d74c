"""What it means when a request over gRPC fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triton_kit.client.address import Address
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.tls_failure import no_tls, not_trusted, turned_away
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from tritonclient.utils import InferenceServerException

_NOT_FROM_THE_SERVER = (
    "failed to connect",
    "connection re",
    "socket closed",
    "dns ",
    "name resolution",
    "domain name",
    "http2 header",
    "goaway",
    "rst_stream",
    "recvmsg",
    "keepalive",
    "end of tcp stream",
    "stream removed",
    "settings frame",
    "handshake",
)
"""What gRPC's own text says of a broken connection; its status alone is one that servers send, too: UNAVAILABLE."""


def explain(error: InferenceServerException, address: Address, seconds: float) -> TkError:
    """What a failed call means: the server's own refusal, or nobody there."""
    url = str(address)
    status, details = str(error.status()).removeprefix("StatusCode."), str(error.message() or "")
    lower = details.lower()
    if status == "DEADLINE_EXCEEDED":
        answer = NoAnswer.timed_out(url, seconds)
        return NoAnswer(answer.message, hint=f"{answer.hint}; if this is the HTTP port, leave --grpc out")
    if status != "CANCELLED" and not any(sign in lower for sign in _NOT_FROM_THE_SERVER):
        return ServerError(details or status, status=status)
    return _no_answer(details, address)


def _no_answer(details: str, address: Address) -> NoAnswer:
    """What gRPC's own text says of a connection that failed."""
    url, lower = str(address), details.lower()
    if "connection refused" in lower:
        hint = "start one with tk serve, or say where it is with --url"
        return NoAnswer(f"nothing listens at {url}", hint=hint)
    if "dns" in lower or "name resolution" in lower or "domain name" in lower:
        return NoAnswer(f"{address.host} is not a host that is known here", hint="check the address")
    if "http1" in lower or "http2 header" in lower or "settings frame" in lower:
        return NoAnswer(f"{url} does not speak gRPC; it may be an HTTP port", hint="leave --grpc out")
    if "certificate_verify_failed" in lower or "hostname verification" in lower:
        return not_trusted(url, "hostname mismatch" if "hostname" in lower else _tls_reason(details))
    if "unwrap failed" in lower or (address.secure and "socket closed" in lower):
        return turned_away(url)
    if "handshake" in lower or "ssl" in lower:
        return no_tls(url, _tls_reason(details))
    hint = "look at the server's log; if this is the HTTP port, leave --grpc out"
    return NoAnswer(f"{url} closed the connection without a complete answer", hint=hint)


def _tls_reason(details: str) -> str:
    """The part of gRPC's text that says why TLS failed: its last words, where OpenSSL speaks."""
    return details.rpartition("OPENSSL_internal:")[2].strip(" .") or details
