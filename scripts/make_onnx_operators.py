"""Writes the table of ONNX operators that graphs are checked against, out of the installed onnx package.

``python scripts/make_onnx_operators.py`` writes it, ``--check`` ends with 1 where it is not what the same release of
onnx would give.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import onnx
import onnx.defs

TABLE = Path(__file__).resolve().parent.parent / "triton_kit" / "signature" / "onnx" / "operators.txt"
DOMAINS = ("", "ai.onnx.ml")


def table() -> str:
    """A line for each version of each operator, the versions of one together."""
    rows: dict[tuple[str, str], list[str]] = {}
    schemas = [s for s in onnx.defs.get_all_schemas_with_history() if s.domain in DOMAINS]
    for schema in sorted(schemas, key=lambda s: (s.domain, s.name, s.since_version)):
        attributes = [f"{name}{'!' if a.required else ''}" for name, a in sorted(schema.attributes.items())]
        limits = (schema.min_input, schema.max_input, schema.min_output, schema.max_output)
        counts = "gone" if schema.deprecated else ",".join(str(n) if n < 2**31 - 1 else "" for n in limits)
        row = f"{schema.since_version}:{counts}:{','.join(attributes)}:{_types(schema)}"
        rows.setdefault((schema.domain, schema.name), []).append(row)
    lines = [f"{domain}\t{name}\t{' '.join(found)}" for (domain, name), found in rows.items()]
    newest = ",".join(f"{domain}={_newest(domain)}" for domain in DOMAINS)
    head = f"# Made by scripts/make_onnx_operators.py out of onnx {onnx.__version__}; do not edit. {newest}"
    return "\n".join([head, *lines]) + "\n"


def _types(schema: Any) -> str:
    """The type parameters of inputs and outputs, ``T,T>T``, then those that take some elements only: ``;T=ak``.

    An element type is the letter of its number, ``a`` for 1. A ``*`` ends a parameter that any number may have, ``?``
    stands for one that binds nothing: no tensor, or several that need not agree.
    """
    allowed = {c.type_param_str: [_element(t) for t in c.allowed_type_strs] for c in schema.type_constraints}
    fixed: dict[str, str] = {}
    sides = []
    for side in (schema.inputs, schema.outputs):
        words = []
        for formal in side:
            name = formal.type_str
            elements = allowed.get(name, [_element(name)])
            if name not in allowed and elements[0]:
                name = fixed.setdefault(name, f"={elements[0]}")
            many = formal.option == onnx.defs.OpSchema.FormalParameterOption.Variadic
            binds = any(elements) and (formal.is_homogeneous or not many)
            words.append((name if binds else "?") + ("*" if many else ""))
        sides.append(",".join(words))
    used = {word.rstrip("*") for side in sides for word in side.split(",")}
    named = [f"{n}={''.join(sorted(filter(None, e)))}" for n, e in sorted(allowed.items()) if n in used and all(e)]
    return ";".join([">".join(sides), *named])


def _element(type_string: str) -> str:
    """The letter of a tensor's element type; empty for what is not a tensor."""
    inside = type_string.removeprefix("tensor(").removesuffix(")")
    if type_string != f"tensor({inside})":
        return ""
    return chr(96 + onnx.TensorProto.DataType.Value(inside.upper()))


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
