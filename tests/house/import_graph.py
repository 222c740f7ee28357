"""The graph of imports in a package, read from its source: who imports whom, when, and in which circles."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One parsed file."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


class Import(NamedTuple):
    """One module imports another."""

    importer: str
    imported: str
    line: int
    function: str
    """Qualified name of the function that imports; "" where the module itself does."""
    types_only: bool
    """Whether only the type checker sees it (`if TYPE_CHECKING`)."""


def read_modules(root: Path) -> list[Module]:
    """Every module of the package in a folder, by path."""
    modules = []
    for path in sorted(root.rglob("*.py")):
        parts = (root.name, *path.relative_to(root).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        modules.append(Module(name, path, text, ast.parse(text, str(path))))
    return modules


def read_imports(modules: Sequence[Module]) -> list[Import]:
    """Every import of one module by another."""
    names = {module.name for module in modules}
    return [
        Import(module.name, imported, statement.lineno, function, types_only)
        for module in modules
        for statement, function, types_only in _statements(module.tree, "", in_function=False, types_only=False)
        for imported in sorted(_imported_modules(module, statement, names))
    ]


def _statements(
    node: ast.AST, scope: str, in_function: bool, types_only: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, str, bool]]:
    """Import statements, each with the function that it stands in, and whether only the type checker sees it."""
    is_type_check = isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    type_checks = node.body if is_type_check else []
    for child in ast.iter_child_nodes(node):
        unseen = types_only or child in type_checks
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, scope if in_function else "", unseen
        elif isinstance(child, Function | ast.ClassDef):
            name = f"{scope}.{child.name}" if scope else child.name
            yield from _statements(child, name, in_function or isinstance(child, Function), unseen)
        else:
            yield from _statements(child, scope, in_function, unseen)


def _imported_modules(module: Module, node: ast.Import | ast.ImportFrom, names: set[str]) -> set[str]:
    """The modules of the package that a statement names.

    A parent package counts only where the statement names something in its `__init__`: `from a.b import c` is an
    import of `a.b.c` where that is a module, else of `a.b`.
    """
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & names
    source = node.module or ""
    if node.level:
        base = module.package.split(".")
        source = ".".join([*base[: len(base) - node.level + 1], *([source] if source else [])])
    members = {f"{source}.{alias.name}" for alias in node.names}
    submodules = members & names
    return submodules if submodules == members else (submodules | {source}) & names


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The strongly connected components of a graph with an edge inside them, each sorted."""
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
    reached = {node: _reachable(graph, node) for node in graph}
    components = {
        tuple(sorted(other for other in reached[node] if node in reached.get(other, ())))
        for node in graph
        if node in reached[node]
    }
    return [list(component) for component in sorted(components)]


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Nodes that at least one step leads to."""
    reached: set[str] = set()
    pending = list(graph[start])
    while pending:
        node = pending.pop()
        if node not in reached:
            reached.add(node)
            pending += graph.get(node, ())
    return reached


def import_time_circles(imports: Sequence[Import]) -> list[list[str]]:
    """Circles of modules that import each other when they are loaded."""
    return circles((i.importer, i.imported) for i in imports if not i.function and not i.types_only)


def lazy_circle_imports(imports: Sequence[Import]) -> list[Import]:
    """Imports inside functions that lie on a circle of the imports that run."""
    running = [i for i in imports if not i.types_only]
    components = circles((i.importer, i.imported) for i in running)
    component_of = {name: number for number, component in enumerate(components) for name in component}
    return [
        i
        for i in running
        if i.function and i.importer in component_of and component_of[i.importer] == component_of.get(i.imported)
    ]


def all_circles(imports: Sequence[Import]) -> list[list[str]]:
    """Circles of imports of any kind: modules of which none can be read alone."""
    return circles((i.importer, i.imported) for i in imports)
