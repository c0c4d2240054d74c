"""Whether a model.py may open files beside itself that it does not make: a look at its names, no more."""

from __future__ import annotations

import ast

_NAMES = frozenset(("__file__", "model_repository", "get_model_dir"))
_OPENS = frozenset(("open", "read_text", "read_bytes", "load", "InferenceSession", "File", "Booster"))
_MAKES = frozenset(
    "mkdir makedirs write write_text write_bytes touch urlretrieve urlopen copy copyfile copytree move rename "  # noqa: SIM905
    "extractall unpack_archive save dump snapshot_download hf_hub_download download system run Popen call check_call "
    "check_output "
    "symlink savez to_csv to_json chdir".split()
)
"""Names of functions that may make the file that is opened later."""


def may_open(tree: ast.Module) -> bool:
    """Whether the code has the name of something that opens files, of its own place, and of nothing that makes one."""
    names = {getattr(node, "attr", getattr(node, "id", None)) for node in ast.walk(tree)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return bool((names | texts) & _NAMES and names & _OPENS) and not names & _MAKES
