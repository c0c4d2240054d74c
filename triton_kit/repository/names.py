"""The names that files and directories of a model have."""

from __future__ import annotations

CONFIG_NAME = "config.pbtxt"

RESERVED_DIRECTORIES = frozenset({"warmup", "initial_state", "configs"})
"""Sub-directories of a model that are never versions (core model_lifecycle.cc:VersionsToLoad)."""

TESTS = "tests"
"""Where tk keeps a model's golden cases; the server skips a directory of that name."""
