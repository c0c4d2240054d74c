"""Names as an adversary would choose them, in every place of a repository that has names."""

from __future__ import annotations

from pathlib import Path

import flows

NAMES = (
    '"><script>window.hacked = 1</script>',
    "</script><script>window.hacked = 1</script>",
    "<!--",
    "a & b &amp; &lt; &#60; &quot;",
    'it\'s; a \\"quoted\\" name\\',
    "dots.and blanks  and\ttabs",
    "new\nline",
    "end",
    "subgraph x",
    'x"] --> y',
    "{{mustache}} {} %s %% %%{init: {}}%%",
    "`markdown` **bold** _x_ __y__",
    "${window.hacked = 1}",
    "größe 画像 🙂 \u202eevil\u2028\u2029",
    "javascript:alert(1)",
    "]]>",
    "\x01\x1b[31m",
    "x" * 300,
    "#quot; #59; ;",
    "|pipe| --- ==> ((o))",
)


def add_hostile(repository: Path) -> Path:
    """An ensemble whose tensors have hostile names, and models whose ports have."""
    steps: list[flows.Step] = []
    for i, name in enumerate(NAMES):
        flows.add_model(repository, f"m{i}", [(name, "FP32", [1])], [(name, "FP32", [1])])
        source = NAMES[i - 1] if i else "in"
        steps.append((f"m{i}", {name: source}, {name: name}))
    steps.append((NAMES[0].replace("/", ""), {NAMES[1]: NAMES[2]}, {NAMES[3]: NAMES[4] + "x"}))
    folder = '<img src=x onerror="window.hacked=1"> & co'
    return flows.add_ensemble(repository, folder, [("in", "FP32", [1])], [(NAMES[-1], "FP32", [1])], steps)
