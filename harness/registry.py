"""From a name in a config to a component: literal tables, entry points, and `module:Class`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from harness.errors import UnknownName, unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class UnknownComponent(UnknownName):
    """A name that no table knows, or a `module:Class` that cannot be imported."""


class CannotImport(UnknownComponent):
    """A `module:Class`, or another package's component, that cannot be imported."""

    code = "cannot-import"


def import_object(target: str, kind: str) -> object:
    """The object that `module:Name` points to.

    Raises: CannotImport: the module cannot be imported, or has no such name.
    """
    module_name, _, name = target.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever the module does when it is imported: it is not ours
        said = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise CannotImport(f"{kind} '{target}': module '{module_name}' cannot be imported ({said})") from None
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise CannotImport(f"{kind} '{target}': module '{module_name}' has no '{name}'") from None
    return found


class Registry(Generic[T]):
    """The components of one kind.

    Args:
        kind: what they are, for messages ("classifier").
        table: name to component, or to its `module:Name`, which is imported when it is asked for; what ships with the
            project.
        group: the entry-point group under which other packages add theirs; they may not take a shipped name.
    """

    def __init__(self, kind: str, table: Mapping[str, T | str], group: str) -> None:
        self.kind = kind
        self.table = dict(table)
        self.group = group

    def _entry_points(self) -> dict[str, list[EntryPoint]]:
        """Those of other packages by name; one name may be taken by several."""
        from importlib.metadata import entry_points

        found: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=self.group):
            if point.name not in self.table:
                found.setdefault(point.name, []).append(point)
        return found

    def names(self) -> list[str]:
        """Every known name, in the table's order, other packages' after it."""
        return [*self.table, *sorted(self._entry_points())]

    def get(self, name: str) -> T:
        """The component of a name.

        Raises: UnknownComponent: no such name; the message gives the nearest and all known ones. CannotImport: another
            package's cannot be had; the message names the package.
        """
        if name in self.table:
            entry = self.table[name]
            return cast(T, import_object(entry, self.kind) if isinstance(entry, str) else entry)
        added = self._entry_points()
        if name in added:
            return self._import(name, added[name])
        raise UnknownComponent(unknown_name(self.kind, name, self.names()))

    def each(self) -> dict[str, T | UnknownComponent]:
        """Every component by name; for another package's that cannot be had, why not."""
        found: dict[str, T | UnknownComponent] = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except UnknownComponent as error:
                found[name] = error
        return found

    def _import(self, name: str, points: list[EntryPoint]) -> T:
        packages = [f"{point.dist.name} {point.dist.version}" if point.dist else "unknown" for point in points]
        if len(points) > 1:
            said = f"two packages add one: {', '.join(sorted(packages))}; uninstall one of them"
            raise CannotImport(f"{self.kind} '{name}': {said}")
        try:
            return import_object(points[0].value.partition("[")[0].strip(), self.kind)  # type: ignore[return-value]
        except UnknownComponent as error:
            said = f"{error}; it comes with the package {packages[0]}: repair or uninstall it"
            raise CannotImport(said) from None
