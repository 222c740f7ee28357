"""Columns of packed records: the values of one field, in the smallest form that holds them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple, Protocol

FEW = 16
"""Number of distinct values up to which a column is coded, however short it is."""
MOST_CODES = 2**16
"""Number of distinct values from which a column is no longer coded; codes have two bytes."""


class Values(Protocol):
    """The values of one field of records, in their order."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Column(Values, Protocol):
    """Values that can be taken out by row."""

    def take(self, rows: Sequence[int], /) -> Column:
        """Returns the values of some rows, in the order of `rows`."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value in all rows."""

    value: Any
    n_rows: int

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, row: int) -> Any:
        return self.value

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.value, self.n_rows)

    def take(self, rows: Sequence[int]) -> Constant:
        """Returns the values of some rows."""
        return Constant(self.value, len(rows))


@dataclass(frozen=True, slots=True)
class Coded:
    """Values that repeat, or that another column has: an index for each row."""

    codes: array[int]
    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> Any:
        return self.values[self.codes[row]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.values.__getitem__, self.codes)

    def take(self, rows: Sequence[int]) -> Coded:
        """Returns the values of some rows."""
        return Coded(array(self.codes.typecode, map(self.codes.__getitem__, rows)), self.values)


@dataclass(frozen=True, slots=True)
class Plain:
    """Values as they are: texts that do not repeat, or integers of four bytes."""

    items: list[Any] | array[int]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Any:
        return self.items[row]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def take(self, rows: Sequence[int]) -> Plain:
        """Returns the values of some rows."""
        items = map(self.items.__getitem__, rows)
        return Plain(list(items) if isinstance(self.items, list) else array(self.items.typecode, items))


@dataclass(frozen=True, slots=True)
class Chained:
    """Short texts in ASCII, one after another in a single text: no object for each."""

    text: str
    starts: array[int]
    """Start of each row, and the end of the last."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> str:
        return self.text[self.starts[row] : self.starts[row + 1]]

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    def take(self, rows: Sequence[int]) -> Plain:
        """Returns the values of some rows."""
        return Plain(list(map(self.__getitem__, rows)))


@dataclass(frozen=True, slots=True)
class Spans:
    """Texts that are spans of other texts, cut out when they are read."""

    sources: Coded
    """The text that each row is a span of; None if it is not known."""
    starts: Column
    ends: Column
    own: Mapping[int, str]
    """Texts of rows whose source is not known."""

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, row: int) -> str | None:
        source = self.sources[row]
        return self.own.get(row) if source is None else source[self.starts[row] : self.ends[row]]

    def __iter__(self) -> Iterator[str | None]:
        spans = zip(self.sources, self.starts, self.ends, strict=True)
        if not self.own:
            return (None if source is None else source[start:end] for source, start, end in spans)
        return (
            self.own.get(row) if source is None else source[start:end] for row, (source, start, end) in enumerate(spans)
        )

    def take(self, rows: Sequence[int]) -> Spans:
        """Returns the values of some rows."""
        own = {new: self.own[row] for new, row in enumerate(rows) if row in self.own} if self.own else {}
        return Spans(self.sources.take(rows), self.starts.take(rows), self.ends.take(rows), own)


def ids_of(column: Column) -> list[str]:
    """The values of a column as a list: its own, if it has one."""
    return column.items if isinstance(column, Plain) and isinstance(column.items, list) else list(column)


def recoded(column: Column, values: Sequence[Any]) -> Coded:
    """Returns other values in the place of those of a coded column, and None beyond their end."""
    if not isinstance(column, Coded):
        raise TypeError("expected a column of codes")
    return Coded(column.codes, [*values, *[None] * (len(column.values) - len(values))])


class Reference(NamedTuple):
    """The ids that a field refers to."""

    row_of: Mapping[str, int]
    """Row of each id."""
    ids: Sequence[str]
    """Id of each row."""


class ColumnBuilder(Protocol):
    """Takes the values of a column, block by block."""

    def add(self, values: Values, /) -> None:
        """Appends a block of values."""

    def column(self) -> Column:
        """Returns the column; nothing is added to it later."""


class ReferenceBuilder:
    """Keeps ids as rows of what they refer to."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._unknown: dict[str, int] = {}
        self._codes = array("I")

    def add(self, values: Values) -> None:
        """Appends a block of ids; one that refers to nothing is kept, too."""
        row_of = self._reference.row_of
        try:
            self._codes.extend(list(map(row_of.__getitem__, values)))
        except KeyError:
            n_known, unknown = len(self._reference.ids), self._unknown
            for value in values:
                code = row_of.get(value)
                self._codes.append(n_known + unknown.setdefault(value, len(unknown)) if code is None else code)

    def column(self) -> Coded:
        """Returns the ids."""
        ids = self._reference.ids
        return Coded(self._codes, [*ids, *self._unknown] if self._unknown else ids)


class ChainedBuilder:
    """Keeps short texts in ASCII in a single text, and others as they are."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._starts = array("I", [0])
        self._plain: list[Any] | None = None

    def add(self, values: Values) -> None:
        """Appends a block of texts."""
        if self._plain is None:
            block = "".join(values)
            if block.isascii() and self._starts[-1] + len(block) < 2**32:
                self._blocks.append(block)
                end = self._starts[-1]
                for value in values:
                    end += len(value)
                    self._starts.append(end)
                return
            self._plain = list(self._chained())
        self._plain += values

    def column(self) -> Column:
        """Returns the texts."""
        return self._chained() if self._plain is None else Plain(self._plain)

    def _chained(self) -> Chained:
        return Chained("".join(self._blocks), self._starts)


class GeneralBuilder:
    """Keeps a value once as long as all are equal, as codes as long as many are, and as they are otherwise."""

    def __init__(self) -> None:
        self._n_rows = 0
        self._code_of: dict[Any, int] = {}
        self._codes: array[int] | None = None
        self._items: list[Any] | array[int] | None = None

    def add(self, values: Values) -> None:
        """Appends a block of values, all of them hashable."""
        if self._items is None and len(values):
            self._add_codes(values)
        elif self._items is not None:
            self._add_items(values)
        self._n_rows += len(values)

    def column(self) -> Column:
        """Returns the values."""
        if self._items is not None:
            return Plain(self._items)
        distinct = list(self._code_of)
        if self._codes is not None:
            return Coded(self._codes, distinct)
        return Constant(distinct[0] if distinct else None, self._n_rows)

    def _add_codes(self, values: Values) -> None:
        value = next(iter(self._code_of), values[0])
        if self._codes is None:
            if list(values).count(value) == len(values):
                self._code_of[value] = 0
                return
            if type(value) is int:
                self._items = array("I")
                self._add_items([value] * self._n_rows)
                self._add_items(values)
                return
            self._codes = array("H", bytes(2 * self._n_rows))
        code_of = self._code_of
        for value in dict.fromkeys(values):
            code_of.setdefault(value, len(code_of))
        if len(code_of) >= MOST_CODES or len(code_of) > max(FEW, (self._n_rows + len(values)) // 2):
            before = Coded(self._codes, list(code_of))
            self._items = [*before, *values]
            self._code_of, self._codes = {}, None
        else:
            self._codes.extend(map(code_of.__getitem__, values))

    def _add_items(self, values: Values) -> None:
        items = [] if self._items is None else self._items
        if isinstance(items, array):
            try:
                items += array("I", values)
                return
            except (OverflowError, TypeError):  # larger than four bytes, below zero, or absent
                items = list(items)
        items += values
        self._items = items
