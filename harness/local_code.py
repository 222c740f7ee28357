"""Code that a config names as `module:Name`: whether it may run, which files it consists of, and their fingerprint.

Nothing in the working folder is imported unless a config names it, or a module that a config names imports it. So a
file that happens to be called like an optional dependency of an installed library never runs.
"""

from __future__ import annotations

import ast
import importlib
import site
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from uuid import uuid4

from harness.errors import HarnessError
from harness.files import fingerprint, sha256

PACKAGE = __name__.partition(".")[0]


class CodeRefused(HarnessError):
    """A config names code, and the user asked that none runs."""

    code = "code-refused"


class WorkingFolderFinder(MetaPathFinder):
    """Finds modules in one folder, but only those that were allowed; installed packages take precedence.

    Args:
        folder: the folder.
        names: top-level modules that may be imported from it.
    """

    def __init__(self, folder: Path, names: Iterable[str] = ()) -> None:
        self.folder = folder
        self.names = set(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of an allowed top-level module; submodules are found through their package."""
        return self.look_up(fullname) if path is None and fullname in self.names else None

    def look_up(self, name: str) -> ModuleSpec | None:
        """The spec of a top-level module in the folder, allowed or not; None if the folder has no such module."""
        return PathFinder.find_spec(name, [str(self.folder)])


class _Loaded(NamedTuple):
    """A module that was imported by name."""

    fingerprint: str
    """Fingerprint of its code at the time."""
    modules: tuple[str, ...]
    """The module and the local modules that it imports."""


class _Policy:
    """What this process allows; one object, because the import system belongs to the process too."""

    def __init__(self) -> None:
        self.finder: WorkingFolderFinder | None = None
        self.announce: Callable[[str], None] = lambda _: None
        self.refusal: str | None = None
        self.loaded: dict[str, _Loaded] = {}

    def serve(self, folder: Path | None, names: Iterable[str] = ()) -> None:
        """Replaces the finder by one for another folder; None: removes it."""
        if self.finder is not None and self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)
        self.finder = None if folder is None else WorkingFolderFinder(folder, names)
        if self.finder is not None:
            sys.meta_path.append(self.finder)


_POLICY = _Policy()


@contextmanager
def working_folder(folder: Path, announce: Callable[[str], None]) -> Iterator[None]:
    """Lets configs name modules of a folder while the block runs.

    Args:
        folder: the folder.
        announce: called with `module:Name` before its code runs, once for each package or top-level module.
    """
    _POLICY.serve(folder)
    announced: set[str] = set()

    def announce_once(target: str) -> None:
        package = target.partition(":")[0].partition(".")[0]
        if package not in announced:
            announced.add(package)
            announce(target)

    _POLICY.announce = announce_once
    try:
        yield
    finally:
        _POLICY.serve(None)
        _POLICY.announce = lambda _: None
        _POLICY.refusal = None


def refuse_code(reason: str) -> None:
    """Makes `import_named_module` refuse, until the block of `working_folder` ends.

    Args:
        reason: the option that refuses it ("--no-code"), for the message.
    """
    _POLICY.refusal = reason


def import_named_module(name: str, target: str) -> ModuleType:
    """Imports a module that a config names, anew if its source, or that of a local module it imports, has changed.

    Args:
        name: the module.
        target: how the config names it (`module:Name`).
    Raises: CodeRefused: the user asked that no code of a config runs. Any error of the module itself.
    """
    if _POLICY.refusal is not None:
        raise CodeRefused(
            f"'{target}' is code that the config names, which {_POLICY.refusal} refuses; read it, then run without "
            f"{_POLICY.refusal}, or use a registered name"
        )
    _POLICY.announce(target)
    modules = tuple(sorted(local_modules(name)))
    _allow(modules)
    current = _Loaded(code_fingerprint([name]), modules)
    previous = _POLICY.loaded.get(name)
    if previous is not None and previous.fingerprint != current.fingerprint:
        _forget(previous.modules)
    module = importlib.import_module(name)
    _POLICY.loaded[name] = current
    return module


def _allow(modules: Iterable[str]) -> None:
    if _POLICY.finder is not None:
        _POLICY.finder.names |= {module.partition(".")[0] for module in modules}


def _forget(modules: Iterable[str]) -> None:
    for module in modules:
        sys.modules.pop(module, None)
    importlib.invalidate_caches()


class WorkerCode:
    """Makes the modules that configs named importable in a worker process, when it is unpickled there.

    Pass it before arguments that contain objects of such modules: pickle restores arguments in their order.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        finder = _POLICY.finder
        served = (None, ()) if finder is None else (str(finder.folder), tuple(sorted(finder.names)))
        return _serve_in_worker, (*served, dict(_POLICY.loaded))


def _serve_in_worker(folder: str | None, names: Sequence[str], loaded: Mapping[str, _Loaded]) -> WorkerCode:
    finder = _POLICY.finder
    if folder is not None and (finder is None or str(finder.folder) != folder or not set(names) <= finder.names):
        _POLICY.serve(Path(folder), names)
    for name, code in loaded.items():  # a worker outlives a run, so it may hold the code of an earlier one
        if _POLICY.loaded.get(name, code).fingerprint != code.fingerprint:
            _forget(_POLICY.loaded[name].modules)
        _POLICY.loaded[name] = code
    return WorkerCode()


def code_fingerprint(modules: Iterable[str]) -> str:
    """The fingerprint of the source of modules and of the local modules that they import.

    Local modules are those of the user: neither part of Python, nor installed, nor of this package. An installed module
    counts with its own file only; the versions of its packages are recorded elsewhere.

    Args:
        modules: names of modules; those of this package do not count.
    """
    files: dict[str, Path] = {}
    unreadable = []
    for name in modules:
        if _is_own(name):
            continue
        local = local_modules(name)
        path = local.get(name) or _file_of(name)
        if path is None:  # typed into a session: its code cannot be read, so no earlier fit may count as the same
            unreadable.append(uuid4().hex)
        else:
            files |= {name: path} | local
    return fingerprint([*((name, sha256(files[name].read_bytes())) for name in sorted(files)), *unreadable])


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
            path = _file_of(module)
            if path is not None and not _is_installed(path):
                files[module] = path
                pending += _imports(path, module)
    return files


def _is_own(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def _file_of(module: str) -> Path | None:
    """The file of a module, without importing it; None if there is none, or the module is part of Python or ours."""
    if module.partition(".")[0] in sys.stdlib_module_names or _is_own(module):
        return None
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded and Path(loaded).is_file():
        return Path(loaded)
    spec = _spec_of(module)
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None


def _spec_of(module: str) -> ModuleSpec | None:
    parent, _, _ = module.rpartition(".")
    if parent:
        folders = _search_folders(parent)
        return None if folders is None else PathFinder.find_spec(module, folders)
    for finder in sys.meta_path:
        with suppress(Exception):  # finders of other packages may raise anything
            spec = None if finder is _POLICY.finder else finder.find_spec(module, None)
            if spec is not None:
                return spec
    return _POLICY.finder.look_up(module) if _POLICY.finder is not None else None


def _search_folders(package: str) -> list[str] | None:
    """The folders of a package's submodules; None if it is no package."""
    loaded = getattr(sys.modules.get(package), "__path__", None)
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
