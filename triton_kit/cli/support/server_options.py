"""What the commands that talk to a server have in common: how they find it, and what they send and show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.option_groups import OptionGroup
from triton_kit.cli.support.options import seconds_option
from triton_kit.cli.support.terminal import detail
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.runtime.state.registry import Running

HTTP_URL = "http://127.0.0.1:8000"
"""Where a server is asked unless told otherwise."""

Url = Annotated[str, Option("--url", metavar="URL", help=f"Where the server is.  [default: {HTTP_URL}]")]
NoUrl = Annotated[str, Option("--url", metavar="URL", help="Ask the server at this address.")]
ServerName = Annotated[str | None, Option("--server", metavar="NAME", help="Ask this server of those that tk started.")]
ModelVersion = Annotated[
    str, Option("--model-version", metavar="VERSION", help="This version of the model; by default those served.")
]
RequestTimeout = Annotated[float, seconds_option("How long a request may take.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where a server answers, and what tk knows of it if it started it."""

    url: str
    grpc: bool
    running: Running | None = None


class ServerOptions(OptionGroup):
    """Which server a command asks, and what it shows of itself there."""

    url: Url = ""
    server: ServerName = None
    grpc: Annotated[bool, Option("--grpc", help="Speak gRPC; the default address is then 127.0.0.1:8001.")] = False
    header: Annotated[
        list[str] | None, Option("--header", metavar="NAME: VALUE", help="Send this with each request.")
    ] = None
    ca: Annotated[
        Path | None, Option("--ca", metavar="FILE", help="Trust these authorities, not the system's (PEM).")
    ] = None
    cert: Annotated[Path | None, Option("--cert", metavar="FILE", help="Show this client certificate (PEM).")] = None
    key: Annotated[
        Path | None, Option("--key", metavar="FILE", help="Its private key, where --cert does not hold it.")
    ] = None

    @property
    def named(self) -> bool:
        """Whether the user says which server."""
        return bool(self.url or self.server)

    def place(self, models: Sequence[str] = ()) -> ServerAddress:
        """The server to ask, see ``find_server``; ``models`` are those that it is asked about."""
        return find_server(self.url, self.server, self.grpc, models)

    def connect(self, place: ServerAddress | None = None, *, timeout: float, models: Sequence[str] = ()) -> Client:
        """A client for that server, which answers within ``timeout`` seconds; see ``place``.

        A server that tk started gets by itself what opens its closed endpoints.
        """
        from triton_kit.client import connect
        from triton_kit.client.certificates import Certificates

        place = place or self.place(models)
        running, given = place.running, read_headers(self.header)
        headers = running.headers if running is not None else {}
        metadata = running.metadata if running is not None else {}
        return connect(
            place.url,
            grpc=place.grpc,
            headers={**(metadata if place.grpc else headers), **given},
            timeout=timeout,
            certificates=Certificates(ca=self.ca, cert=self.cert, key=self.key),
            stream_url=running.endpoints.grpc if running is not None else "",
            metadata={**metadata, **given},
        )


class OptionalServerOptions(ServerOptions):
    """The same, for a command that asks a server only where one is named."""

    url: NoUrl = ""


def find_server(url: str, server: str | None, grpc: bool, models: Sequence[str] = ()) -> ServerAddress:
    """The server to ask: the address or the name that was given, else the one that tk runs.

    Of several it is the only one of the project, or the only one that has these models in its repository, or the one at
    Triton's own port on this machine, where it is, too, if tk runs none. Raises UsageError when that leaves several,
    and for a name that no server has.
    """
    from triton_kit.runtime.state import files, registry

    usual = "127.0.0.1:8001" if grpc else HTTP_URL
    if server is not None:
        if url:
            raise UsageError("--url and --server exclude each other", hint="give one of them")
        return _place(registry.find(server), grpc)
    running: Sequence[Running] = registry.servers() if files.read_all() else ()
    if not url and len(running) > 1:
        running = _meant(running, models)
    for one in running:
        if _authority(_address(one, grpc)) == _authority(url or usual):
            return ServerAddress(url=url or usual, grpc=grpc, running=one)
    if url or not running:
        return ServerAddress(url=url or usual, grpc=grpc)
    if len(running) > 1:
        names = ", ".join(one.name for one in running)
        raise UsageError(
            f"{len(running)} servers are running, and none was named", hint=f"choose with --server: {names}"
        )
    detail(f"asking the server {running[0].name}, which tk started")
    return _place(running[0], grpc)


def _meant(running: Sequence[Running], models: Sequence[str]) -> Sequence[Running]:
    """Those of several servers that can be meant, all of them where nothing tells: the project's, with these models."""
    from triton_kit.cli.support.project_servers import of_project

    found = of_project(running) or running
    if models and len(found) > 1:
        found = [one for one in found if all((one.repository / name).is_dir() for name in models)] or found
    return found


def read_headers(texts: Sequence[str] | None) -> Mapping[str, str]:
    """``Name: value`` by name. One that is malformed is not shown: it may be a secret."""
    headers = {}
    for text in texts or ():
        name, colon, value = text.partition(":")
        if not colon:
            raise UsageError("a header that was given has no colon", hint='write it as --header "Name: value"')
        headers[name.strip()] = value.strip()
    return headers


def _place(running: Running, grpc: bool) -> ServerAddress:
    return ServerAddress(url=_address(running, grpc), grpc=grpc, running=running)


def _address(running: Running, grpc: bool) -> str:
    return running.endpoints.grpc if grpc else running.endpoints.http


def _authority(url: str) -> tuple[str, int] | None:
    """Host and port, all names of this machine's loopback as one; ``None`` for no address."""
    from triton_kit.client.address import parse_address

    try:
        address = parse_address(url)
    except UsageError:
        return None
    return "localhost" if address.host in ("127.0.0.1", "::1") else address.host, address.port
