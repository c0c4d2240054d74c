"""Where a server is, read from what the user typed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from triton_kit.errors import UsageError

HTTP_PORT, GRPC_PORT = 8000, 8001
"""Where Triton listens unless told otherwise (server, command_line_parser.h)."""

_SCHEMES = {"http": False, "https": True, "grpc": False, "grpcs": True}
_FORMS = "give it as HOST:PORT, http://HOST:PORT or https://HOST:PORT/PREFIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place to connect to; ``prefix`` is a path before ``/v2``, without a trailing slash."""

    host: str
    port: int
    secure: bool
    prefix: str
    grpc: bool

    @property
    def authority(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        scheme = ("grpc" if self.grpc else "http") + ("s" if self.secure else "")
        return f"{scheme}://{self.authority}{self.prefix}"


def parse_address(text: str, *, grpc: bool = False) -> Address:
    """Read ``host``, ``host:port``, ``http[s]://host[:port][/prefix]`` or ``grpc[s]://host[:port]``.

    Without a port it is Triton's own for the protocol, and the web's where a web scheme is written out: 80 or 443.
    """
    written, separator, rest = text.strip().partition("://")
    scheme = written.lower() if separator else ""
    if scheme and scheme not in _SCHEMES:
        raise UsageError(f"{text!r} begins with {written}://, which is not a way to reach a server", hint=_FORMS)
    try:
        parts = urlsplit(f"//{rest if separator else text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is not an address: {error}", hint=_FORMS) from None
    if not host or any(c.isspace() or not c.isprintable() for c in text.strip()):
        raise UsageError(f"{text!r} is not an address: it names no host", hint=_FORMS)
    if parts.username is not None:
        raise UsageError("the address holds a user name", hint='send credentials with --header "Authorization: ..."')
    if parts.query or parts.fragment:
        # What it says may be a token.
        raise UsageError("the address holds a query or a fragment", hint=_FORMS)
    if port == 0:
        raise UsageError(f"{text!r} names port 0, where nothing can listen", hint=_FORMS)
    grpc = grpc or scheme.startswith("grpc")
    prefix = parts.path.rstrip("/")
    if grpc and prefix:
        raise UsageError(f"{text!r} has the path {prefix}, and gRPC does not use paths", hint="leave it out")
    secure = _SCHEMES.get(scheme, False)
    if port is None:
        web = scheme in ("http", "https") and not grpc
        port = (443 if secure else 80) if web else (443 if secure else GRPC_PORT if grpc else HTTP_PORT)
    return Address(host=host, port=port, secure=secure, prefix=_without_v2(prefix), grpc=grpc)


def _without_v2(prefix: str) -> str:
    """A prefix that was copied together with the protocol's own ``/v2`` loses it."""
    return prefix.removesuffix("/v2")
