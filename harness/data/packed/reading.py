"""Reads JSON Lines files into packed records, some megabytes at a time."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from harness.data.jsonl import line_blocks, read_records
from harness.data.packed.columns import Column
from harness.data.packed.records import PackedRecords, Packer
from harness.errors import Fault, FaultsError
from harness.files import UTF_16_MARKS
from harness.records import Record

R = TypeVar("R", bound=Record)
Check = Callable[[Sequence[tuple[int, R]]], list[Fault]]
"""Returns the faults of some records, which are given with their lines."""
READ_SIZE = 2_000_000
"""Bytes that are parsed at once."""
UNDECODED = ("not-text", "not-utf-8")
"""Codes of the faults of a file that is no text."""
MARKS = (*UTF_16_MARKS, b"\xef\xbb")
"""First two bytes that have a meaning at the start of a file alone."""


@dataclass(frozen=True)
class PackedFile(Generic[R]):
    """The records of a file."""

    path: Path
    records: PackedRecords[R]
    lines: Sequence[int]
    """Line of each record, from 1."""
    unreadable: list[Fault]
    """Faults of the lines that have no record."""
    faults: list[Fault]
    """What a check found in the records."""


def no_faults(_: Sequence[tuple[int, Record]]) -> list[Fault]:
    """The check of a file that has none."""
    return []


def read_packed(
    path: Path,
    packer: Packer[R],
    check: Check[R] = no_faults,
    columns: Callable[[dict[str, Column]], dict[str, Column]] | None = None,
) -> PackedFile[R]:
    """Reads a JSON Lines file of records. The faults of its lines are those of `read_records`.

    Args:
        path: the file.
        packer: packs the records; takes no others.
        check: looks at the records, block by block.
        columns: returns all columns, given those that the packer kept; default: it kept all.
    """
    lines, unreadable, faults = array("I"), list[Fault](), list[Fault]()
    n_before = 0
    try:
        for data in line_blocks(path, READ_SIZE):
            # After the start of a file, the bytes of a mark are a fault of their line.
            shift = 1 if n_before and data[:2] in MARKS else 0
            records, line_faults = read_records(path, packer.kind, b"\n" + data if shift else data)
            if any(fault.code in UNDECODED for fault in line_faults):
                # Offsets in the message count from the start of the file, which has no record.
                return packed_file(path, packer.kind, read_records(path, packer.kind)[1])
            first = n_before - shift
            numbered = [(first + line, record) for line, record in records] if first else records
            unreadable += [replace(fault, line=fault.line and first + fault.line) for fault in line_faults]
            packer.add([record for _, record in numbered])
            lines.extend(line for line, _ in numbered)
            faults += check(numbered)
            n_before += data.count(b"\n")
    except FaultsError as error:
        return packed_file(path, packer.kind, error.faults)
    all_columns = packer.columns()
    records_of_file = packer.packed(all_columns if columns is None else columns(all_columns))
    return PackedFile(path, records_of_file, lines, unreadable, faults)


def packed_file(path: Path, kind: type[R], faults: Iterable[Fault] = ()) -> PackedFile[R]:
    """A file without records: one that does not exist, or one that cannot be read for these faults."""
    return PackedFile(path, Packer(kind).packed(), array("I"), list(faults), [])
