"""What every test gets: a home of its own, so that nothing touches the user's."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from triton_kit.errors import TkError
from triton_kit.runtime.embedded.binaries import server_home
from triton_kit.runtime.local import LocalRuntime

pytest_plugins = ["nothing_left", "running_server", "stream_server", "transcript"]

ROOT = Path(__file__).resolve().parent.parent

CI = os.environ.get("TK_TEST_REQUIRE_ALL") == "1"
"""Set in CI: a test that would skip for want of Docker or of the embedded server fails instead."""


settings.register_profile("ci", derandomize=True, max_examples=40, deadline=None, print_blob=True)
settings.register_profile("dev", max_examples=40, deadline=None)
settings.load_profile("ci" if CI else "dev")


def skip_or_fail(reason: str) -> None:
    """Skip with a reason on a machine that lacks something; fail where everything was promised."""
    if CI:
        pytest.fail(f"TK_TEST_REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


NOHUP = "TK_TEST_NOHUP"
"""Tells workers and runs inside of this one that SIGHUP was ignored when the run began."""

NOT_INHERITED = re.compile(
    r"LC_\w+|LANGUAGE|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|CLICOLOR_FORCE|CI|PYTHON(WARNINGS|IOENCODING|UTF8|OPTIMIZE|SAFEPATH)"
    r"|TK_(?!TEST_|SERVER_WHEEL$)\w+"
)
"""Variables that change what tk does or how it looks."""


def inherit_nothing() -> None:
    """Give the tests the same signals, mask, locale and terminal, whoever started them: nohup, a shell's ``&``, cron.

    A program inherits an ignored signal, and tk under nohup is not ended by SIGHUP. A handler is not inherited: one
    that does nothing keeps the run itself as deaf as it was meant to be.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        os.environ[NOHUP] = "1"
    if threading.current_thread() is threading.main_thread():
        # Python itself ignores these two, and gives them back to the programs that it starts.
        for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
            deaf = number == signal.SIGHUP and NOHUP in os.environ
            if deaf or signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    for name in list(os.environ):
        if NOT_INHERITED.fullmatch(name):
            del os.environ[name]
    os.environ.update(LANG="C.UTF-8", TERM="xterm", TZ="UTC")
    time.tzset()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the embedded server's binaries between runs, away from the user's own cache.

    ``TK_TEST_CACHE`` names another place for them; ``TK_SERVER_WHEEL`` saves the download.
    """
    inherit_nothing()
    kept = os.environ.get("TK_TEST_CACHE") or str(config.rootpath / ".pytest_cache" / "d" / "triton-kit")
    os.environ["TK_CACHE_DIR"] = kept


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how to have the same order of tests again."""
    seed = config.getoption("randomly_seed", None)
    if seed is not None and not config.option.collectonly:
        terminalreporter.line(f"the order of the tests: --randomly-seed={seed}")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests are words: a text is its printable ASCII characters, and not too many of them."""
    if not isinstance(val, str):
        return None
    words = "".join(
        c if " " <= c <= "~" and c != "\\" else " " if c.isspace() else f" U+{ord(c):04X} " for c in val[:300]
    )
    words = " ".join(words.split()) or ("blank" if val else "")
    return words if len(words) <= 80 else f"{words[:77]}..."


@pytest.fixture(scope="session")
def embedded() -> LocalRuntime:
    """The embedded server, fetched if it must be; the test skips (in CI: fails) where it is not available."""
    runtime = LocalRuntime()
    try:
        server_home(print)
    except TkError as error:
        skip_or_fail(error.message)
    return runtime


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".local" / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    # A command that ran in this process has ONNX Runtime asked from then on; no other test sees that.
    monkeypatch.setattr("triton_kit.signature.onnx.asking._askers", [])


@pytest.fixture(scope="session")
def sample() -> Path:
    """The sample repository; read-only by convention."""
    return ROOT / "sample_repository"
