"""What tk serve shows beside the server's own lines."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.cli.support import held_log
from triton_kit.cli.support.serve_output import TextBoard
from triton_kit.client.model_control import ControlResult
from triton_kit.errors import ProblemsFound
from triton_kit.runtime.serve_plan import ServePlan, ServeRequest, plan_server
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.process_identity import born
from triton_kit.runtime.state.registry import Running
from triton_kit.runtime.types import Endpoints
from triton_kit.serve.watch import ModelChange

USUAL = "I1128 10:00:00.000000 1 model_lifecycle.cc:1] loading: m:1"
HEAD = "1128 10:00:00.000000 1 model_lifecycle.cc:1]"
TROUBLE = f"E{HEAD} failed to load 'm' version 1: Internal: ModuleNotFoundError: No module named 'x'"


def plan(repository: Path, *, watch: bool) -> ServePlan:
    return plan_server(
        ServeRequest(
            repository=repository, runtime="local", http_port=0, grpc_port=0, metrics_port=0, gpus="none", watch=watch
        ),
        environment={},
    )


def changed(error: str | None) -> ModelChange:
    failure = None if error is None else ProblemsFound(error)
    return ModelChange(verb="reload", outcome=ControlResult(model="m", versions=(), seconds=0.1, error=failure))


def test_while_it_is_watched_the_servers_lines_come_with_a_reload_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = TextBoard()
    board.starting(plan(tmp_path, watch=True))
    capsys.readouterr()
    board.log(USUAL)
    board.idle()
    board.changed(changed(None))
    said = capsys.readouterr()
    assert (said.out.count("\n"), said.err) == (1, ""), "one line for a reload that worked"
    board.log(USUAL)
    board.log(TROUBLE)
    board.idle()
    assert capsys.readouterr().err == "", "it waits for the reload that it belongs to"
    board.changed(changed("it is broken"))
    said = capsys.readouterr()
    assert said.err.startswith("error: m did not reload: it is broken\n")
    assert said.err.endswith(f"  | {USUAL}\n  | {TROUBLE}\n")
    board.changed(changed("once more"))
    assert "|" not in capsys.readouterr().err, "a line is shown once"


def test_a_problem_that_no_reload_explains_is_shown_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = TextBoard()
    board.starting(plan(tmp_path, watch=True))
    board.log(USUAL)
    monkeypatch.setattr(held_log, "PATIENCE", -1.0)
    board.idle()
    assert USUAL not in capsys.readouterr().err
    board.log(TROUBLE)
    board.idle()
    said = capsys.readouterr().err
    assert f"{USUAL}\n{TROUBLE}\n" in said
    assert "= help: " in said


def test_without_watching_every_line_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = TextBoard()
    board.starting(plan(tmp_path, watch=False))
    board.log(USUAL)
    assert f"{USUAL}\n" in capsys.readouterr().err


def test_ctrl_c_is_answered_with_what_happens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    TextBoard().stopping()
    said = capsys.readouterr().err
    assert "Ctrl-C again to force" in said
    assert len(said) <= 78, "with the ^C before it"


@pytest.mark.parametrize("gpus", ["none", "GPU-8c2a3f6e-1111-2222-3333-444455556666"])
def test_ps_fits_80_columns(gpus: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("tk-a-repository-with-a-name-that-is-long-3f9a2c", "b"):
        registry.record(
            Running(
                name=name,
                runtime="docker",
                repository=Path("/models"),
                release="24.10",
                image="nvcr.io/nvidia/tritonserver:24.10-py3",
                endpoints=Endpoints(
                    http="http://127.0.0.1:60001", grpc="127.0.0.1:60002", metrics="http://127.0.0.1:60003/metrics"
                ),
                started=time.time() - 90000,
                pid=os.getpid(),
                born=born(os.getpid()),
                gpus=gpus,
            )
        )
    assert run(["ps"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    said = "\n".join(lines)
    assert said.count("60001,60002,60003") == said.count("1d 1h") == 2
    assert (f"gpus {gpus}" in said) is (gpus != "none")
