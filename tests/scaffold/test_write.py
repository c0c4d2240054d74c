"""Files that did not exist: all of them, or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from triton_kit.errors import ProblemsFound, TkError, UsageError
from triton_kit.files import stage as staging
from triton_kit.files.plan import Plan, PlannedFile, show
from triton_kit.files.write import replace_text, write, write_into


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "model_repository"
    place.mkdir()
    return place


def plan(repository: Path, *files: PlannedFile) -> Plan:
    return Plan(root=repository / "m", files=(PlannedFile(path="config.pbtxt", text="backend: 'x'\n"), *files))


def tree(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*")}


def test_a_plan_becomes_its_directory(repository: Path) -> None:
    write(plan(repository, PlannedFile(path="1/model.py", text="pass\n")))
    assert tree(repository.parent) == {
        "model_repository",
        "model_repository/m",
        "model_repository/m/1",
        "model_repository/m/1/model.py",
        "model_repository/m/config.pbtxt",
    }


def test_a_copied_file_and_its_source_are_two(repository: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.onnx"
    source.write_bytes(b"weights")
    write(plan(repository, PlannedFile(path="1/model.onnx", source=source)))
    source.write_bytes(b"changed")
    assert (repository / "m/1/model.onnx").read_bytes() == b"weights"


def test_a_linked_file_and_its_source_are_one(repository: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.onnx"
    source.write_bytes(b"weights")
    (tmp_path / "l.onnx").symlink_to(source)
    write(plan(repository, PlannedFile(path="1/model.onnx", source=tmp_path / "l.onnx", mode="link")))
    assert (repository / "m/1/model.onnx").samefile(source)
    assert not (repository / "m/1/model.onnx").is_symlink()


def test_a_moved_file_or_tree_leaves_its_place(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"weights")
    (tmp_path / "saved/variables").mkdir(parents=True)
    (tmp_path / "saved/variables/v").write_bytes(b"v")
    write(
        plan(
            repository,
            PlannedFile(path="1/model.onnx", source=tmp_path / "a.onnx", mode="move"),
            PlannedFile(path="1/model.savedmodel", source=tmp_path / "saved", mode="move"),
        )
    )
    assert (repository / "m/1/model.onnx").read_bytes() == b"weights"
    assert (repository / "m/1/model.savedmodel/variables/v").read_bytes() == b"v"
    assert tree(tmp_path) & {"a.onnx", "saved"} == set()


def test_a_move_across_file_systems_arrives_before_it_leaves(repository: Path) -> None:
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK) or shm.stat().st_dev == repository.stat().st_dev:
        pytest.skip("needs a second file system")
    source = shm / f"tk-test-{os.getpid()}.onnx"
    source.write_bytes(b"weights")
    try:
        with pytest.raises(TkError, match="it is on another file system"):
            write(plan(repository, PlannedFile(path="1/model.onnx", source=source, mode="link")))
        assert source.exists()
        write(plan(repository, PlannedFile(path="1/model.onnx", source=source, mode="move")))
        assert (repository / "m/1/model.onnx").read_bytes() == b"weights"
        assert not source.exists()
    finally:
        source.unlink(missing_ok=True)


def test_an_occupied_directory_is_refused_with_what_is_there(repository: Path) -> None:
    (repository / "m").mkdir()
    (repository / "m" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match=r"exists already, with mine\.txt"):
        write(plan(repository))
    assert tree(repository) == {"m", "m/mine.txt"}


def test_a_file_in_the_way_is_refused(repository: Path) -> None:
    (repository / "m").write_text("x")
    with pytest.raises(UsageError, match="exists and is not a directory"):
        write(plan(repository))
    assert (repository / "m").read_text() == "x"


def test_an_empty_directory_is_not_in_the_way(repository: Path) -> None:
    (repository / "m").mkdir()
    write(plan(repository))
    assert tree(repository) == {"m", "m/config.pbtxt"}


def test_a_model_that_appears_meanwhile_is_not_overwritten(repository: Path) -> None:
    def other(_: Path) -> None:
        (repository / "m").mkdir()
        (repository / "m" / "theirs").write_text("x")

    with pytest.raises(UsageError, match="exists already, with theirs"):
        write(plan(repository), other)
    assert tree(repository.parent) == {"model_repository", "model_repository/m", "model_repository/m/theirs"}


def test_of_many_at_once_one_wins_and_it_is_whole(repository: Path) -> None:
    refused: list[str] = []

    def attempt(text: str) -> None:
        try:
            write(
                Plan(root=repository / "m", files=(PlannedFile(path="a", text=text), PlannedFile(path="b", text=text)))
            )
        except UsageError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=attempt, args=(str(i),)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 11
    assert (repository / "m/a").read_text() == (repository / "m/b").read_text()
    assert tree(repository.parent) == {"model_repository"} | {f"model_repository/{n}" for n in ("m", "m/a", "m/b")}


def test_what_the_check_refuses_leaves_nothing(repository: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.onnx"
    source.write_bytes(b"weights")

    def check(staged: Path) -> None:
        assert (staged / "config.pbtxt").is_file()
        raise ProblemsFound("no")

    with pytest.raises(ProblemsFound):
        write(plan(repository, PlannedFile(path="1/model.onnx", source=source, mode="move")), check)
    assert tree(tmp_path) == {"model_repository", "a.onnx"}


def test_a_missing_source_leaves_nothing(repository: Path) -> None:
    with pytest.raises(TkError, match="no such file"):
        write(plan(repository, PlannedFile(path="1/x", source=repository / "nothing")))
    assert tree(repository.parent) == {"model_repository"}


def test_a_directory_that_cannot_be_written_says_so(repository: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    repository.chmod(0o500)
    try:
        with pytest.raises(TkError, match="permission denied"):
            write(plan(repository))
    finally:
        repository.chmod(0o700)


FULL = """
import resource, signal, sys
from pathlib import Path
from triton_kit.errors import TkError
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.files.write import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
files = (PlannedFile(path="a", text="x"), PlannedFile(path="b", source=Path(sys.argv[2])))
try:
    write(Plan(root=Path(sys.argv[1]) / "m", files=files))
