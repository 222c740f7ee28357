"""Code that a config names as `module:Name`: whether it may run, which files it consists of, and their fingerprint.

Nothing in the working folder is imported unless a config names it, or a module that a config names imports it. So a
file that happens to be called like an optional dependency of an installed library never runs.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple
from uuid import uuid4

from harness.errors import HarnessError
from harness.files import fingerprint, sha256
from harness.user_code.import_graph import NamedCodeFinder, file_of, is_local, is_own, local_modules
from harness.user_code.process import BEGAN

SAFE_PATH = "PYTHONSAFEPATH"


class CodeRefused(HarnessError):
    """A config names code, and the user asked that none runs."""

    code = "code-refused"


class WorkingFolderFinder(NamedCodeFinder):
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


class LocalSource(NamedTuple):
    """The source of a local module, as this process hashes and imports it."""

    path: str
    sha256: str


class CodeChanged(HarnessError):
    """A local module was edited after its source was hashed and before it was imported."""

    code = "code-changed"


class HashedLoader(SourceFileLoader):
    """Compiles the source that was hashed, and no other: neither a newer one nor a cached `.pyc` of an older one.

    Args:
        fullname: the module.
        source: its source.
    """

    def __init__(self, fullname: str, source: LocalSource) -> None:
        super().__init__(fullname, source.path)
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        """The compiled source.

        Raises: CodeChanged: the file has other content by now.
        """
        data = self.get_data(self.path)
        if sha256(data) != self.source.sha256:
            raise CodeChanged(f"{self.path}: was changed while code that imports it ran; run the same again")
        return self.source_to_code(data, self.path)


class HashedFinder(NamedCodeFinder):
    """Finds the local modules that configs named, and those that they import, with the source that was hashed."""

    def __init__(self) -> None:
        self.sources: dict[str, LocalSource] = {}
        self.strict = False
        """Whether a changed file is an error; otherwise it is left to other finders, as in a notebook's `reload`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module whose source was hashed."""
        source = self.sources.get(fullname)
        if source is None or not source.path.endswith(".py") or not (self.strict or source == _read(source.path)):
            return None
        return spec_from_file_location(fullname, source.path, loader=HashedLoader(fullname, source))

    def take(self, sources: Mapping[str, LocalSource]) -> None:
        """Adds modules; forgets imported ones that are of another source, and all that import them."""
        self.sources |= sources
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        stale = {module for module in sources if module in sys.modules and not self._is_current(module)}
        if stale:
            _forget({module for module in self.sources if stale & local_modules(module).keys()} - {"__main__"})

    def _is_current(self, module: str) -> bool:
        loader = getattr(sys.modules[module], "__loader__", None)
        if isinstance(loader, HashedLoader):
            return loader.source == self.sources[module]
        return not _was_edited(self.sources[module].path)  # imported by other code of this process


class _Policy:
    """What this process allows; one object, because the import system belongs to the process too."""

    def __init__(self) -> None:
        self.finder: WorkingFolderFinder | None = None
        self.hashed = HashedFinder()
        self.announce: Callable[[str], None] = lambda _: None
        self.refusal: str | None = None
        self.frozen = False

    def serve(self, folder: Path | None, names: Iterable[str] = ()) -> None:
        """Replaces the finder by one for another folder; None: removes it."""
        if self.finder is not None and self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)
        self.finder = None if folder is None else WorkingFolderFinder(folder, names)
        self.hashed.strict = folder is not None
        if self.finder is not None:
            sys.meta_path.append(self.finder)


_POLICY = _Policy()


@contextmanager
def working_folder(folder: Path, announce: Callable[[str], None]) -> Iterator[None]:
    """Lets configs name modules of a folder while the block runs.

    Args:
        folder: the folder.
        announce: called with `module:Name` before its code runs: once for each of local code, and once for each
            installed package.
    """
    _POLICY.serve(folder)
    announced: set[str] = set()

    def announce_once(target: str) -> None:
        module = target.partition(":")[0]
        package = module.partition(".")[0]
        if target not in announced and (package not in announced or is_local(module)):
            announced.update((target, package))
            announce(target)

    _POLICY.announce = announce_once
    # Python puts the working folder first on the import path of the worker processes that it starts; this keeps it off.
    safe_path = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if safe_path is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = safe_path
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
    return import_current(name)


