"""Which certificates a client trusts and shows over TLS, out of PEM files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from ssl import SSLContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files: ``ca`` holds the authorities to trust instead of the system's, ``cert`` what the client shows of
    itself and ``key`` its private key, which may be in ``cert`` as well."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @property
    def given(self) -> bool:
        """Whether any file is named."""
        return self.ca is not None or self.cert is not None or self.key is not None


SYSTEM = Certificates()
"""The authorities that the system trusts, and nothing to show."""


def make_context(certificates: Certificates) -> SSLContext:
    """What HTTPS needs of them. Raises UsageError for a file that cannot be read, or holds something else."""
    import ssl

    for file in (certificates.ca, certificates.cert, certificates.key):
        if file is not None:
            _read(file)
    if certificates.key is not None and certificates.cert is None:
        raise UsageError(f"the key {certificates.key} has no certificate", hint="name it with --cert")
    try:
        context = ssl.create_default_context(cafile=certificates.ca)
    except ssl.SSLError:
        raise UsageError(f"{certificates.ca} holds no certificate", hint="give a PEM file") from None
    if certificates.cert is not None:
        _show(context, certificates.cert, certificates.key)
    return context


def read_parts(certificates: Certificates) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Authorities, key and certificate as gRPC takes them; raises what ``make_context`` does.

    gRPC comes with authorities of its own: the system's are taken instead where they are one file, as HTTPS does.
    """
    import ssl

    make_context(certificates)
    system = ssl.get_default_verify_paths().cafile
    ca = certificates.ca or (Path(system) if system else None)
    cert, key = certificates.cert, certificates.key or certificates.cert
    return tuple(None if file is None else _read(file) for file in (ca, key, cert))  # type: ignore[return-value]


def _show(context: SSLContext, cert: Path, key: Path | None) -> None:
    import ssl

    # Without a password, OpenSSL would ask for that of an encrypted key on the terminal.
    asked: list[bool] = []

    def password() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(cert, key, password)
    except (ssl.SSLError, ValueError) as error:
        if asked:
            raise UsageError(f"the key {key or cert} is encrypted", hint="give one without a password") from None
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise UsageError(
                f"the key {key or cert} does not belong to {cert}", hint="name its own with --key"
            ) from None
        if b"CERTIFICATE-----" not in _read(cert):
            raise UsageError(f"{cert} holds no certificate", hint="give a PEM file") from None
        hint = "name it with --key" if key is None else "give a PEM file"
        raise UsageError(f"{key or cert} holds no private key", hint=hint) from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}", hint="check the path") from None
