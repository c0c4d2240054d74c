"""Find functions, classes and values that nothing uses: exit code 1, and a line for each, where there are some.

What only a test uses is dead, too. A name whose use cannot be seen is in EXCEPTIONS, with who uses it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vulture import Vulture  # noqa: E402

from triton_kit.cli import COMMANDS  # noqa: E402

DECORATORS = ["@rule", "@app.command", "@app.callback", "@evaluates", "@executes", "@calls"]
"""What registers a function, which is then found in a table."""

EXCEPTIONS = {
    # Typer and Click read these of a command and its parameters; inspect those of a function.
    "format_commands", "expose_value", "is_eager", "__signature__", "__annotations__",
    # Members of enumerations that a user names, and fields that are shown by going through them all.
    "POLL", "OFF", "p50", "p90", "p99", "ubuntu", "dcgm",
    # Names of one sequence, of which some only hold a place.
    "T_SYMBOL", "INTEGER", "NAME", "STRING",
    # Parameters of the context manager protocol, and of a method of tritonclient.
    "trace", "input_tensor",
    # Types of messages of TensorFlow Serving, named in casts.
    "ModelServerConfig", "BatchingParameters",
    # What pytest calls of a plugin.
    "pytest_collection_modifyitems", "pytest_runtest_logreport", "pytest_collectreport",
    # Attributes that the standard library, PyYAML, Jinja and ONNX Runtime read.
    "__cause__", "__context__", "response_class", "pycache_prefix", "tempdir", "yaml_implicit_resolvers",
    "ignore_aliases", "intercepted_binops", "log_severity_level", "graph_optimization_level", "execution_mode",
    # Modules that register what is found in a table.
    "REGISTERED",
    # What Triton's Python backend calls.
    "TritonPythonModel", "auto_complete_config", "initialize", "execute", "finalize",
}  # fmt: skip


def main() -> int:
    """Report what is dead."""
    commands = [name.replace("-", "_") for name in COMMANDS]
    vulture = Vulture(ignore_names=[*EXCEPTIONS, *commands], ignore_decorators=DECORATORS)
    vulture.scavenge([str(ROOT / "triton_kit"), str(ROOT / "scripts")])
    found = vulture.get_unused_code(min_confidence=60)
    for item in found:
        print(item.get_report())
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
