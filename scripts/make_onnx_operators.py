"""Writes the table of ONNX operators that graphs are checked against, out of the installed onnx package.

``python scripts/make_onnx_operators.py`` writes it, ``--check`` ends with 1 where it is not what the same release of
onnx would give.
"""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import onnx.defs

TABLE = Path(__file__).resolve().parent.parent / "triton_kit" / "signature" / "onnx_operators.txt"
DOMAINS = ("", "ai.onnx.ml")


def table() -> str:
    """A line for each version of each operator, the versions of one together."""
    rows: dict[tuple[str, str], list[str]] = {}
    schemas = [s for s in onnx.defs.get_all_schemas_with_history() if s.domain in DOMAINS]
    for schema in sorted(schemas, key=lambda s: (s.domain, s.name, s.since_version)):
        attributes = [f"{name}{'!' if a.required else ''}" for name, a in sorted(schema.attributes.items())]
        limits = (schema.min_input, schema.max_input, schema.min_output, schema.max_output)
        counts = "gone" if schema.deprecated else ",".join(str(n) if n < 2**31 - 1 else "" for n in limits)
        row = f"{schema.since_version}:{counts}:{','.join(attributes)}"
        rows.setdefault((schema.domain, schema.name), []).append(row)
    lines = [f"{domain}\t{name}\t{' '.join(found)}" for (domain, name), found in rows.items()]
    newest = ",".join(f"{domain}={_newest(domain)}" for domain in DOMAINS)
    head = f"# Made by scripts/make_onnx_operators.py out of onnx {onnx.__version__}; do not edit. {newest}"
    return "\n".join([head, *lines]) + "\n"


def _newest(domain: str) -> int:
    return max(s.since_version for s in onnx.defs.get_all_schemas_with_history() if s.domain == domain)


def main() -> int:
    text = table()
    if sys.argv[1:] != ["--check"]:
        TABLE.write_text(text, encoding="utf-8")
        return 0
    shipped = TABLE.read_text(encoding="utf-8")
    if shipped == text:
        print("the table of operators is up to date")
        return 0
    if f"out of onnx {onnx.__version__};" not in shipped:
        # Another release of onnx has other operators: that the table is whole can be told from its own alone.
        print(f"not compared: this is onnx {onnx.__version__}, and the table says: {shipped.partition(chr(10))[0]}")
        return 0
    print("the table of operators is out of date: run python scripts/make_onnx_operators.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
