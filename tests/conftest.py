"""What every test gets: a home of its own, so that nothing touches the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from triton_kit.errors import TkError
from triton_kit.runtime.embedded.binaries import server_home
from triton_kit.runtime.local import LocalRuntime

pytest_plugins = ["running_server", "transcript"]

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


def pytest_configure(config: pytest.Config) -> None:
    """Keep the embedded server's binaries between runs, away from the user's own cache.

    ``TK_TEST_CACHE`` names another place for them; ``TK_SERVER_WHEEL`` saves the download.
    """
    kept = os.environ.get("TK_TEST_CACHE") or str(config.rootpath / ".pytest_cache" / "d" / "triton-kit")
    os.environ["TK_CACHE_DIR"] = kept


@pytest.fixture(scope="session")
def embedded() -> LocalRuntime:
    """The embedded server, fetched if it must be; the test skips (in CI: fails) where it cannot be had."""
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
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def sample() -> Path:
    """The sample repository; read-only by convention."""
    return ROOT / "sample_repository"
