"""From a name in a config to a component: literal tables, entry points, and `module:Class`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from harness.errors import HarnessError, unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class UnknownComponent(HarnessError):
    """A name that no table knows, or a `module:Class` that cannot be imported."""


def import_object(target: str, kind: str) -> object:
    """The object that `module:Name` points to.

    Raises: UnknownComponent: the module cannot be imported, or has no such name.
    """
    module_name, _, name = target.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except Exception as error:  # whatever the module does when it is imported: it is not ours
        said = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise UnknownComponent(f"{kind} '{target}': module '{module_name}' cannot be imported ({said})") from None
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise UnknownComponent(f"{kind} '{target}': module '{module_name}' has no '{name}'") from None
    return found


class Registry(Generic[T]):
    """The components of one kind.

    Args:
        kind: what they are, for messages ("classifier").
        table: name to component; what ships with the project.
        group: the entry-point group under which other packages add theirs; they may not take a shipped name.
    """

    def __init__(self, kind: str, table: Mapping[str, T], group: str) -> None:
        self.kind = kind
        self.table = dict(table)
        self.group = group

    def _entry_points(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=self.group) if point.name not in self.table}

    def names(self) -> list[str]:
        """Every known name, in the table's order, other packages' after it."""
        return [*self.table, *sorted(self._entry_points())]

    def get(self, name: str) -> T:
        """The component of a name.

        Raises: UnknownComponent: no such name, or the package that brings it cannot be imported; the message gives the
            nearest and all known names, or the package.
        """
        if name in self.table:
            return self.table[name]
        added = self._entry_points()
        if name in added:
            return self._of_package(added[name])
        raise UnknownComponent(unknown_name(self.kind, name, self.names()))

    def available(self) -> dict[str, T]:
        """Every component by name, without those whose package cannot be imported."""
        found = {}
        for name in self.names():
            with suppress(UnknownComponent):
                found[name] = self.get(name)
        return found

    def _of_package(self, point: EntryPoint) -> T:
        try:
            return import_object(point.value, f"{self.kind} '{point.name}',")  # type: ignore[return-value]
        except UnknownComponent as error:
            package = f"{point.dist.name} {point.dist.version}" if point.dist else "another package"
            raise UnknownComponent(f"{error}; it comes with {package}, which may have to be mended") from None
