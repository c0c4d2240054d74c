"""Servers that outlive tk: started, listed, read, started again, ended; and nothing is left of any of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker_engine import IMAGE, containers, docker, make_model, need_image

from triton_kit.runtime.state import files as statefiles
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.registry import Running

FREE = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]
EVERYTHING = ["stop", "--everywhere", "--yes", "--forget"]
RUNTIMES = {"local": ["--runtime", "local"], "docker": ["--runtime", "docker", "--image", IMAGE, "--pull", "never"]}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "triton_kit", *arguments]


def tk(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False, **options)


def until(truth: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not truth():
        time.sleep(0.05)
    return truth()


def processes(repository: Path) -> list[str]:
    """The processes, zombies not counted, whose command line or environment names the repository or its state."""
    marks = (os.fsencode(repository), os.fsencode(statefiles.state_dir()), os.fsencode(os.environ["XDG_STATE_HOME"]))
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            texts = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
            state = (place / "stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if int(place.name) != os.getpid() and state != b"Z" and any(mark in texts for mark in marks):
            found.append(f"{place.name} {texts[:200]!r}")
    return found


def open_files(pid: int) -> list[str]:
    """The files that a process has open."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(descriptor.readlink()))
    return found


def shared_memory(port: str) -> list[Path]:
    return list(Path("/dev/shm").glob(f"tk_127.0.0.1_{port}_*"))


class Life:
    """Starts servers on a repository of its own, and counts what is there."""

    def __init__(self, repository: Path, runtime: str) -> None:
        self.repository = repository
        self.runtime = runtime
        self.urls: list[str] = []

    def serve(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        given = ["serve", str(self.repository), *RUNTIMES[self.runtime], *FREE, "--detach", "--format", "json"]
        done = tk(*given, *arguments, **options)
        for line in done.stdout.splitlines():
            if (event := json.loads(line))["event"] == "ready":
                self.urls.append(event["endpoints"]["http"])
        return done

    def start(self, *arguments: str) -> Running:
        done = self.serve(*arguments)
        assert done.returncode == 0, done.stderr
        name = json.loads(done.stdout.splitlines()[-1])["name"]
        assert name in statefiles.read_all()
        return registry.find(name)

    def left(self) -> list[str]:
        """Whatever there is of the servers: containers, processes, state files, logs, shared memory."""
        found = containers(self.repository) if self.runtime == "docker" else []
        directory = statefiles.servers_dir()
        files = [p.name for p in directory.iterdir() if p.name != ".lock"] if directory.is_dir() else []
        memory = [str(p) for url in self.urls for p in shared_memory(url.rpartition(":")[2])]
        return [*found, *processes(self.repository), *files, *memory]


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Life]:
    """A life in each runtime; in the end nothing of it may be there."""
    request.getfixturevalue("embedded") if request.param == "local" else need_image()
    one = Life(make_model(tmp_path / "models"), request.param)
    yield one
    tk(*EVERYTHING, "--grace", "2")
    assert until(lambda: one.left() == []), one.left()


@pytest.fixture
def local(embedded: object, tmp_path: Path) -> Iterator[Life]:
    """A life without containers."""
    one = Life(make_model(tmp_path / "models, - here"), "local")
    yield one
    tk(*EVERYTHING, "--grace", "2")
    assert until(lambda: one.left() == []), one.left()


def ask(url: str, headers: dict[str, str] | None = None, method: str = "GET") -> int:
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_detached_server_is_listed_read_restarted_and_ended(life: Life) -> None:
    one = life.start("--env", "TK_SECRET=hunter2", "--model-control", "explicit")
    assert one.detached
    (listed,) = json.loads(tk("ps", "--format", "json").stdout)["servers"]
    assert (listed["name"], listed["models"]) == (one.name, {"ready": 1, "wanted": 1})
    assert re.search(rf"^{one.name} .* 1 of 1 ", tk("ps").stdout, re.MULTILINE)

    # Nothing of tk runs beside it.
    assert [found for found in processes(life.repository) if "reaper" in found or "triton_kit" in found] == []

    assert "successfully loaded 'doubler'" in tk("logs").stdout
    assert len(tk("logs", one.name, "--tail", "2").stdout.splitlines()) == 2

    # The endpoints that can write files, or load models, open to the token alone.
    for path, method in (("/v2/logging", "GET"), ("/v2/trace/setting", "GET"), ("/v2/repository/index", "POST")):
        assert ask(one.endpoints.http + path, method=method) == 403
        assert ask(one.endpoints.http + path, dict(one.headers), method) == 200
    assert tk("health", one.endpoints.http).returncode == 0

    # The value of a variable is not written down, and still there after a restart.
    for path in statefiles.servers_dir().iterdir():
        assert b"hunter2" not in path.read_bytes()
    done = tk("restart", one.name)
    assert done.returncode == 0, done.stderr
    again = registry.find(one.name)
    assert again.endpoints.http == one.endpoints.http
    assert again.headers != one.headers
    assert (again.pid, again.started) != (one.pid, one.started)
    if again.container is None:
        assert b"TK_SECRET=hunter2\0" in Path(f"/proc/{again.pid}/environ").read_bytes()
    else:
        assert "TK_SECRET=hunter2" in docker("inspect", "--format", "{{.Config.Env}}", again.container)

    done = tk("stop")
    assert done.stdout == f"{one.name} ended\n"
    files = [f"{one.name}.json", f"{one.name}.log"]
    assert until(lambda: sorted(life.left()) == files), life.left()
    assert tk("ps").stderr == "no server that tk started is running\n", "nobody needs to be told of it"


