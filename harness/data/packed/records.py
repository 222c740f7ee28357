"""Sequences of records that keep a column per field; a record becomes an object when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, overload

from harness.data.packed.columns import (
    ChainedBuilder,
    Column,
    ColumnBuilder,
    GeneralBuilder,
    Reference,
    ReferenceBuilder,
    Values,
)
from harness.display import Rows, ShownRows
from harness.records import Record

R = TypeVar("R", bound=Record)
BLOCK = 10_000
"""Records that are packed at once."""


class PackedRecords(ShownRows, Sequence[R]):
    """Frozen records by column. Equal to a tuple of equal records, and added to one like a tuple."""

    __slots__ = ("_columns", "_kind", "_n_records", "_names")

    def __init__(self, kind: type[R], columns: Mapping[str, Column], n_records: int) -> None:
        self._kind = kind
        self._columns = columns
        self._n_records = n_records
        # One set for all records: nothing changes it, because they are frozen and their copies get a set of their own.
        self._names = set(columns)

    def column(self, name: str) -> Column:
        """Returns the values of a field, without a record for each."""
        return self._columns[name]

    def take(self, rows: Sequence[int]) -> PackedRecords[R]:
        """Returns the records of some rows, in the order of `rows`."""
        columns = {name: column.take(rows) for name, column in self._columns.items()}
        return PackedRecords(self._kind, columns, len(rows))

    def __len__(self) -> int:
        return self._n_records

    @overload
    def __getitem__(self, row: int) -> R: ...
    @overload
    def __getitem__(self, row: slice) -> PackedRecords[R]: ...
    def __getitem__(self, row: int | slice) -> R | PackedRecords[R]:
        if isinstance(row, slice):
            return self.take(range(*row.indices(self._n_records)))
        if not -self._n_records <= row < self._n_records:
            raise IndexError(f"record {row} of {self._n_records}")
        row %= self._n_records
        return self._record({name: column[row] for name, column in self._columns.items()})

    def __iter__(self) -> Iterator[R]:
        names = tuple(self._columns)
        for values in zip(*self._columns.values(), strict=True):
            yield self._record(dict(zip(names, values, strict=True)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PackedRecords | tuple):
            return NotImplemented
        return len(self) == len(other) and all(left == right for left, right in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __add__(self, other: object) -> Rows[R]:
        return Rows((*self, *other)) if isinstance(other, PackedRecords | tuple) else NotImplemented

    def __radd__(self, other: object) -> Rows[R]:
        return Rows((*other, *self)) if isinstance(other, tuple) else NotImplemented

    def _record(self, values: dict[str, Any]) -> R:
        """A record of values that were validated before: ten times faster than validating them again."""
        record = self._kind.__new__(self._kind)
        object.__setattr__(record, "__dict__", values)
        object.__setattr__(record, "__pydantic_fields_set__", self._names)
        object.__setattr__(record, "__pydantic_extra__", None)
        object.__setattr__(record, "__pydantic_private__", None)
        return record


class Packer(Generic[R]):
    """Packs records block by block.

    Args:
        kind: class of the records.
        references: what fields refer to, by field.
        chained: fields of short texts that nothing refers to, such as the ids of annotations.
        left_out: fields that are not kept, because the caller adds their columns.
    """

    def __init__(
        self,
        kind: type[R],
        references: Mapping[str, Reference] | None = None,
        chained: Iterable[str] = (),
        left_out: Iterable[str] = (),
    ) -> None:
        self.kind = kind
        self._builders: dict[str, ColumnBuilder] = {
            name: GeneralBuilder() for name in kind.model_fields if name not in set(left_out)
        }
        self._builders |= {name: ChainedBuilder() for name in chained}
        self._builders |= {name: ReferenceBuilder(reference) for name, reference in (references or {}).items()}
        self._n_records = 0

    def add(self, records: Sequence[R]) -> None:
        """Appends records."""
        for name, builder in self._builders.items():
            builder.add(column_of(records, name))
        self._n_records += len(records)

    def columns(self) -> dict[str, Column]:
        """Returns the columns of the fields that are kept."""
        return {name: builder.column() for name, builder in self._builders.items()}

    def packed(self, columns: Mapping[str, Column] | None = None) -> PackedRecords[R]:
        """Returns the records.

        Args:
            columns: all columns, if some were left out; default: those that are kept.
        """
        columns = self.columns() if columns is None else columns
        ordered = {name: columns[name] for name in self.kind.model_fields}
        return PackedRecords(self.kind, ordered, self._n_records)


def joined(kind: type[R], parts: Sequence[PackedRecords[R]], references: Mapping[str, Reference]) -> PackedRecords[R]:
    """Returns the records of several sequences as one.

    Args:
        kind: class of the records.
        parts: the sequences.
        references: what fields refer to, by field.
    """
    columns: dict[str, Column] = {}
    for name in kind.model_fields:
        builder = ReferenceBuilder(references[name]) if name in references else GeneralBuilder()
        for part in parts:
            values = iter(part.column(name))
            while block := list(islice(values, BLOCK)):
                builder.add(block)
        columns[name] = builder.column()
    return PackedRecords(kind, columns, sum(map(len, parts)))


def column_of(records: Sequence[Record], name: str) -> Values:
    """The values of a field of records, packed or not."""
    if isinstance(records, PackedRecords):
        return records.column(name)
    return [getattr(record, name) for record in records]


def taken(records: Sequence[R], rows: Sequence[int]) -> Sequence[R]:
    """The records of some rows, in the order of `rows`; packed ones stay packed."""
    return records.take(rows) if isinstance(records, PackedRecords) else [records[row] for row in rows]


def chosen(records: Sequence[R], names: Sequence[str], keep: Callable[..., bool]) -> Sequence[R]:
    """The records whose values of some fields are to be kept; all of them as they are, if none is left out."""
    columns = (column_of(records, name) for name in names)
    rows = [row for row, values in enumerate(zip(*columns, strict=True)) if keep(*values)]
    return records if len(rows) == len(records) else taken(records, rows)
