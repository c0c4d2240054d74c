"""Which test files are near a module of the package, by what imports what: read from the sources, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = "triton_kit"


def module_name(path: Path) -> str:
    """The dotted name of a source file below the root: ``triton_kit/graph/dot.py`` is ``triton_kit.graph.dot``."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Tests:
    """The test files of a tree, and what each of them imports, directly or through others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        sources = {p.relative_to(root) for p in (root / PACKAGE).rglob("*.py")}
        self.modules = {module_name(path): path for path in sources}
        shared = {p.relative_to(root) for p in (root / "tests").rglob("*.py") if not p.name.startswith("test_")}
        self.shared = {path.stem: path for path in shared}
        self.files = sorted(p.relative_to(root) for p in (root / "tests").rglob("test_*.py"))
        names = {path: name for name, path in self.modules.items()}
        self.edges: Mapping[str, frozenset[str]] = {
            names.get(path, str(path)): frozenset(self._imported((root / path).read_text(), names.get(path)))
            for path in (*sources, *shared, *self.files)
        }

    def near(self, module: Path) -> list[tuple[int, Path]]:
        """The test files that reach a source file of the package, each with its distance, the nearest first.

        The tests of the module's own room are as near as those that import it.
        """
        name, room = module_name(module), module.parts[1]
        found = []
        for file in self.files:
            steps = self._steps(str(file), name)
            if steps is not None:
                found.append((1 if file.parts[1] == room else steps, file))
        return sorted(found)

    def rules(self, module: Path) -> list[str]:
        """The names of the rules that a source file of the package has: those of its functions with ``@rule``."""
        return [
            node.name.replace("_", "-")
            for node in ast.parse((self.root / module).read_text()).body
            if isinstance(node, ast.FunctionDef)
            and any(isinstance(one, ast.Call) and ast.unparse(one.func) == "rule" for one in node.decorator_list)
        ]

    def _steps(self, start: str, goal: str) -> int | None:
        """How many imports lead from one file to another; ``None`` where none do."""
        reached, seen, steps = {start}, {start}, 0
        while reached:
            if goal in reached:
                return steps
            reached = {name for one in reached for name in self.edges.get(one, ())} - seen
            seen |= reached
            steps += 1
        return None

    def _imported(self, source: str, name: str | None) -> Iterator[str]:
        """What a source imports: modules of the package by name, shared modules of the tests by path.

        A text that starts like the name of a module stands for all modules that start so: they are imported by name.
        In a test, the name of a command stands for the module of that command.
        """
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Import():
                    for alias in node.names:
                        yield from self._known(alias.name)
                case ast.ImportFrom(module=str(parent), level=0):
                    for alias in node.names:
                        yield from self._known(f"{parent}.{alias.name}") or self._known(parent)
                case ast.Constant(value=str(text)) if name is None:
                    yield from self._known(f"{PACKAGE}.cli.{text.replace('-', '_')}")
                    yield from self._known(f"{PACKAGE}.cli.{text}_")
                case ast.Constant(value=str(text)) if text.startswith(f"{PACKAGE}.") and name != f"{PACKAGE}.cli":
                    yield from (other for other in self.modules if other.startswith(text))

    def _known(self, name: str) -> list[str]:
        if name in self.modules:
            return [name]
        return [str(self.shared[name])] if name in self.shared else []
