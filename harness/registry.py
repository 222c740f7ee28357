"""Finds a component by its name in a config: in a table, among entry points, or as `module:Class`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from harness.errors import UnknownName, unknown_name
from harness.user_code.import_graph import is_own
from harness.user_code.local_code import CodeChanged, CodeRefused, import_current, import_named_module

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class UnknownComponent(UnknownName):
    """A name that is not registered, or a `module:Class` that cannot be imported."""


class CannotImport(UnknownComponent):
    """A `module:Class`, or a component of another package, that cannot be imported."""

    code = "cannot-import"


def import_object(target: str, kind: str) -> object:
    """Imports an object of this package or of an installed one, anew if it is local and its source has changed.

    Args:
        target: module and name; the name may have dots (`module:Class.attribute`).
        kind: kind of component ("classifier"), for messages.
    Raises: CannotImport: the module cannot be imported, or has no such name.
    """
    return _object_of(target, kind, import_current)


def import_named(target: str, kind: str) -> object:
    """Imports the object of a `module:Name` that a config gives: code of the user's choice runs.

    Args:
        target: module and name; the name may have dots (`module:Class.attribute`).
        kind: kind of component ("classifier"), for messages.
    Raises:
        CannotImport: the module cannot be imported, has no such name, or a class with fields of unknown types.
        CodeRefused: the user asked that no code of a config runs.
    """
    return _object_of(target, kind, lambda module: import_named_module(module, target))


def _object_of(target: str, kind: str, import_module: Callable[[str], ModuleType]) -> object:
    module_name, _, name = target.partition(":")
    try:
        target_object: object = import_module(module_name)
    except (CodeRefused, CodeChanged):
        raise
    except (Exception, SystemExit) as error:  # foreign code runs on import and may raise anything
        reason = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise CannotImport(f"{kind} '{target}': module '{module_name}' cannot be imported ({reason})") from None
    for part in name.split("."):
        try:
            target_object = getattr(target_object, part)
        except AttributeError:
            raise CannotImport(f"{kind} '{target}': module '{module_name}' has no '{name}'") from None
    if not is_own(module_name):
        try:
            _complete(target_object)
        except Exception as error:  # which pydantic raises for a type that it does not know, and foreign code at will
            reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            raise CannotImport(f"{kind} '{target}': '{name}' has a field that cannot be read ({reason})") from None
    return target_object


def _complete(component: object) -> None:
    """Makes the fields of a class ready, which is otherwise put off until they are used, when nobody names the class.

    Raises: Exception: a field has a type that pydantic does not know.
    """
    from pydantic import BaseModel

    if isinstance(component, type) and issubclass(component, BaseModel):
        component.model_rebuild()


class LazyTable(Mapping[str, T]):
    """Objects of this package by name, each imported on first use.

    Args:
        kind: what the objects are ("reader"), for messages.
        targets: name to `module:Name`.
    """

    def __init__(self, kind: str, targets: Mapping[str, str]) -> None:
        self.kind = kind
        self.targets = dict(targets)

    def __getitem__(self, name: str) -> T:
        return cast(T, import_object(self.targets[name], self.kind))

    def __iter__(self) -> Iterator[str]:
        return iter(self.targets)

    def __len__(self) -> int:
        return len(self.targets)


class Registry(Generic[T]):
    """The components of one kind, by name.

    Args:
        kind: kind of component ("classifier"), for messages.
        table: components of this package: name to component, or to its `module:Name`, which is imported on first use.
        group: entry-point group for components of other packages; a name of `table` takes precedence.
    """

    def __init__(self, kind: str, table: Mapping[str, T | str], group: str) -> None:
        self.kind = kind
        self.table = dict(table)
        self.group = group

    def _entry_points(self) -> dict[str, list[EntryPoint]]:
        """Returns the entry points of other packages by name; several packages may use the same name."""
        from importlib.metadata import entry_points

        by_name: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=self.group):
            if point.name not in self.table:
                by_name.setdefault(point.name, []).append(point)
        return by_name

    def names(self) -> list[str]:
        """Returns all names: those of the table in its order, then those of other packages in alphabetical order."""
        return [*self.table, *sorted(self._entry_points())]

    def get(self, name: str) -> T:
        """Returns the component with this name.

        Raises: UnknownComponent: no such name; the message gives the closest and all known names. CannotImport: the
            component of another package cannot be imported; the message names the package.
        """
        if name in self.table:
            entry = self.table[name]
            return cast(T, import_object(entry, self.kind) if isinstance(entry, str) else entry)
        entry_points = self._entry_points()
        if name in entry_points:
            return self._import(name, entry_points[name])
        raise UnknownComponent(unknown_name(self.kind, name, self.names()))

    def each(self) -> dict[str, T | UnknownComponent]:
        """Returns all components by name, with the error in place of a component that cannot be imported."""
        components: dict[str, T | UnknownComponent] = {}
        for name in self.names():
            try:
                components[name] = self.get(name)
            except UnknownComponent as error:
                components[name] = error
        return components

    def _import(self, name: str, points: list[EntryPoint]) -> T:
        packages = [f"{point.dist.name} {point.dist.version}" if point.dist else "unknown" for point in points]
        if len(points) > 1:
            # Entry points have no order that is the same on every machine, so no package can take precedence.
            message = f"several packages register this name: {', '.join(sorted(packages))}; uninstall all but one"
            raise CannotImport(f"{self.kind} '{name}': {message}")
        try:
            # An entry point may name extras after its target: `module:Name [extra]`.
            return import_object(points[0].value.partition("[")[0].strip(), self.kind)  # type: ignore[return-value]
        except UnknownComponent as error:
            message = f"{error}; the package {packages[0]} registers it: repair or uninstall the package"
            raise CannotImport(message) from None
