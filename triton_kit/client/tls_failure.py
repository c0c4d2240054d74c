"""What it means when a connection fails over TLS, over either protocol."""

from __future__ import annotations

from triton_kit.client.errors import NoAnswer


def not_trusted(url: str, why: str) -> NoAnswer:
    """What to say where the server's certificate was refused; ``why`` is OpenSSL's own text."""
    lower = why.lower()
    if "mismatch" in lower or "not valid for" in lower:
        hint = "ask it under a name that the certificate has"
    elif "expired" in lower or "not yet valid" in lower:
        hint = "renew the certificate, or set the clock"
    else:
        hint = "name the authority that signed it with --ca FILE"
    return NoAnswer(f"{url} has a certificate that is not trusted: {why}", hint=hint)


def turned_away(url: str) -> NoAnswer:
    """What to say where the server ended the connection after both had agreed on TLS."""
    hint = "if it asks for a client certificate, show one that it trusts with --cert FILE and --key FILE"
    return NoAnswer(f"{url} ended the connection once TLS was agreed on", hint=hint)


def no_tls(url: str, why: str) -> NoAnswer:
    """What to say where no TLS connection came about; ``why`` is OpenSSL's own text."""
    upper = why.upper().replace(" ", "_")
    if "CERTIFICATE_REQUIRED" in upper:
        return NoAnswer(f"{url} asks for a client certificate", hint="show one with --cert FILE and --key FILE")
    if "ALERT" in upper and ("CERTIFICATE" in upper or "UNKNOWN_CA" in upper):
        return NoAnswer(f"{url} refuses the client certificate: {why}", hint="show another one with --cert and --key")
    if any(sign in upper for sign in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "EOF")):
        return NoAnswer(f"{url} does not speak TLS", hint="write the address without the s: http:// or grpc://")
    return NoAnswer(f"{url} does not agree on TLS: {why}", hint="check the address and the certificates")


def broken_off(error: OSError) -> bool:
    """Whether an error of TLS says no more than that the other side went away."""
    import ssl

    return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "EOF" in str(error)


def is_secured(sock: object) -> bool:
    """Whether both sides of a connection have agreed on TLS."""
    import ssl

    return isinstance(sock, ssl.SSLSocket)
