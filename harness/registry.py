"""From a name in a config to a component: literal tables, entry points, and `module:Class`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Generic, TypeVar

from harness.errors import HarnessError, unknown_name

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

    def _entry_points(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {point.name: point.value for point in entry_points(group=self.group) if point.name not in self.table}

    def names(self) -> list[str]:
        """Every known name, in the table's order, other packages' after it."""
        return [*self.table, *sorted(self._entry_points())]

    def get(self, name: str) -> T:
        """The component of a name.

        Raises: UnknownComponent: no such name; the message gives the nearest and all known ones.
        """
        if name in self.table:
            return self.table[name]
        added = self._entry_points()
        if name in added:
            return import_object(added[name], self.kind)  # type: ignore[return-value]
        raise UnknownComponent(unknown_name(self.kind, name, self.names()))