@pytest.mark.parametrize("how", ["ended", "died"])
def test_one_that_has_ended_can_be_read_listed_started_again_and_forgotten(life: Life, how: str) -> None:
    one = life.start("--model-control", "explicit")
    if how == "ended":
        assert tk("stop", one.name).returncode == 0
    elif one.container is not None:
        docker("kill", one.name)
    else:
        assert one.pid is not None
        os.killpg(one.pid, signal.SIGKILL)
    assert until(lambda: registry.servers() == ())
    assert containers(life.repository) == []

    # Other commands do not take the news away.
    for arguments in (["models"], ["stop"], ["restart", "none"]):
        assert tk(*arguments).returncode != 0
    told = [f"warning: {one.name} has ended without tk" in tk("ps").stderr for _ in range(2)]
    assert told == [how == "died", False]
    (kept,) = json.loads(tk("ps", "--format", "json").stdout)["kept"]
    assert (kept["name"], kept["release"], kept["seen"]) == (one.name, "24.10", True)
    if one.container is not None:
        assert kept["exit_code"] == (137 if how == "died" else 0)
    assert re.search(rf"^{one.name} +{life.runtime} +24.10 +(ended|exit \d+) ", tk("ps", "--all").stdout, re.MULTILINE)
    assert "successfully loaded 'doubler'" in tk("logs", one.name).stdout
    assert len(tk("logs", "--tail", "2").stdout.splitlines()) == 2, "without a name it is the one that ended last"
    assert "successfully loaded 'doubler'" in tk("logs", "--since", "10m").stdout
    assert tk("logs", "--since", "2099-01-01").stdout == ""
    done = tk("health", "--server", one.name)
    assert f"tk restart {one.name}" in done.stderr

    done = tk("restart", one.name)
    assert done.returncode == 0, done.stderr
    again = registry.find(one.name)
    assert (again.endpoints.http, again.control, again.ended) == (one.endpoints.http, "explicit", None)
    assert tk("stop", "--forget").stdout == "", "no server has ended"
    assert tk("stop", one.name, "--forget").stdout == f"{one.name} ended\n"
    assert life.left() == []


def test_several_repositories_are_served_by_one_server(life: Life, tmp_path: Path) -> None:
    second = make_model(tmp_path / "more")
    (second / "doubler").rename(second / "tripler")
    one = life.start(str(second))
    (listed,) = json.loads(tk("ps", "--format", "json").stdout)["servers"]
    assert listed["models"] == {"ready": 2, "wanted": 2}
    done = tk("restart", one.name)
    assert done.returncode == 0, done.stderr
    assert {"doubler", "tripler"} <= set(tk("models", "--server", one.name).stdout.split())


def test_what_a_server_would_refuse_in_a_further_repository_is_found_before(local: Life, tmp_path: Path) -> None:
    second = make_model(tmp_path / "more")
    done = local.serve(str(second))
    assert done.returncode == 1
    assert "doubler" in done.stderr, "it is in both"


def test_a_variable_whose_value_went_with_its_server_is_asked_for(local: Life) -> None:
    one = local.start("--env", "TK_SECRET=hunter2")
    tk("stop")
    done = tk("restart")
    assert done.returncode == 2
    assert f"{one.name} was given TK_SECRET, whose value tk does not keep" in done.stderr
    done = tk("restart", env={**os.environ, "TK_SECRET": "hunter3"})
    assert done.returncode == 0, done.stderr
    assert b"TK_SECRET=hunter3\0" in Path(f"/proc/{registry.find().pid}/environ").read_bytes()


def test_a_crash_that_was_read_with_logs_is_no_longer_news(local: Life) -> None:
    one = local.start()
    assert one.pid is not None
    os.killpg(one.pid, signal.SIGKILL)
    assert until(lambda: registry.servers() == ())
    assert tk("logs").returncode == 0
    assert tk("ps").stderr == "no server that tk started is running\n"


