"""What the client says of servers that are absent, mute, mad or dying."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from running_server import MODELS, address, serving

from triton_kit.client import Inference, connect
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.request import describe
from triton_kit.errors import TkError, UsageError

REQUEST = Inference(model="m", inputs={"x": np.zeros(1, np.float32)})


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that treats each connection with ``serve``; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def treat(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                serve(connection)

        def accept() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def answering(data: bytes) -> Callable[[socket.socket], None]:
    """Read a little, send this, close."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return serve


def http(body: bytes, *, status: str = "200 OK", kind: str = "application/json", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode() + body


def tensor(datatype: str, shape: list[int], size: int) -> bytes:
    return json.dumps(
        {"outputs": [{"name": "y", "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}]}
    ).encode()


def binary(head: bytes, length: int | str, data: bytes = b"") -> bytes:
    """An inference's answer with tensors behind its JSON, which claims to take ``length`` bytes (0: what it takes)."""
    said = f"Inference-Header-Content-Length: {length or len(head)}"
    plain = http(head + data, kind="application/octet-stream")
    return plain.replace(b"\r\n", f"\r\n{said}\r\n".encode(), 1)


def mute(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def trickle(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def failure(port: int, *, grpc: bool = False, timeout: float = 0.5) -> TkError:
    with connect(f"127.0.0.1:{port}", grpc=grpc, timeout=timeout) as client, pytest.raises(TkError) as error:
        client.server_metadata()
    return error.value


def refusal(ask: Callable[[], object]) -> NoAnswer:
    with pytest.raises(NoAnswer) as error:
        ask()
    return error.value


@pytest.mark.parametrize("grpc", [False, True])
def test_a_port_where_nobody_listens_is_said_to_be_so(grpc):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    error = failure(port, grpc=grpc, timeout=5)
    assert isinstance(error, NoAnswer)
    assert error.exit_code == 3
    assert "nothing listens at" in error.message
    assert "tk serve" in error.hint


@pytest.mark.parametrize("grpc", [False, True])
def test_a_server_that_never_answers_costs_no_more_than_the_time_limit(grpc):
    with listening(mute) as port:
        error = failure(port, grpc=grpc)
    assert isinstance(error, NoAnswer)
    assert "did not answer within 0.5 s" in error.message


def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_the_client_for_ever():
    with listening(trickle) as port:
        assert "did not answer within 0.5 s" in failure(port).message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"", "closed the connection without a complete answer"),
        (http(b"<html>404</html>", status="404 Not Found", kind="text/html"), "404 Not Found with text/html"),
        (http(b"<html>hello</html>", kind="text/html"), "does not answer as an inference server does"),
        (http(b'"a string"'), "does not answer as an inference server does"),
        (http(b'{"name": "trit', length=1000), "closed the connection without a complete answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000, "does not speak HTTP"),
    ],
    ids=["ssh", "nothing", "html-404", "html-200", "a-string", "cut-off", "endless-header"],
)
def test_what_is_no_inference_server_is_told_apart(answer, said):
    with listening(answering(answer)) as port:
        error = failure(port, timeout=5)
    assert isinstance(error, NoAnswer)
    assert said in error.message
    assert error.hint


def test_an_error_of_a_proxy_is_no_answer_and_names_its_status():
    with listening(answering(http(b"<html>", status="503 Service Unavailable", kind="text/html"))) as port:
        assert "503 Service Unavailable" in failure(port).message


@pytest.mark.parametrize(
    "answer",
    [
        http(b"not json"),
        http(b"[]"),
        http(b'{"outputs": [{"name": "y", "datatype": "FP32", "shape": [9], "parameters": {"binary_data_size": 36}}]}'),
        http(b'{"outputs": [{"name": "y", "datatype": "FP99", "shape": [1], "data": [1]}]}'),
        http(b'{"outputs": [{"name": "y"}]}'),
        http(b'{"outputs": [{"name": 1, "datatype": "FP32", "shape": [1], "data": [1]}]}'),
        http(b'{"outputs": [{"name": "y", "datatype": "FP32", "shape": [-1], "data": [1]}]}'),
        http(b'{"outputs": [{"name": "y", "datatype": "FP32", "shape": 1, "data": [1]}]}'),
        http(b'{"outputs": [{"name": "y", "datatype": "FP32", "shape": [2], "data": [1]}]}'),
        http(b'{"outputs": [{"name": "y", "datatype": "INT8", "shape": [1], "data": [300]}]}'),
        http(b'{"outputs": [{"name": "y", "datatype": "INT8", "shape": [1], "data": [{}]}]}'),
        http(b'{"outputs": {"y": 1}}'),
        http(b'{"outputs": [{"name": "y", "datatype": "FP32", "shape": [0], "parameters": {"binary_data_size": -4}}]}'),
        binary(b'{"outputs": []', 99),
        binary(b"{}", -1),
        binary(b"{}", "x"),
        binary(tensor("FP32", [2], 8), 0, b"\0" * 7),
        binary(tensor("FP32", [2], 4), 0, b"\0" * 8),
        binary(tensor("BYTES", [1], 6), 0, b"\5\0\0\0ab"),
        binary(tensor("BYTES", [1], 2), 0, b"\5\0"),
        binary(tensor("BF16", [2], 3), 0, b"\0" * 3),
    ],
    ids=[
        "not-json", "a-list", "no-binary-data", "no-such-type", "no-type", "name-1", "shape-minus-1", "shape-1",
        "too-few", "int8-300", "int8-an-object", "outputs-an-object", "size-minus-4", "head-cut-off", "length-minus-1",
        "length-x", "7-bytes-of-8", "8-bytes-of-4", "string-cut-off", "string-without-length", "bf16-of-3-bytes",
    ],
)  # fmt: skip
def test_an_inference_that_cannot_be_read_is_no_answer(answer):
    with listening(answering(answer)) as port, connect(f"127.0.0.1:{port}", timeout=5) as client:
        assert "cannot be read" in refusal(lambda: client.infer(REQUEST)).message


def test_outputs_in_json_are_read_as_well_as_binary_ones():
    body = b'{"model_name": "m", "model_version": "1", "outputs": ['
    body += b'{"name": "y", "datatype": "INT64", "shape": [2], "data": [0, 9007199254740993]},'
    body += '{"name": "s", "datatype": "BYTES", "shape": [1, 1], "data": ["é"]}]}'.encode()
    with listening(answering(http(body))) as port, connect(f"127.0.0.1:{port}", timeout=5) as client:
        outputs = client.infer(REQUEST).outputs
    assert outputs["y"].tolist() == [0, 9007199254740993]
    assert outputs["s"].tolist() == [["é".encode()]]


def test_the_wrong_protocol_is_recognised_on_both_ports(server):
    with connect(address(server, "grpc"), timeout=5) as client, pytest.raises(NoAnswer) as error:
        client.live()
    assert "--grpc" in error.value.hint
    with connect(address(server, "http"), grpc=True, timeout=5) as client, pytest.raises(NoAnswer) as error:
        client.live()
    assert "leave --grpc out" in error.value.hint


def test_tls_to_a_server_without_it_is_said_to_be_so(server):
    with connect(address(server, "http").replace("http:", "https:"), timeout=5) as client:
        assert "does not speak TLS" in refusal(client.live).message


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_server_that_dies_in_the_middle_of_a_request_is_no_answer(tmp_path, embedded, protocol):
    shutil.copytree(MODELS / "sleepy", tmp_path / "sleepy")
    with serving(embedded, tmp_path, "sleepy") as server:
        request = Inference(model="sleepy", inputs={"SECONDS": np.array([30.0])})
        with connect(address(server, protocol), grpc=protocol == "grpc", timeout=60) as client:
            killer = threading.Timer(0.5, os.kill, (server.pid, signal.SIGKILL))
            killer.start()
            with pytest.raises(NoAnswer, match="closed the connection without a complete answer"):
                client.infer(request)
            killer.join()


def test_closing_a_client_ends_what_is_in_flight():
    with listening(mute) as port:
        client = connect(f"127.0.0.1:{port}", timeout=60)
        threading.Timer(0.3, client.close).start()
        with pytest.raises(NoAnswer):
            client.live()


def test_a_model_that_was_unloaded_is_refused_and_a_client_survives_it(tmp_path, embedded):
    shutil.copytree(MODELS / "angry", tmp_path / "angry")
    with serving(embedded, tmp_path, "angry") as server, connect(address(server, "http"), timeout=30) as client:
        asked = Inference(model="angry", inputs={"IN": np.array([1], np.int32)})
        assert client.infer(asked).outputs["OUT"].tolist() == [1]
        client._transport.request("POST", "/v2/repository/models/angry/unload", b"{}").check(client.url)
        with pytest.raises(ServerError, match="angry"):
            client.infer(asked)
        assert client.live()


@pytest.mark.parametrize("name", ["", "a b", "x:y", "é"])
def test_a_header_that_cannot_be_sent_is_refused_before_anything_is(name):
    with pytest.raises(UsageError):
        connect("127.0.0.1", headers={name: "x"})
    with pytest.raises(UsageError):
        connect("127.0.0.1", headers={"x": "a\r\nEvil: 1"})


def test_a_model_without_metadata_is_told_by_its_own_error_where_the_index_is_not_given():
    def refusing(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        what = b"index" if b"/repository/index" in asked else b"metadata"
        body = b'{"error": "no ' + what + b' today"}'
        head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        connection.sendall(head + b"Connection: close\r\n\r\n" + body)

    with (
        listening(refusing) as port,
        connect(f"http://127.0.0.1:{port}") as client,
        pytest.raises(ServerError, match="no metadata today"),
    ):
        describe(client, "m", "")
