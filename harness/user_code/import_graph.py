"""The source files of a module and of the local modules that it imports, read without importing anything."""

from __future__ import annotations

import ast
import site
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

PACKAGE = __name__.partition(".")[0]


class NamedCodeFinder(MetaPathFinder):
    """Base of this project's finders, which find only what configs name."""

    def look_up(self, name: str) -> ModuleSpec | None:
        """The spec of a top-level module that a config could name; None if there is none."""
        return None


def local_modules(name: str) -> dict[str, Path]:
    """The files of a module and of the local modules that it imports, directly or not, by module; without installed
    ones.

    Imports are read from the source, wherever in it they stand; `import_module("name")` counts too.
    """
    files: dict[str, Path] = {}
    pending, visited = [name], set()
    while pending:
        parts = [part for part in pending.pop().split(".") if part]
        for end in range(1, len(parts) + 1):
            module = ".".join(parts[:end])
            if module in visited:
                continue
            visited.add(module)
            path = file_of(module)
            if path is not None and not _is_installed(path):
                files[module] = path
                pending += _imports(path, module)
    return files


def is_local(module: str) -> bool:
    """Whether a module is one of the user: neither part of Python, nor installed, nor of this package."""
    path = file_of(module)
    return path is not None and not _is_installed(path)


def is_own(module: str) -> bool:
    """Whether a module is one of this package."""
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def file_of(module: str) -> Path | None:
    """The file of a module, without importing it; None if there is none, or the module is part of Python or ours."""
    if module.partition(".")[0] in sys.stdlib_module_names or is_own(module):
        return None
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded and Path(loaded).is_file():
        return Path(loaded)
    spec = _spec_of(module)
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None


def _spec_of(module: str) -> ModuleSpec | None:
    parent, _, tail = module.rpartition(".")
    if parent:
        folders = _search_folders(parent)
        # By its last name: the search locations of a package without `__init__.py` ask `sys.modules` for its parent.
        return None if folders is None else PathFinder.find_spec(tail, folders)
    for finder in sys.meta_path:
        with suppress(Exception):  # finders of other packages may raise anything
            spec = None if isinstance(finder, NamedCodeFinder) else finder.find_spec(module, None)
            if spec is not None:
                return spec
    specs = (finder.look_up(module) for finder in sys.meta_path if isinstance(finder, NamedCodeFinder))
    return next((spec for spec in specs if spec is not None), None)


def _search_folders(package: str) -> list[str] | None:
    """The folders of a package's submodules; None if it is no package."""
    loaded = getattr(sys.modules.get(package), "__path__", None)
    with suppress(KeyError):  # a folder without `__init__.py` looks its parent up, which may not be imported any more
        if loaded is not None:
            return list(loaded)
    spec = _spec_of(package)
    return None if spec is None or spec.submodule_search_locations is None else list(spec.submodule_search_locations)


@cache
def _installed_folders() -> tuple[Path, ...]:
    paths = {path for name, path in sysconfig.get_paths().items() if name.endswith(("stdlib", "lib"))}
    paths |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(Path(path).resolve() for path in paths)


def _is_installed(file: Path) -> bool:
    resolved = file.resolve()
    return any(resolved.is_relative_to(folder) for folder in _installed_folders()) or bool(
        {"site-packages", "dist-packages"} & set(resolved.parts)
    )


def _imports(path: Path, module: str) -> Iterator[str]:
    """Names of modules that a source file imports; some of them may be attributes of modules instead."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):  # importing it gives the error
        return
    package = module if path.name.startswith("__init__.") else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node.level, node.module)
            if base:
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
            elif node.level == 0 or not package:
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and _name_of(node.func) in ("import_module", "__import__") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
                level = len(first.value) - len(first.value.lstrip("."))
                yield _absolute(package, level, first.value.lstrip(".") or None)


def _absolute(package: str, level: int, name: str | None) -> str:
    """The absolute name of a module that is imported from inside a package, `level` dots up."""
    if level == 0:
        return name or ""
    base = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*base, name] if name else base)


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