def test_what_has_ended_is_kept_for_a_day(local: Life) -> None:
    one = local.start()
    tk("stop")
    state = json.loads(statefiles.path_of(one.name).read_text())
    statefiles.path_of(one.name).write_text(json.dumps({**state, "ended": time.time() - statefiles.DAY - 1}))
    assert tk("ps", "--all").stderr == "no server that tk started is running\n"
    assert local.left() == []


def test_all_is_about_the_project_and_everywhere_about_all_after_asking(local: Life, tmp_path: Path) -> None:
    one = local.start()
    project = tmp_path / "project"
    project.mkdir()
    (project / "tk.yaml").write_text("repository: models\n")
    make_model(project / "models")
    other = Life(project / "models", "local")
    mine = other.start()
    done = tk("stop", "--all", cwd=project)
    assert (done.returncode, done.stdout) == (0, f"{mine.name} ended\n")
    assert f"1 server of other projects left running: {one.name}" in done.stderr
    done = tk("stop", "--all", cwd=project)
    assert "no server that tk started is running in this project" in done.stderr
    done = tk("stop", "--everywhere", cwd=project)
    assert done.returncode == 2
    assert "--everywhere ends servers of other projects, too, and there is no terminal to ask" in done.stderr
    assert registry.find() == one
    done = tk("stop", "--everywhere", "--yes", cwd=project)
    assert done.stdout == f"{one.name} ended\n"


@pytest.mark.docker
def test_a_container_whose_state_file_is_gone_is_found_by_its_labels(tmp_path: Path) -> None:
    need_image()
    life = Life(make_model(tmp_path / "models"), "docker")
    one = life.start("--model-control", "explicit", "--memory", "2g", "--cpus", "1")
    try:
        assert docker("inspect", "--format", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}", one.name) == (
            f"{2**31} {10**9}"
        )
        pid = docker("inspect", "--format", "{{.State.Pid}}", one.name)
        status = Path(f"/proc/{pid}/status").read_text()
        assert "Uid:\t0\t" not in status, "it runs as root"
        assert re.search(r"CapEff:\s+0+$", status, re.MULTILINE)
        statefiles.path_of(one.name).unlink()
        assert registry.find() == replace(one, version=None), "which the labels cannot say"
        assert f"{one.name} " in tk("ps").stdout
        assert tk("health", one.endpoints.http).returncode == 0, "the token is found again, too"
    finally:
        tk(*EVERYTHING)
    assert until(lambda: life.left() == []), life.left()


def test_two_of_one_name_clash_with_one_message_and_the_first_runs_on(local: Life) -> None:
    one = local.start("--name", "mine")
    done = local.serve("--name", "mine")
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert f"error: a server named mine is running already, on {local.repository}" in done.stderr
    assert "tk stop mine" in done.stderr
    assert registry.find() == one


