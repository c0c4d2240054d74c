"""HTTP requests over the standard library, with a deadline, and failures that say what is wrong.

tritonclient sends over gevent, whose time limit starts again with every packet and whose import costs more than most
requests; here a request ends when its time is over, and closing the transport ends those in flight.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from triton_kit.client.address import Address
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.http_failure import explain
from triton_kit.client.tls_failure import is_secured
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed import WriteableBuffer


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A complete response; header names are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    def json(self, url: str) -> object:
        """The body as JSON. Raises NoAnswer when it is something else: then nobody at ``url`` speaks the protocol."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise _stranger(url, self) from None

    def check(self, url: str) -> HttpResponse:
        """This answer, where it is a good one. Raises ServerError with the server's own text."""
        if self.status == 200:
            return self
        if not self.body:
            raise ServerError(f"{self.status} {self.reason}", status=str(self.status))
        try:
            text = json.loads(self.body)["error"]
        except (ValueError, KeyError, TypeError):
            raise _stranger(url, self) from None
        raise ServerError(str(text), status=str(self.status), hint=_remedy(self.status))


class Transport:
    """Requests to one address over connections that are kept and shared between threads."""

    def __init__(
        self, address: Address, *, headers: Mapping[str, str], timeout: float, context: SSLContext | None = None
    ) -> None:
        self.address = address
        self.timeout = timeout
        self._headers = dict(headers)
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[http.client.HTTPConnection] = set()
        self._context = context
        self._closed = False

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> HttpResponse:
        """Send one request and read its whole answer within ``timeout`` seconds.

        Raises NoAnswer when there is none in time, or none that is HTTP.
        """
        seconds = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds
        connection, fresh = self._take()
        try:
            answer = self._exchange(connection, method, path, body, self._headers | dict(headers or {}), deadline)
        except (OSError, http.client.HTTPException) as error:
            secured = is_secured(connection.sock)
            self._drop(connection)
            # A kept connection may have been closed from the other side meanwhile; asking again is safe for a GET.
            if not fresh and method == "GET" and isinstance(error, ConnectionError):
                return self.request(method, path, body, headers=headers, timeout=deadline - time.monotonic())
            raise explain(error, self.address, seconds, secured=secured) from error
        except BaseException:
            self._drop(connection)
            raise
        self._give_back(connection)
        return answer

    def close(self) -> None:
        """Close every connection; requests that are in flight fail."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            if connection.sock is not None:
                try:
                    connection.sock.shutdown(2)
                except OSError:
                    pass  # it has ended by itself

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            connection, fresh = (self._idle.pop(), False) if self._idle else (self._connection(), True)
            self._busy.add(connection)
        return connection, fresh

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not self.address.secure:
            return http.client.HTTPConnection(self.address.host, self.address.port)
        return http.client.HTTPSConnection(self.address.host, self.address.port, context=self._context)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        deadline: float,
    ) -> HttpResponse:
        if connection.sock is None:
            connection.timeout = _left(deadline)
            connection.connect()
        connection.sock.settimeout(_left(deadline))
        try:
            connection.request(method, self.address.prefix + path, body, dict(headers))
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server that refuses a large body closes early; its reason may still be there to read
        connection.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]
        with connection.getresponse() as response:
            body = response.read()
            names = {name.lower(): value for name, value in response.getheaders()}
            return HttpResponse(status=response.status, reason=response.reason, headers=names, body=body)


class _Response(http.client.HTTPResponse):
    """A response that has to be complete by a deadline, not merely to keep sending."""

    def __init__(self, sock: socket.socket, *, deadline: float, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_UntilDeadline(sock, deadline))


class _UntilDeadline(io.RawIOBase):
    """What a socket receives before the deadline; TimeoutError after it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise UsageError for a header that cannot be sent; what it holds may be a secret, and is not shown."""
    for name, value in headers.items():
        strange = next((c for c in name if not (c.isascii() and (c.isalnum() or c in "!#$%&'*+-.^_`|~"))), None)
        if not name or strange is not None:
            what = "the name of a header is empty" if not name else f"the name of a header holds {strange!r}"
            raise UsageError(what, hint='write it as "Name: value"')
        if any(c in "\r\n\0" for c in value):
            raise UsageError(f"the value of the header {name} holds a line end", hint="leave it out")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _stranger(url: str, answer: HttpResponse) -> NoAnswer:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    what = f"{answer.status} {answer.reason}".rstrip() + (f" with {kind}" if kind else "")
    return NoAnswer(
        f"{url} does not answer as an inference server does: {what}",
        hint=_remedy(answer.status) or "check the address and its path",
    )


def _remedy(status: int) -> str | None:
    return 'send what it asks for with --header "Name: value"' if status in (401, 403) else None
