"""A repository of many models: judged by several processes, and no different for it."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
from pathlib import Path

import pytest

from triton_kit import lint
from triton_kit.linter import engine, parallel
from triton_kit.linter.options import options
from triton_kit.model.model import Model


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every repository is one of many models, on a machine with processors; the forks made are counted."""
    made: list[int] = []
    fork = os.fork

    def counted() -> int:
        pid = fork()
        if pid:
            made.append(pid)
        return pid

    monkeypatch.setattr(engine, "MANY", 1)
    monkeypatch.setattr(parallel, "_processors", lambda: 3)
    monkeypatch.setattr(os, "fork", counted)
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Good and bad models, and ensembles that use good ones, bad ones, missing ones, and each other in a ring."""
    pick = random.Random(7)
    for i in range(120):
        folder = tmp_path / f"m{i:03}"
        (folder / "1").mkdir(parents=True)
        if i % 7 == 0:
            steps = " ".join(
                f'step {{ model_name: "m{n:03}" model_version: -1 input_map {{ key: "x" value: "x" }} '
                'output_map { key: "y" value: "y" } }'
                for n in (pick.randrange(125), (i + 7) % 126)
            )
            text = (
                'platform: "ensemble"\ninput { name: "x" data_type: TYPE_FP32 dims: 4 }\n'
                f'output {{ name: "y" data_type: TYPE_FP32 dims: 4 }}\nensemble_scheduling {{ {steps} }}\n'
            )
        else:
            size = pick.choice((0, 8, -1))
            text = f'backend: "python"\nmax_batch_size: {size}\ninput {{ name: "x" data_type: TYPE_FP32 dims: 4 }}\n'
            text += 'output { name: "y" data_type: TYPE_FP32 dims: 4 }\n' if i % 5 else "# tk: ignore[nothing]\n"
            (folder / "1" / "model.py").write_text(
                "class TritonPythonModel:\n    def execute(self, r):\n        pass\n"
            )
        (folder / "config.pbtxt").write_text(text)
    return tmp_path


def alone(repository: Path, monkeypatch: pytest.MonkeyPatch) -> engine.Report:
    with monkeypatch.context() as patch:
        patch.setattr(engine, "MANY", 10**9)
        return lint(repository)


def test_several_processes_say_what_one_says(
    repository: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = alone(repository, monkeypatch)
    assert not forks
    found = lint(repository)
    assert len(forks) == 2
    assert len(expected.models) == 120
    assert found == expected
    assert found.sources == expected.sources
    assert list(found.sources) == list(expected.sources)


def test_a_helper_that_is_killed_costs_time_and_nothing_else(
    repository: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = alone(repository, monkeypatch)
    take = parallel._take

    def die(*given: object) -> None:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        take(*given)  # type: ignore[arg-type]

    parent = os.getpid()
    monkeypatch.setattr(parallel, "_take", die)
    assert lint(repository) == expected
    assert len(forks) == 2


def assert_gone(pids: list[int]) -> None:
    """Each of these children has ended, and its end was taken note of."""
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def test_a_failure_is_raised_once_and_leaves_no_process(forks: list[int]) -> None:
    def work(i: int) -> int:
        if i == 5:
            raise ValueError("five")
        return i

    with pytest.raises(ValueError, match="five"):
        parallel.in_pieces(20, work)
    assert len(forks) == 2
    assert_gone(forks)


def test_an_interrupt_leaves_no_process(forks: list[int]) -> None:
    parent = os.getpid()

    def work(i: int) -> int:
        if i and os.getpid() == parent:
            raise KeyboardInterrupt
        if i:
            signal.pause()
        return i

    with pytest.raises(KeyboardInterrupt):
        parallel.in_pieces(20, work)
    assert forks
    assert_gone(forks)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40])
def test_pieces_come_back_in_order(count: int, forks: list[int]) -> None:
    assert parallel.in_pieces(count, lambda i: i * i) == [i * i for i in range(count)]


def test_a_program_with_threads_is_not_forked(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise AssertionError("forked beside a thread")

    monkeypatch.setattr(engine, "MANY", 1)
    monkeypatch.setattr(os, "fork", refuse)
    stop = threading.Event()
    beside = threading.Thread(target=stop.wait)
    beside.start()
    try:
        assert lint(repository).models
    finally:
        stop.set()
        beside.join()


def test_where_no_process_can_be_started_one_does_it_all(
    repository: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise OSError("no more processes")

    expected = alone(repository, monkeypatch)
    monkeypatch.setattr(os, "fork", refuse)
    assert lint(repository) == expected


def test_what_was_read_of_many_models_is_let_go(repository: Path, forks: list[int]) -> None:
    run = engine.Run(options())
    place = run.repository(str(repository))
    run.outcome((place, "m001"), forgetting=True)
    assert not place._models


def test_a_model_that_vanishes_while_others_are_judged_is_left_out(
    repository: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    judged = engine.Run.outcome

    def remove(self: engine.Run, place: engine.ModelKey, *, forgetting: bool = False) -> object:
        shutil.rmtree(repository / "m119", ignore_errors=True)
        return judged(self, place, forgetting=forgetting)

    monkeypatch.setattr(engine.Run, "outcome", remove)
    assert "m119" not in lint(repository).models


def test_models_that_cannot_be_read_are_let_go_like_others(tmp_path: Path) -> None:
    for backend, name in (
        ("onnxruntime", "model.onnx"), ("pytorch", "model.pt"), ("tensorflow", "model.savedmodel/saved_model.pb"),
        ("python", "model.py"), ("tensorrt", "model.plan"), ("openvino", "model.xml"),
    ):  # fmt: skip
        path = tmp_path / backend / "1" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"def (")
        (tmp_path / backend / "config.pbtxt").write_text(f'backend: "{backend}"\ninput [')
        (tmp_path / backend / "labels.txt").symlink_to("labels.txt")
    run = engine.Run(options())
    place = run.repository(str(tmp_path))
    gc.collect()
    gc.disable()
    try:
        for name in place.names:
            outcome = run.outcome((place, name), forgetting=True)
            assert outcome is not None
            assert outcome.refusal is not None
        assert not [held for held in gc.get_objects() if isinstance(held, Model)]
    finally:
        gc.enable()
    lint(tmp_path)
    gc.collect()
    assert not [held for held in gc.get_objects() if isinstance(held, Model)]
