"""What tk knows of the servers that it started, and what it makes of files that lie."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from triton_kit.errors import TkError, UsageError
from triton_kit.repository.release import release
from triton_kit.runtime.container import user
from triton_kit.runtime.restricted_endpoints import closing_flags, mask_secrets, opening_headers
from triton_kit.runtime.state import files, registry
from triton_kit.runtime.state.process_identity import alive, born
from triton_kit.runtime.state.registry import Running, find, forget, headers_for, record, reserve, servers
from triton_kit.runtime.types import Endpoints

TOKEN = {"triton-kit-token": "sesame"}


@pytest.fixture
def process() -> Iterator[int]:
    """The number of a process that runs."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        yield sleeper.pid
        sleeper.kill()


def server(name: str, pid: int | None, *, port: int = 8000, **changes: object) -> Running:
    values: dict[str, object] = {"headers": dict(TOKEN), "born": born(pid) if pid else None, **changes}
    return Running(
        name=name,
        runtime="local",
        repository=Path("/models here"),
        release="24.10",
        image=None,
        endpoints=Endpoints(
            http=f"http://127.0.0.1:{port}", grpc="127.0.0.1:8001", metrics="http://127.0.0.1:8002", headers=TOKEN
        ),
        started=1.5,
        pid=pid,
        **values,  # type: ignore[arg-type]
    )


def names() -> list[str]:
    return [one.name for one in servers()]


def test_what_is_recorded_is_found_whole_until_it_is_forgotten(process: int) -> None:
    one = server("one", process, log=Path("/x/log"), leftovers=("/tmp/none*",), again={"wish": {"env": ["A"]}})
    record(one)
    assert servers() == (one,)
    assert find() == find("one") == one
    forget("one")
    forget("one")
    assert servers() == ()


def test_only_its_user_may_read_what_holds_a_token(process: int) -> None:
    record(server("one", process))
    assert stat.S_IMODE(files.servers_dir().stat().st_mode) == 0o700
    assert stat.S_IMODE(files.path_of("one").stat().st_mode) == 0o600
    assert [p.name for p in files.servers_dir().iterdir() if p.name.startswith(".tk")] == []


def test_a_label_that_others_may_read_holds_no_token(process: int) -> None:
    text = registry.label(server("one", process, metadata={"x": "sesame"}))
    assert "sesame" not in text
    assert "\n" not in text


def test_the_one_that_is_meant_must_be_named_when_there_are_several(process: int) -> None:
    with pytest.raises(UsageError, match="no server that tk started is running"):
        find()
    for name in ("one", "two"):
        record(server(name, process))
    with pytest.raises(UsageError, match="2 servers are running, and none was named") as error:
        find()
    assert error.value.hint == "name one of: one, two"
    with pytest.raises(UsageError, match="three is not a server that tk started") as error:
        find("three")
    assert "one, two" in (error.value.hint or "")


def test_an_entry_of_a_dead_or_reused_process_number_is_swept_with_its_leftovers(process: int, tmp_path: Path) -> None:
    left = tmp_path / "shm_1"
    left.touch()
    with subprocess.Popen(["true"]) as ended:
        mark = born(os.getpid())
    record(server("dead", ended.pid, born=mark, detached=True))
    record(server("shown", ended.pid, born=mark))
    record(server("reused", process, born="another boot:12", detached=True, leftovers=(f"{tmp_path}/shm_*",)))
    record(server("lives", process))
    running, gone = registry.look()
    assert [one.name for one in running] == ["lives"]
    assert sorted(one.name for one in gone) == ["dead", "reused"]
    assert not left.exists()
    assert {one.pid for one in gone} == {None}, "the number is another's"
    assert sorted(files.read_all()) == ["dead", "lives", "reused"], "a tk has shown how the other one ended"
    assert alive(process, born(process)), "the process that has the number now was left alone"


def test_a_state_file_that_is_no_record_does_no_harm_and_stays(process: int) -> None:
    record(server("one", process))
    for name, text in (("bad", "{"), ("list", "[]"), ("other", '{"name": "other"}'), ("bytes", "\udcff")):
        files.path_of(name).write_text(text, errors="surrogateescape")
    assert names() == ["one"]
    assert files.path_of("bad").exists()


def test_one_name_is_given_once_even_to_two_at_the_same_moment(process: int) -> None:
    def claim(number: int) -> str:
        try:
            reserve(server("one", process, port=8000 + number))
        except UsageError as error:
            return error.message
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(claim, range(16)))
    assert said.count("taken") == 1
    assert set(said) - {"taken"} == {"a server named one is running already, on /models here"}


def test_the_name_of_a_server_that_ended_is_free_again(process: int) -> None:
    record(server("one", process, born="another boot:1"))
    reserve(server("one", process))
    assert names() == ["one"]


def test_two_that_write_at_once_leave_a_whole_file(process: int) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/runtime')\n"
        "from test_registry import *\n"
        "for i in range(100): record(server('one', int(sys.argv[1]), again={'x': 'y' * i}))"
    )
    root = Path(__file__).resolve().parents[2]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(process)], cwd=root, env={**os.environ, "PYTHONPATH": "tests"}
        )
        for _ in range(2)
    ]
    while any(one.poll() is None for one in both):
        begun = files.path_of("one").exists()
        assert begun <= len(files.read_all())
    assert [one.returncode for one in both] == [0, 0]
    assert names() == ["one"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "127.0.0.1:8000", "localhost:8000", "http://[::1]:8000/x"])
