"""Which models are said to have changed."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from triton_kit.errors import TkError
from triton_kit.serve.file_changes import changes


class Watched:
    """A repository that is watched in a thread."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.stop = threading.Event()
        self._told: queue.Queue[set[str]] = queue.Queue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self.settle()

    def _run(self) -> None:
        for names in changes(self.repository, self.stop):
            self._told.put(names)

    def settle(self) -> None:
        """Until a change of a model of its own is told, and with it that the watch stands."""
        self.more()

    def next(self) -> set[str]:
        """The next change, but for those that ``settle`` and ``more`` made."""
        while True:
            if names := self._told.get(timeout=60) - {"probe"}:
                return names

    def all_of(self, names: set[str]) -> set[str]:
        """What is told until all of these are: what happens at once may be told in two parts."""
        told = self.next()
        while not names <= told:
            told |= self.next()
        return told

    def more(self) -> list[set[str]]:
        """What is still told of what was done until now: changes are told in their order, so the probe's is the last.

        It is saved again and again, since the watch may not stand yet.
        """
        probe = self.repository / "probe"
        probe.mkdir(exist_ok=True)
        told: list[set[str]] = []
        for i in range(300):
            (probe / "f").write_text(str(i))
            try:
                while not told or "probe" not in told[-1]:
                    told.append(self._told.get(timeout=0.3))
                return [names - {"probe"} for names in told if names != {"probe"}]
            except queue.Empty:
                continue
        raise AssertionError("the watch does not stand")

    def end(self) -> None:
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    repository = tmp_path / "my models"
    (repository / "a.b-c" / "1").mkdir(parents=True)
    outside = tmp_path / "elsewhere"
    (outside / "1").mkdir(parents=True)
    (repository / "linked").symlink_to(outside)
    one = Watched(repository)
    yield one
    one.end()


def test_a_save_is_told_by_the_models_name(watched):
    (watched.repository / "a.b-c" / "1" / "model.py").write_text("x")
    assert watched.next() == {"a.b-c"}


def test_a_storm_of_saves_is_one_change(watched):
    # A machine that stops for a tenth of a second in the midst of a storm makes two of it, but not ten times in a row.
    for _ in range(10):
        for i in range(50):
            (watched.repository / "a.b-c" / "1" / "model.py").write_text(str(i))
            (watched.repository / "a.b-c" / "config.pbtxt").write_text(str(i))
        assert watched.next() == {"a.b-c"}
        more = watched.more()
        assert all(names == {"a.b-c"} for names in more)
        assert len(more) < 50
        if not more:
            return
    pytest.fail("no storm was one change")


def test_a_model_behind_a_link_is_watched_too(watched, tmp_path):
    (tmp_path / "elsewhere" / "1" / "model.py").write_text("x")
    assert watched.next() == {"linked"}


def test_a_link_that_comes_is_followed_from_then_on(watched, tmp_path):
    (tmp_path / "new" / "1").mkdir(parents=True)
    (watched.repository / "late").symlink_to(tmp_path / "new")
    assert watched.next() == {"late"}
    watched.settle()
    (tmp_path / "new" / "1" / "model.py").write_text("x")
    assert watched.next() == {"late"}


def test_what_is_saved_while_a_link_is_taken_up_is_told_too(tmp_path):
    repository, stop = tmp_path / "models", threading.Event()
    for name in ("a", "b", "new"):
        (repository / name if name != "new" else tmp_path / name).mkdir(parents=True)
    told = changes(repository, stop)
    over = threading.Event()

    def save() -> None:
        while not over.wait(0.1):
            (repository / "a" / "f").write_text("x")

    saving = threading.Thread(target=save)
    giving_up = threading.Timer(60, stop.set)
    saving.start()
    giving_up.start()
    try:
        assert next(told) == {"a"}
        over.set()
        saving.join()
        # Whoever is told is at work meanwhile: nobody looks.
        (repository / "late").symlink_to(tmp_path / "new")
        (repository / "b" / "f").write_text("x")
        found: set[str] = set()
        while not {"late", "b"} <= found:
            found |= next(told)
        assert found <= {"a", "b", "late"}
    finally:
        over.set()
        stop.set()
        giving_up.cancel()


def test_what_no_server_reads_is_no_change(watched):
    model = watched.repository / "a.b-c"
    (model / "1" / "__pycache__").mkdir()
    (model / "1" / "__pycache__" / "model.cpython-310.pyc").write_text("x")
    (model / "1" / ".model.py.swp").write_text("x")
    (model / "config.pbtxt~").write_text("x")
    (model / "model.yaml").write_text("x")
    (watched.repository / "README.md").write_text("x")
    assert watched.more() == []


def test_a_model_that_goes_or_comes_under_another_name_is_told(watched):
    (watched.repository / "a.b-c").rename(watched.repository / "other")
    assert watched.all_of({"a.b-c", "other"}) == {"a.b-c", "other"}
    watched.settle()
    shutil.rmtree(watched.repository / "other")
    assert watched.next() == {"other"}


def test_a_directory_that_is_not_there_cannot_be_watched(tmp_path):
    with pytest.raises(TkError, match="cannot be watched"):
        next(changes(tmp_path / "gone", threading.Event()))
