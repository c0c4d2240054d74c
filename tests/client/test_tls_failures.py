"""What the client makes of the errors of TLS."""

from __future__ import annotations

import ssl

import pytest

from triton_kit.client.tls_failure import broken_off, no_tls


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (ssl.SSLEOFError(8, "the connection was cut"), True),
        (ssl.SSLZeroReturnError(6, "the connection was closed"), True),
        (ssl.SSLError(1, "unexpected EOF while reading"), True),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), False),
    ],
    ids=["cut", "closed", "cut as older versions say it", "something else"],
)
def test_a_connection_that_tls_finds_cut_is_told_from_one_that_it_refuses(error, gone):
    assert broken_off(error) is gone


@pytest.mark.parametrize(
    ("why", "message"),
    [
        ("tlsv13 alert certificate required", "U asks for a client certificate"),
        ("tlsv1 alert unknown ca", "U refuses the client certificate: tlsv1 alert unknown ca"),
        ("sslv3 alert bad certificate", "U refuses the client certificate: sslv3 alert bad certificate"),
        ("tlsv1 alert internal error", "U does not agree on TLS: tlsv1 alert internal error"),
        ("certificate verify failed", "U does not agree on TLS: certificate verify failed"),
        ("wrong version number", "U does not speak TLS"),
    ],
    ids=["none was shown", "unknown authority", "bad", "another alert", "not an alert", "no TLS"],
)
def test_why_no_tls_connection_came_about_is_said_in_words(why, message):
    assert no_tls("U", why).message == message
