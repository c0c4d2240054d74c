"""The forms in which an address may be written."""

from __future__ import annotations

import sys

import pytest

from triton_kit.client import connect
from triton_kit.client.address import parse_address
from triton_kit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "grpc", "full"),
    [
        ("localhost", False, "http://localhost:8000"),
        ("localhost", True, "grpc://localhost:8001"),
        ("localhost:1234", False, "http://localhost:1234"),
        ("http://localhost:1234/", False, "http://localhost:1234"),
        ("HTTP://localhost:1234", False, "http://localhost:1234"),
        ("http://host", False, "http://host:80"),
        ("https://host", False, "https://host:443"),
        ("https://host/models/prod/", False, "https://host:443/models/prod"),
        ("http://host:8000/v2", False, "http://host:8000"),
        ("http://host:8000/a/v2/", False, "http://host:8000/a"),
        ("http://host:8001", True, "grpc://host:8001"),
        ("grpc://host:9", False, "grpc://host:9"),
        ("grpcs://host", False, "grpcs://host:443"),
        ("[::1]:8000", False, "http://[::1]:8000"),
        ("http://[::1]", True, "grpc://[::1]:8001"),
        (" 10.0.0.1:80 ", False, "http://10.0.0.1:80"),
    ],
)
def test_an_address_is_read_in_each_of_its_forms(text, grpc, full):
    assert str(parse_address(text, grpc=grpc)) == full


@pytest.mark.parametrize(
    "text",
    ["", ":8000", "host:", "ftp://host", "host:port", "host:70000", "host:0", "host:-1", "http://", "http://[::1",
     "ho st:8000", "http://user:secret@host", "http://host?x=1", "http://host#x", "host\n:80"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_forms_that_are(text):
    if text == "host:":
        assert parse_address(text).port == 8000  # as every browser reads it
        return
    with pytest.raises(UsageError) as error:
        parse_address(text)
    assert error.value.hint
    assert "secret" not in error.value.message


def test_a_path_is_refused_over_grpc():
    with pytest.raises(UsageError, match="gRPC does not use paths"):
        parse_address("http://host/prefix", grpc=True)


def test_grpc_that_is_not_installed_is_said_to_be_so(monkeypatch):
    # What is not available here: an environment without the extra.
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(UsageError) as error:
        connect("host", grpc=True)
    assert "triton-kit[grpc]" in error.value.hint