def test_the_token_goes_to_the_server_that_tk_started(process: int, url: str) -> None:
    record(server("one", process, metadata={"triton-grpc-protocol-triton-kit-token": "sesame"}))
    assert headers_for(url, grpc=False) == TOKEN
    assert headers_for("grpc://localhost:8001", grpc=True) == {"triton-grpc-protocol-triton-kit-token": "sesame"}


@pytest.mark.parametrize("url", ["http://10.0.0.1:8000", "example.org:8000", "127.0.0.1:8001", "", "http://[", "x:y"])
def test_the_token_goes_to_nobody_else(process: int, url: str) -> None:
    record(server("one", process))
    assert headers_for(url, grpc=False) == {}


def test_the_token_goes_to_nobody_once_the_server_is_gone(process: int) -> None:
    record(server("one", process, born="another boot:1"))
    assert headers_for("127.0.0.1:8000", grpc=False) == {}


def test_a_state_directory_that_cannot_be_written_is_named(process: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/none")
    with pytest.raises(TkError, match="/proc/none/triton-kit/servers cannot be written") as error:
        record(server("one", process))
    assert "XDG_STATE_HOME" in (error.value.hint or "")


def test_what_can_write_files_is_closed_behind_a_token_that_opens_it() -> None:
    flags = closing_flags(release("24.10"), control="none")
    assert [flag.partition("=")[0] for flag in flags] == ["--http-restricted-api", "--grpc-restricted-protocol"]
    assert all("=logging,trace:triton-kit-token=" in flag for flag in flags)
    http, grpc = opening_headers(flags)
    assert http["triton-kit-token"] == grpc["triton-grpc-protocol-triton-kit-token"]
    assert http != opening_headers(closing_flags(release("24.10"), control="none"))[0]
    assert all("trace,model-repository:" in flag for flag in closing_flags(release("24.10"), control="explicit"))


def test_an_older_release_closes_what_it_can() -> None:
    assert closing_flags(release("23.03"), control="explicit") == ()
    assert [flag.partition("=")[0] for flag in closing_flags(release("23.10"), control="none")] == [
        "--grpc-restricted-protocol"
    ]


@pytest.mark.parametrize(
    "given", [["--http-restricted-api=health:key=a=b"], ["--http-restricted-api", "health:key=a=b"]]
)
def test_what_the_user_closes_wins_and_is_opened_with_the_users_key(given: list[str]) -> None:
    flags = closing_flags(release("24.10"), control="explicit", given=given)
    assert [flag.partition("=")[0] for flag in flags] == ["--grpc-restricted-protocol"]
    assert opening_headers([*flags, *given])[0] == {"key": "a=b"}


def test_a_token_is_shown_to_nobody() -> None:
    arguments = ["--id=x", "--http-restricted-api=trace:key=sesame", "--grpc-restricted-protocol", "trace:k=other"]
    shown = mask_secrets(arguments)
    assert shown == ["--id=x", "--http-restricted-api=trace:key=***", "--grpc-restricted-protocol", "trace:k=***"]


def test_a_server_whose_tk_still_lives_counts_before_it_has_a_process() -> None:
    one = server("one", None, owner=os.getpid(), owner_born=born(os.getpid()))
    record(one)
    assert names() == ["one"]
    record(replace(one, owner_born="another boot:1"))
    assert names() == []


def test_a_log_that_has_grown_is_cut_to_its_last_lines_and_goes_on_at_its_end(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("ab") as writer:
        writer.write(b"".join(b"line %06d\n" % i for i in range(1000)))
        writer.flush()
        files.trim(log, most=20_000, kept=100)
        assert log.stat().st_size == 12_000, "it is not too large"
        files.trim(log, most=10_000, kept=100)
        writer.write(b"the next\n")
    lines = log.read_text().splitlines()
    assert lines[-2:] == ["line 000999", "the next"]
    assert lines[0].startswith("line ")
    assert log.stat().st_size < 200
    files.trim(tmp_path / "none.log")


def test_the_log_of_one_that_ended_is_kept_for_a_day(process: int) -> None:
    record(server("lives", process))
    for name in ("lives", "fresh", "old"):
        (files.servers_dir() / f"{name}.log").touch()
    for name in ("lives", "old"):
        os.utime(files.servers_dir() / f"{name}.log", (0, 0))
    servers()
    assert sorted(path.stem for path in files.servers_dir().glob("*.log")) == ["fresh", "lives"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_a_container_of_root_runs_as_whoever_may_read_the_repository(tmp_path: Path) -> None:
    file = tmp_path / "m" / "1" / "model.py"
    file.parent.mkdir(parents=True)
    file.touch(0o644)
    tmp_path.chmod(0o755)
    assert user.choose("auto", tmp_path, maps_users=False).user == "65534:65534"
    assert user.choose("auto", tmp_path, maps_users=True).user is None
    assert user.choose("image", tmp_path, maps_users=False).user is None
    assert user.choose("12", tmp_path, maps_users=False).user == "12:12"
    file.chmod(0o600)
    assert user.choose("auto", tmp_path, maps_users=False).user is None, "root's own file, for root alone"
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 1234, 1235)
    assert user.choose("auto", tmp_path, maps_users=False).user == "1234:1235"
    os.chown(file, 99, 99)
    assert user.choose("auto", tmp_path, maps_users=False).user is None


def test_a_container_of_anyone_else_runs_as_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 100)
    monkeypatch.setattr(os, "getgroups", lambda: [100, 0, 44, 27])
    found = user.choose("auto", tmp_path, maps_users=False)
    assert (found.user, found.groups) == ("1000:100", (27, 44))
    assert user.choose("auto", tmp_path, maps_users=True).user is None