def test_two_at_once_without_a_name_do_not_clash(local: Life) -> None:
    given = ["serve", str(local.repository), *RUNTIMES["local"], *FREE, "--detach", "--quiet"]
    both = [subprocess.Popen(command(*given), stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    running = registry.servers()
    local.urls += [one.endpoints.http for one in running]
    assert len({one.name for one in running}) == 2
    done = tk("stop")
    assert done.returncode == 2
    assert "2 servers are running, and none was named" in done.stderr
    done = tk("stop", "--everywhere", "--yes")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_a_server_that_was_killed_is_reported_and_what_it_left_is_gone(local: Life) -> None:
    one = local.start()
    assert one.pid is not None
    os.killpg(one.pid, signal.SIGKILL)
    assert until(lambda: registry.alive(one.pid, one.born) is False)
    assert shared_memory(one.endpoints.http.rpartition(":")[2])
    done = tk("ps")
    assert f"warning: {one.name} has ended without tk" in done.stderr
    assert shared_memory(one.endpoints.http.rpartition(":")[2]) == []


def test_a_log_that_is_followed_shows_what_comes_and_ends_with_the_server(local: Life) -> None:
    one = local.start()
    with subprocess.Popen(command("logs", "-f", "-n", "0"), stdout=subprocess.PIPE, text=True) as follower:
        assert until(lambda: any(f"{one.name}.log" in path for path in open_files(follower.pid)))
        assert tk("stop", one.name).returncode == 0
        out, _ = follower.communicate(timeout=60)
    assert follower.returncode == 0
    assert "successfully loaded" not in out


def test_a_repository_that_would_be_refused_leaves_the_server_running(local: Life) -> None:
    one = local.start()
    (local.repository / "doubler" / "config.pbtxt").write_text('backend: "python"\nmax_batch_sise: 8\n')
    done = tk("restart")
    assert done.returncode == 1
    assert f"{one.name} was left running" in done.stderr
    assert registry.find() == one


def test_an_attached_server_is_listed_and_ended_from_elsewhere_but_not_restarted(local: Life) -> None:
    given = ["serve", str(local.repository), *RUNTIMES["local"], *FREE, "--name", "shown", "--quiet"]
    with subprocess.Popen(command(*given), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            assert until(lambda: "1 of 1" in tk("ps").stdout or server.poll() is not None)
            assert "local, attached" in tk("ps").stdout
            for other in ("restart", "logs"):
                done = tk(other, "shown")
                assert done.returncode == 2
                assert "shown is not detached" in done.stderr
            done = tk("stop", "shown")
            assert (done.returncode, done.stdout) == (0, "shown ended\n")
            assert server.wait(30) == 143
        finally:
            server.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_before_it_is_ready_leaves_nothing(life: Life, number: signal.Signals) -> None:
    (life.repository / "doubler" / "1" / "model.py").unlink()  # the server then waits for ever
    given = ["serve", str(life.repository), *RUNTIMES[life.runtime], *FREE, "--detach", "--no-validate"]
    with subprocess.Popen(command(*given), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        assert until(lambda: len(statefiles.read_all()) == 1 and len(processes(life.repository)) > 2)
        time.sleep(0.3)
        server.send_signal(number)
        assert server.wait(60) in {130, 128 + number, -number}
    logs = {} if number != signal.SIGKILL else {p.name for p in statefiles.servers_dir().glob("*.log")}
    assert until(lambda: set(life.left()) <= set(logs)), life.left()
    for name in logs:
        (statefiles.servers_dir() / name).unlink()


def test_a_terminal_that_closes_leaves_a_detached_server_alone(local: Life) -> None:
    given = ["serve", str(local.repository), *RUNTIMES["local"], *FREE, "--detach"]
    leader = "import os, subprocess, sys; os.setsid(); sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    with subprocess.Popen(
        [sys.executable, "-c", leader, *command(*given)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as shell:
        out, _ = shell.communicate(timeout=120)  # no one keeps the pipe open
    assert shell.returncode == 0, out
    one = registry.find()
    local.urls.append(one.endpoints.http)
    assert os.getsid(one.pid or 0) == one.pid
    assert "1 of 1" in tk("ps").stdout


def test_a_value_on_tks_own_command_line_is_not_seen_in_ps(local: Life) -> None:
    given = ["serve", str(local.repository), *RUNTIMES["local"], *FREE, "--env", "TK_SECRET=hunter2", "--quiet"]
    with subprocess.Popen(command(*given), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            shown = Path(f"/proc/{server.pid}/cmdline")
            assert until(lambda: b"TK_SECRET=*******\0" in shown.read_bytes() or server.poll() is not None)
            assert b"hunter2" not in shown.read_bytes()
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)


@pytest.mark.parametrize(
    "name", ["--privileged", "-v/:/host", "a b", "a\nb", "../x", "a/b", "a,b", '"a"', "", "x" * 200]
)
def test_a_name_cannot_break_out_into_flags(local: Life, name: str) -> None:
    done = local.serve(f"--name={name}")
    assert done.returncode == 2
    assert "is not a name for a server" in done.stderr
    for other in ("stop", "logs", "restart"):
        done = tk(other, "--", name)
        assert done.returncode == 2, done.stderr
        assert "is not a server that tk started" in done.stderr


def test_when_nothing_runs_that_is_said() -> None:
    done = tk("ps")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no server that tk started is running\n")
    assert tk("stop", "--all").returncode == 0
    for arguments in (["stop"], ["logs"], ["restart"], ["stop", "none"]):
        done = tk(*arguments)
        assert done.returncode == 2
        assert re.search(r"\bno(t a)? server that tk started\b", done.stderr)
    assert tk("stop", "--all", "x").returncode == 2


@pytest.mark.docker
@pytest.mark.usefixtures("embedded")
def test_starts_and_stops_in_a_row_leave_nothing_over(tmp_path: Path) -> None:
    need_image()
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "starts_and_stops.py"
    argv = [sys.executable, str(script), "--times", "7"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is left over" in done.stdout


@pytest.mark.docker
def test_a_container_that_was_killed_is_named_with_the_cause(tmp_path: Path) -> None:
    need_image()
    life = Life(make_model(tmp_path / "models"), "docker")
    one = life.start()
    docker("kill", one.name)
    assert until(lambda: registry.servers() == ())
    assert containers(life.repository) == []
    said = f"{one.name} has ended without tk: it was ended from outside, by signal 9, exit code 137"
    assert said in tk("ps").stderr
    assert "successfully loaded 'doubler'" in tk("logs", one.name).stdout
    assert tk(*EVERYTHING).returncode == 0
    assert life.left() == []
