"""What is read out of a log, and what is believed of a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from free_ports import free_ports

from triton_kit.errors import TkError
from triton_kit.runtime import health
from triton_kit.runtime.log.events import Progress, last_words, read
from triton_kit.runtime.types import Endpoints

HEAD = "1122 22:50:22.684913 9053"


class Log:
    """A server that only has a log and an end: nothing answers on its port."""

    description = "embedded tritonserver"

    def __init__(self, lines: list[str], exit_code: int | None) -> None:
        port = free_ports()[0]
        self.endpoints = Endpoints(http=f"http://127.0.0.1:{port}", grpc="", metrics="")
        self.exit_code = exit_code
        self._lines = list(lines)

    def log(self) -> Iterator[str]:
        while self._lines:
            yield self._lines.pop(0)

    def stop(self, *, grace: float = 10.0) -> None:
        return


def watched(lines: list[str], exit_code: int | None, *models: str, timeout: float = 0.2) -> list[health.Snapshot]:
    return list(health.watch(Log(lines, exit_code), models=models, timeout=timeout))


def progress(*lines: str) -> Progress:
    taken = Progress()
    taken.take(lines)
    return taken


def test_a_line_is_taken_apart_with_and_without_quotes() -> None:
    quoted = read(f'E{HEAD} server.cc:241] "a \\"b\\"\\nc"')
    assert (quoted.level, quoted.source, quoted.text) == ("E", "server.cc", 'a "b"\nc')
    assert read(f"W{HEAD} server.cc:241] plain text").text == "plain text"
    assert read("SYS 3.11").level == ""


def test_states_follow_the_log() -> None:
    taken = progress(
        f'I{HEAD} model_lifecycle.cc:472] "loading: a:1"',
        f'I{HEAD} model_lifecycle.cc:472] "loading: b:2"',
        f"I{HEAD} model_lifecycle.cc:839] \"successfully loaded 'a'\"",
        f"E{HEAD} model_lifecycle.cc:642] \"failed to load 'b' version 2: Internal: no\\n\\nAt: x\"",
    )
    assert [event.state for event in taken.of("a")] == ["LOADING", "LOADED"]
    assert [(event.state, event.reason) for event in taken.of("b")] == [("UNAVAILABLE", "Internal: no\n\nAt: x")]


def test_a_config_that_does_not_parse_gets_the_parsers_words() -> None:
    taken = progress(
        "[libprotobuf ERROR /x/text_format.cc:337] Error parsing text-format inference.ModelConfig: 1:22: Message type "
        '"inference.ModelConfig" has no field named "foo".',
        f"E{HEAD} model_repository_manager.cc:1460] \"Poll failed for model directory 's': failed to read text proto "
        'from /r/s/config.pbtxt"',
    )
    assert taken.reason("s") == (
        "failed to read text proto from /r/s/config.pbtxt: 1:22: Message type "
        '"inference.ModelConfig" has no field named "foo".'
    )


def test_a_failure_that_only_names_the_model_is_its_reason_and_not_its_neighbours() -> None:
    taken = progress(
        f'E{HEAD} model_repository_manager.cc:703] "Invalid argument: ensemble e-1 contains models that are not '
        'available or ambiguous: gone"'
    )
    assert taken.reason("e-1").startswith("Invalid argument: ensemble e-1 contains")
    assert taken.reason("e") == ""


def test_a_server_that_dies_tells_its_last_words() -> None:
    with pytest.raises(health.ServerDied, match="embedded tritonserver ended with exit code 1 before") as caught:
        watched(["tritonserver: unrecognized option '--foo'", "Usage: tritonserver", "\t--model-error <x>"], 1, "m")
    assert caught.value.status == 1
    assert caught.value.exit_code == 3
    assert caught.value.log == ("tritonserver: unrecognized option '--foo'",)


def test_a_server_that_was_killed_tells_the_signal() -> None:
    with pytest.raises(health.ServerDied, match="was ended by signal 9"):
        watched([], -9, "m")


def test_a_server_that_ends_because_of_a_model_names_the_model_and_is_no_failure_of_tk() -> None:
    line = f"E{HEAD} model_lifecycle.cc:642] \"failed to load 'm' version 1: Internal: no\\n\\nAt: x\""
    with pytest.raises(health.NotReady, match=r"^m did not load, and the server ended with exit code 1") as caught:
        watched([line, "error: creating server: Internal - failed to load all models"], 1, "m", "n")
    assert caught.value.exit_code == 1
    assert caught.value.message.endswith("\n  m: Internal: no")


def test_a_server_that_waits_for_ever_is_given_up_naming_what_waits() -> None:
    lines = [
        f'I{HEAD} model_lifecycle.cc:472] "loading: a:1"',
        f"I{HEAD} model_lifecycle.cc:839] \"successfully loaded 'a'\"",
        "stub: error while loading shared libraries: libx.so: cannot open shared object file",
    ]
    with pytest.raises(health.NotReady, match=r"^a, b not ready after 0\.2 s") as caught:
        watched(lines, None, "a", "b")
    assert caught.value.exit_code == 1
    assert caught.value.log == (lines[2],)
    assert [(model.name, model.state) for model in caught.value.snapshot.models] == [("a", "LOADED"), ("b", "WAITING")]


def test_noise_about_missing_gpus_is_not_why_a_server_ended() -> None:
    lines = [
        f'E{HEAD} server.cc:241] "CudaDriverHelper has not been initialized."',
        "Error: Failed to initialize NVML",
        "error: creating server: Internal - failed to stat file /none",
    ]
    assert last_words(lines) == (lines[2],)


def test_nothing_is_believed_of_a_port_where_nothing_answers() -> None:
    endpoints = Log([], None).endpoints
    assert not health.live(endpoints)
    assert not health.ready(endpoints)
    assert not health.ready(endpoints, "m")
    with pytest.raises(TkError, match="does not answer"):
        health.index(endpoints)
