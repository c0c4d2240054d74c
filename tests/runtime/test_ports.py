"""The ports that a server gets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.ports import choose


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_zero_gives_three_different_free_ports() -> None:
    ports = choose("127.0.0.1", 0, 0, 0)
    assert len(set(ports)) == 3
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_given_ports_are_kept() -> None:
    given = choose("127.0.0.1", 0, 0, 0)
    assert choose("127.0.0.1", *given) == given
    assert choose("127.0.0.1", given[0], 0, 0)[0] == given[0]


def test_a_port_in_use_is_named_with_its_program_and_what_to_do(taken: int) -> None:
    with pytest.raises(TkError, match=rf"^port {taken} is in use by .+ \(pid {os.getpid()}\)$") as caught:
        choose("127.0.0.1", 0, taken, 0)
    assert caught.value.exit_code == 3
    assert caught.value.hint == "take three free ports with --ports auto, or another one with --grpc-port"


def test_a_port_in_use_on_another_address_is_free_here() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        port = server.getsockname()[1]
        assert choose("127.0.0.1", port, 0, 0)[0] == port


def test_a_port_that_all_addresses_use_is_in_use_here() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(TkError, match="is in use"):
        choose("127.0.0.1", server.getsockname()[1], 0, 0)


def test_a_port_whose_last_connections_linger_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the side that closes first is left in TIME_WAIT
    assert choose("127.0.0.1", port, 0, 0)[0] == port


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_a_usage_error(port: int) -> None:
    with pytest.raises(UsageError, match=f"--http-port {port} is not a TCP port"):
        choose("127.0.0.1", port, 0, 0)


def test_the_same_port_twice_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--metrics-port 8000 is also --http-port"):
        choose("127.0.0.1", 8000, 8001, 8000)


def test_an_address_of_another_machine_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1 is not an address of this machine"):
        choose("192.0.2.1", 0, 0, 0)
