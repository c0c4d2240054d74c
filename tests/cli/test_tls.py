"""``tk health`` and ``tk infer`` through TLS, against a real server behind a terminator."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_server import address
from tls_terminator import authority, openssl, signed, terminator

from triton_kit.cli import run


@pytest.fixture(scope="module")
def pki(tmp_path_factory) -> Path:
    """Two authorities, ``ours`` and ``theirs``, and certificates signed by each."""
    place = tmp_path_factory.mktemp("pki")
    ours, theirs = authority(place, "ours"), authority(place, "theirs")
    signed(place, ours, "server")
    signed(place, ours, "elsewhere", "DNS:elsewhere.example")
    signed(place, ours, "me")
    signed(place, theirs, "stranger")
    both = (place / "me.pem").read_text() + (place / "me.key").read_text()
    (place / "both.pem").write_text(both)
    openssl("ec", "-in", str(place / "me.key"), "-aes256", "-passout", "pass:x", "-out", str(place / "locked.key"))
    (place / "text.pem").write_text("no certificate\n")
    return place


@pytest.fixture(params=["http", "grpc"])
def protocol(request) -> str:
    return request.param


@pytest.fixture
def secure(server, pki, protocol) -> Iterator[str]:
    with terminator(pki / "server.pem", address(server, protocol)) as port:
        yield f"{protocol}s://127.0.0.1:{port}"


@pytest.fixture
def mutual(server, pki, protocol) -> Iterator[str]:
    with terminator(pki / "server.pem", address(server, protocol), clients=pki / "ours.pem") as port:
        yield f"{protocol}s://127.0.0.1:{port}"


def health(capsys, url: str, *args: str | Path) -> tuple[int, str, str]:
    code = run(["health", "--url", url, *map(str, args)])
    return code, *capsys.readouterr()


def test_a_server_whose_authority_is_named_answers(secure, pki, capsys):
    code, out, err = health(capsys, secure, "--ca", pki / "ours.pem", "--model", "pair")
    assert (code, err) == (0, "")
    assert secure in out
    assert run(["infer", "pair", "--random", "--url", secure, "--ca", str(pki / "ours.pem")]) == 0


@pytest.mark.parametrize("args", [(), ("--ca", "theirs.pem")])
def test_a_server_of_another_authority_is_not_trusted(secure, pki, capsys, args):
    code, out, err = health(capsys, secure, *(pki / a if a.endswith(".pem") else a for a in args))
    assert (code, out) == (3, "")
    assert "has a certificate that is not trusted" in err
    assert "--ca FILE" in err


def test_a_certificate_for_another_host_is_not_trusted(server, pki, protocol, capsys):
    with terminator(pki / "elsewhere.pem", address(server, protocol)) as port:
        code, _, err = health(capsys, f"{protocol}s://127.0.0.1:{port}", "--ca", pki / "ours.pem")
    assert code == 3
    assert "has a certificate that is not trusted" in err
    assert "under a name that the certificate has" in err


@pytest.mark.parametrize("shown", [["--cert", "me.pem", "--key", "me.key"], ["--cert", "both.pem"]])
def test_a_client_that_shows_its_certificate_is_let_in(mutual, pki, capsys, shown):
    files = [pki / s if not s.startswith("--") else s for s in shown]
    assert health(capsys, mutual, "--ca", pki / "ours.pem", *files, "--model", "pair")[0] == 0


def test_a_client_without_a_certificate_is_told_that_one_is_asked_for(mutual, pki, capsys):
    code, _, err = health(capsys, mutual, "--ca", pki / "ours.pem")
    assert code == 3
    assert "asks for a client certificate" in err
    assert "--cert FILE and --key FILE" in err


def test_a_client_with_a_stranger_s_certificate_is_refused(mutual, pki, capsys):
    shown = ("--cert", pki / "stranger.pem", "--key", pki / "stranger.key")
    code, _, err = health(capsys, mutual, "--ca", pki / "ours.pem", *shown)
    assert code == 3
    assert "client certificate" in err
    assert "show" in err


def test_a_plain_server_asked_with_tls_is_said_to_be_plain(server, protocol, capsys):
    plain = address(server, protocol).rpartition("/")[2]
    code, _, err = health(capsys, f"{protocol}s://{plain}")
    assert code == 3
    assert "does not speak TLS" in err
    assert "without the s" in err


def test_a_secure_server_asked_in_the_clear_is_said_to_speak_tls_or_to_close(secure, capsys):
    code, _, err = health(capsys, secure.replace("s://", "://"))
    assert code == 3
    assert "TLS" in err or "closed the connection" in err or "does not speak" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--ca", "absent.pem"], "absent.pem cannot be read: No such file or directory"),
        (["--ca", "."], "cannot be read: Is a directory"),
        (["--ca", "text.pem"], "text.pem holds no certificate"),
        (["--cert", "text.pem"], "text.pem holds no certificate"),
        (["--cert", "me.pem"], "me.pem holds no private key"),
        (["--cert", "me.pem", "--key", "text.pem"], "text.pem holds no private key"),
        (["--cert", "me.pem", "--key", "stranger.key"], "stranger.key does not belong to"),
        (["--cert", "me.pem", "--key", "locked.key"], "locked.key is encrypted"),
        (["--key", "me.key"], "me.key has no certificate"),
    ],
)
def test_a_bad_file_is_one_clear_error_before_anything_is_asked(pki, capsys, args, message, protocol, monkeypatch):
    monkeypatch.chdir(pki)
    code, out, err = health(capsys, f"{protocol}s://127.0.0.1:9", *args)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("error") == 1
    assert "hint" in err


def test_certificates_without_tls_are_no_silent_comfort(pki, capsys, protocol):
    code, _, err = health(capsys, f"{protocol}://127.0.0.1:9", "--ca", pki / "ours.pem")
    assert code == 2
    assert f"write {protocol}s://" in err


SECRETS = ["Authorization: Bearer s3cr3t", "s3cr3t", "Bearer s3cr3t: x", "X-Key: s3cr3t\r\nX: y"]


@pytest.mark.parametrize("header", SECRETS)
@pytest.mark.parametrize("url", ["127.0.0.1:9", "https://127.0.0.1:9?key=s3cr3t"])
def test_no_header_is_ever_printed(capsys, header, url, protocol):
    grpc = ["--grpc"] if protocol == "grpc" else []
    assert run(["health", url, "--verbose", "--timeout", "0.5", "--header", header, *grpc]) in (2, 3)
    assert "s3cr3t" not in "".join(capsys.readouterr())


def test_openssl_is_here():
    assert shutil.which("openssl")
