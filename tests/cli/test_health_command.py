"""``tk health`` as a user sees it, against a real server."""

from __future__ import annotations

import json
import shutil
import socket
import threading

import pytest
from running_server import MODELS, address, serving

from triton_kit.cli import run
from triton_kit.client.transport import Transport


@pytest.fixture(params=["http", "grpc"])
def protocol(request) -> str:
    return request.param


def health(capsys, server, protocol: str, *args: str) -> tuple[int, str, str]:
    code = run(["health", address(server, protocol), *(["--grpc"] if protocol == "grpc" else []), *args])
    return code, *capsys.readouterr()


def manage(server, verb: str, model: str) -> None:
    from triton_kit.client.address import parse_address

    transport = Transport(parse_address(server.endpoints.http), headers={}, timeout=60)
    transport.request("POST", f"/v2/repository/models/{model}/{verb}", b"{}")
    transport.close()


def test_a_healthy_server_is_shown_model_by_model(server, capsys, protocol):
    code, out, err = health(capsys, server, protocol)
    assert code == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("server      triton 2.51.0 (24.10) at ")
    assert lines[1].split() == ["live", "yes"]
    assert lines[2].split() == ["ready", "yes"]
    assert lines[3].startswith("round trip  ")
    rows = {line.split()[0]: line.split()[1:] for line in lines[lines.index("") + 2 :]}
    assert rows["pair"] == ["1", "ready"]
    assert rows["broken"] == ["-", "unloaded"]


def test_the_json_has_the_documented_keys(server, capsys, protocol):
    code, out, _ = health(capsys, server, protocol, "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["version"] == 1
    assert set(found) == {
        "version", "url", "protocol", "live", "ready", "round_trip_ms", "server", "models", "unlisted",
    }  # fmt: skip
    assert set(found["server"]) == {"name", "version", "release", "extensions"}
    assert {
        "name": "pair", "version": "1", "state": "READY", "ready": True, "counts": True, "reason": "",
    } in found["models"]  # fmt: skip


def test_a_model_that_is_not_there_is_not_ready(server, capsys, protocol):
    assert health(capsys, server, protocol, "--model", "pair")[0] == 0
    assert health(capsys, server, protocol, "--model", "pair", "--model-version", "1")[0] == 0
    code, out, _ = health(capsys, server, protocol, "--model", "pair", "--model-version", "2")
    assert code == 1
    assert "no such version" in out
    code, out, _ = health(capsys, server, protocol, "-m", "pair", "-m", "pear", "-m", "broken")
    assert code == 1
    assert "no such model" in out
    assert "unloaded" in out


def test_waiting_ends_in_time_and_says_what_for(server, capsys, protocol):
    code, _, err = health(capsys, server, protocol, "--wait", "--timeout", "0.6", "--model", "broken")
    assert code == 1
    assert err.splitlines() == ["waiting for broken", "not ready after 0.6 s: waited for broken"]
    assert health(capsys, server, protocol, "--wait", "--quiet")[::2] == (0, "")


@pytest.mark.parametrize("wait", [(), ("--wait",)])
def test_nobody_there_ends_with_3(capsys, protocol, wait):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    grpc = ["--grpc"] if protocol == "grpc" else []
    assert run(["health", f"127.0.0.1:{port}", "--timeout", "0.6", *grpc, *wait]) == 3
    assert "nothing listens at" in capsys.readouterr().err


@pytest.mark.parametrize("args", [["ftp://x"], ["--timeout", "0"], ["--timeout", "nan"], ["--model-version", "1"]])
def test_what_cannot_be_meant_ends_with_2(capsys, args):
    assert run(["health", *args]) == 2
    assert "hint" in capsys.readouterr().err


def test_states_are_followed_as_models_fail_are_unloaded_and_come_back(tmp_path, embedded, capsys, protocol):
    for name in ("angry", "pair", "broken"):
        shutil.copytree(MODELS / name, tmp_path / name)
    with serving(embedded, tmp_path, "angry", "pair") as server:
        manage(server, "load", "broken")
        code, out, _ = health(capsys, server, protocol)
        assert code == 1
        assert "the weights are missing" in out
        # What was asked for is ready, whatever else failed.
        assert health(capsys, server, protocol, "--model", "pair")[0] == 0
        manage(server, "unload", "angry")
        code, out, _ = health(capsys, server, protocol, "--model", "angry")
        assert code == 1
        assert "unload" in out  # it takes a moment from unloading to unloaded
        timer = threading.Timer(0.5, manage, (server, "load", "angry"))
        timer.start()
        code, _, err = health(capsys, server, protocol, "--model", "angry", "--wait", "--timeout", "60")
        timer.join()
        assert code == 0
        assert "waiting for angry" in err
