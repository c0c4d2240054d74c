"""What the commands that talk to a server have in common: how its address, headers and time limit are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from triton_kit.errors import UsageError

HTTP_URL = "http://127.0.0.1:8000"
"""Where a server is asked unless told otherwise."""

Grpc = Annotated[bool, typer.Option("--grpc", help="Speak gRPC; the default address is then 127.0.0.1:8001.")]
Header = Annotated[
    list[str] | None, typer.Option("--header", metavar="NAME: VALUE", help="Send this with each request.")
]


def address(url: str, grpc: bool) -> str:
    """The address that was given, or where a local server listens."""
    return url or ("127.0.0.1:8001" if grpc else HTTP_URL)


def read_headers(texts: Sequence[str] | None) -> Mapping[str, str]:
    """``Name: value`` by name."""
    headers = {}
    for text in texts or ():
        name, colon, value = text.partition(":")
        if not colon:
            raise UsageError(f"{text!r} is no header", hint='write it as "Name: value"')
        headers[name.strip()] = value.strip()
    return headers


def headers(url: str, texts: Sequence[str] | None, *, grpc: bool) -> Mapping[str, str]:
    """The headers for the server at ``url``: what opens one that tk started, then those that were given."""
    from triton_kit.runtime.registry import headers_for

    return {**headers_for(url, grpc=grpc), **read_headers(texts)}


def check_seconds(seconds: float) -> float:
    """The time limit, where it is one."""
    if not 0 < seconds < float("inf"):
        raise UsageError(f"--timeout {seconds:g} is no time to wait", hint="give seconds, more than 0")
    return seconds