except TkError as error:
    print(error.message)
"""


def test_a_file_that_grows_too_large_leaves_nothing(repository: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.onnx"
    source.write_bytes(bytes(5000))
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(repository), str(source)], capture_output=True, text=True, check=True
    )
    assert "m cannot be written: file too large" in done.stdout
    assert tree(repository) == set()
    assert tree(tmp_path) == {"model_repository", "a.onnx"}


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system")
    try:
        repository = place / "repository"
        repository.mkdir()
        source = tmp_path / "a.onnx"
        source.write_bytes(bytes(200_000))
        with pytest.raises(TkError, match="m cannot be written: no space left on device") as caught:
            write(plan(repository, PlannedFile(path="1/model.onnx", source=source)))
        assert caught.value.hint
        assert tree(place) == {"repository"}
        config = repository / "config.pbtxt"
        config.write_text("old")
        with pytest.raises(TkError, match="no space left"):
            replace_text(config, "x" * 200_000)
        assert config.read_text() == "old"
        assert tree(place) == {"repository", "repository/config.pbtxt"}
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_where_the_repository_is_a_mount_the_stage_is_inside_and_goes(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system")
    try:
        write(plan(place))
        assert tree(place) == {"m", "m/config.pbtxt"}
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_the_stage_lies_beside_the_repository_never_in_it(repository: Path) -> None:
    def look(staged: Path) -> None:
        assert repository not in staged.parents
        assert tree(repository) == set()

    write(plan(repository), look)


def test_a_stage_whose_process_was_killed_is_removed_by_the_next(repository: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom triton_kit.files.stage import stage\n"
        "with stage(Path(sys.argv[1])) as place:\n"
        "    (place / 'x').write_text('x')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(repository)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert any(name.startswith(staging.PREFIX) for name in tree(repository.parent))
    write(plan(repository))
    assert not any(name.startswith(staging.PREFIX) for name in tree(repository.parent))


def test_the_stage_of_a_living_process_stays(repository: Path) -> None:
    with staging.stage(repository) as place:
        (place / "x").write_text("x")
        write(plan(repository))
        assert (place / "x").read_text() == "x"


def test_what_only_looks_like_a_stage_but_is_a_link_stays(repository: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "data").write_text("x")
    (tmp_path / f"{staging.PREFIX}abc").symlink_to(mine)
    write(plan(repository))
    assert (mine / "data").read_text() == "x"


def test_replacing_keeps_the_mode_and_follows_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.pbtxt"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "config.pbtxt").symlink_to(real)
    replace_text(tmp_path / "config.pbtxt", "new")
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "config.pbtxt").is_symlink()
    assert tree(tmp_path) == {"real.pbtxt", "config.pbtxt"}


def test_writing_into_a_directory_leaves_the_rest_alone(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write_into(Plan(root=tmp_path, files=(PlannedFile(path="a", text="a"), PlannedFile(path="d/b", text="b"))))
    assert tree(tmp_path) == {"src", "a", "d", "d/b"}


def test_writing_into_a_directory_names_all_that_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    (tmp_path / "d").mkdir()
    with pytest.raises(UsageError, match="is occupied: a, d are in the way"):
        write_into(Plan(root=tmp_path, files=(PlannedFile(path="a", text="a"), PlannedFile(path="d/b", text="b"))))
    assert tree(tmp_path) == {"a", "d"}


def test_writing_into_a_directory_takes_back_what_it_did_when_something_fails(tmp_path: Path) -> None:
    def late(_: Path) -> None:
        (tmp_path / "z").write_text("mine")

    with pytest.raises(UsageError, match="z is in the way"):
        write_into(Plan(root=tmp_path, files=(PlannedFile(path="a", text="a"), PlannedFile(path="z", text="z"))), late)
    assert tree(tmp_path) == {"z"}
    assert (tmp_path / "z").read_text() == "mine"


def test_a_plan_is_shown_as_a_tree_and_its_texts(repository: Path) -> None:
    shown = show(plan(Path("r"), PlannedFile(path="1/model.onnx", source=Path("a.onnx"), mode="link")))
    assert shown.splitlines() == [
        "r/m/",
        "├── 1/",
        "│   └── model.onnx  (hard link to a.onnx)",
        "└── config.pbtxt",
        "",
        "--- config.pbtxt",
        "backend: 'x'",
    ]
