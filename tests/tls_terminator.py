"""A TLS terminator before a real server, and the certificates for it, made by openssl."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def authority(place: Path, name: str) -> Path:
    """A certificate authority: NAME.pem and NAME.key."""
    subject = ["-subj", f"/CN={name}", "-days", "2", "-nodes"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(place / f"{name}.key")]
    openssl("req", "-x509", *key, *subject, "-out", str(place / f"{name}.pem"))
    return place / f"{name}.pem"


def signed(place: Path, ca: Path, name: str, host: str = "IP:127.0.0.1") -> Path:
    """A certificate that this authority signed, for that host: NAME.pem and NAME.key."""
    request, pem = place / f"{name}.csr", place / f"{name}.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(place / f"{name}.key")]
    openssl("req", *key, "-nodes", "-subj", f"/CN={name}", "-out", str(request))
    extensions = place / f"{name}.ext"
    extensions.write_text(f"subjectAltName={host}\n")
    by = ["-CA", str(ca), "-CAkey", str(ca.with_suffix(".key")), "-CAcreateserial", "-days", "2"]
    openssl("x509", "-req", "-in", str(request), *by, "-extfile", str(extensions), "-out", str(pem))
    return pem


@contextlib.contextmanager
def terminator(cert: Path, target: str, *, clients: Path | None = None) -> Iterator[int]:
    """A port that takes TLS and hands on in the clear; with ``clients`` to those alone whom that authority signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, cert.with_suffix(".key"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    where = urlsplit(target if "://" in target else f"//{target}")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=treat, args=(listener.accept()[0],), daemon=True).start()

        def treat(raw: socket.socket) -> None:
            with (
                raw,
                contextlib.suppress(OSError),
                context.wrap_socket(raw, server_side=True) as inside,
                socket.create_connection((where.hostname, where.port)) as outside,
            ):
                back = threading.Thread(target=pump, args=(outside, inside), daemon=True)
                back.start()
                pump(inside, outside)
                back.join(10)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