def import_current(name: str) -> ModuleType:
    """Imports a module, anew if its source, or that of a local module it imports, has changed.

    Raises: any error of the module itself.
    """
    if _POLICY.frozen:
        return importlib.import_module(name)
    while True:
        importlib.invalidate_caches()
        files = local_modules(name)
        if _POLICY.finder is not None:
            _POLICY.finder.names |= {module.partition(".")[0] for module in files}
        _POLICY.hashed.take({module: _read(path) for module, path in files.items()})
        module = importlib.import_module(name)
        if local_modules(name).keys() <= files.keys():  # otherwise it added a folder to the import path
            return module


@contextmanager
def code_as_imported() -> Iterator[None]:
    """Keeps modules as they are while the block runs, even if they are edited: their fingerprints are taken already."""
    _POLICY.frozen = True
    try:
        yield
    finally:
        _POLICY.frozen = False


def _read(path: Path | str) -> LocalSource:
    return LocalSource(str(path), sha256(Path(path).read_bytes()) if Path(path).is_file() else "")


def refuse_changed_code() -> None:
    """Raises: CodeChanged: a local module that was imported has other content by now."""
    changed = [source.path for source in _POLICY.hashed.sources.values() if source != _read(source.path)]
    if changed:
        raise CodeChanged(f"{', '.join(changed)}: changed while the experiment ran; run the same again")


def _forget(modules: Iterable[str]) -> None:
    packages = tuple(f"{module}." for module in modules)
    for module, loaded in list(sys.modules.items()):
        # Folders without `__init__.py` belong to the package that they are in.
        is_folder = module.startswith(packages) and getattr(loaded, "__file__", None) is None
        if is_folder or f"{module}." in packages:
            del sys.modules[module]
    importlib.invalidate_caches()


class WorkerCode:
    """Makes the modules that configs named importable in a worker process, when it is unpickled there.

    Pass it before arguments that contain objects of such modules: pickle restores arguments in their order.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        finder = _POLICY.finder
        served = (None, ()) if finder is None else (str(finder.folder), tuple(sorted(finder.names)))
        return _serve_in_worker, (*served, dict(_POLICY.hashed.sources))


def _serve_in_worker(folder: str | None, names: Sequence[str], sources: Mapping[str, LocalSource]) -> WorkerCode:
    finder = _POLICY.finder
    if folder is not None and (finder is None or str(finder.folder) != folder or not set(names) <= finder.names):
        _POLICY.serve(Path(folder), names)
    _POLICY.hashed.strict = _POLICY.frozen = True
    if _POLICY.hashed.sources != sources:  # a worker outlives a run, so it may hold the code of an earlier one
        _POLICY.hashed.take(sources)
    return WorkerCode()


def code_fingerprint(modules: Iterable[str]) -> str:
    """The fingerprint of the source of modules and of the local modules that they import, as they were imported.

    Local modules are those of the user: neither part of Python, nor installed, nor of this package. An installed module
    counts with its own file only; the versions of its packages are recorded elsewhere.

    Args:
        modules: names of modules; those of this package do not count.
    """
    sources: dict[str, str] = {}
    unreadable = []
    for name in modules:
        if is_own(name):
            continue
        local = local_modules(name)
        path = local.get(name) or file_of(name)
        # Typed into a session, or a script that was edited since it began: code that cannot be read. No earlier fit may
        # count as the same.
        if path is None or (name == "__main__" and any(map(_was_edited, local.values()))):
            unreadable.append(uuid4().hex)
        else:
            sources |= {module: _imported(module, file).sha256 for module, file in ({name: path} | local).items()}
    return fingerprint([*((name, sources[name]) for name in sorted(sources)), *unreadable])


def _imported(module: str, path: Path) -> LocalSource:
    source = _POLICY.hashed.sources.get(module)
    return source if source is not None and source.path == str(path) else _read(path)


def _was_edited(path: Path | str) -> bool:
    """Whether a file has changed since this process imported the package; its ctime cannot be set by hand."""
    return Path(path).stat().st_ctime > BEGAN
