"""Reads JSON Lines files of records with the line of every fault, and writes them with a fixed order of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import Fault, FaultsError
from harness.files import UTF_16_MARKS, decode, json_line, opened, read_bytes
from harness.records import Record, explain_validation

R = TypeVar("R", bound=Record)
BLOCK = 8_000_000
"""Bytes of a large file that are in memory at once."""
LINES_AT_ONCE = 10_000
"""Lines that are parsed at once."""


def read_records(path: Path, kind: type[R], data: bytes | None = None) -> tuple[list[tuple[int, R]], list[Fault]]:
    """Reads a JSONL file. Skips empty lines.

    Args:
        path: file in UTF-8 with one JSON object per line; LF or CRLF.
        kind: record class of each line.
        data: content of the file, if it is already in memory.
    Returns: (line number from 1, record) pairs in order, and all faults of the file.
    """
    try:
        text = decode(read_bytes(path) if data is None else data, path)
    except FaultsError as error:
        return [], list(error.faults)
    text = text.replace("\r\n", "\n")
    records = _read_sound_lines(text, kind)
    if records is not None:
        return records, []
    # Not splitlines(): it also splits at U+2028 and other characters that a JSON string may contain.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    records, faults = [], []
    for number, line in lines:
        try:
            records.append((number, kind.model_validate_json(line)))
        except ValidationError as error:
            faults += [
                Fault(str(path), number, ".".join(map(str, key_path)) or None, message, code)
                for key_path, message, code, _ in explain_validation(error)
            ]
    return records, faults


def line_blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """Yields the bytes of a file in blocks of whole lines, of at least `size` bytes but for the last.

    A file in UTF-16 is one block, because its lines do not end with the byte of a line end. See `read_bytes` for the
    errors.
    """
    with opened(path) as file:
        block = file.read(size)
        if block[:2] in UTF_16_MARKS:
            yield block + file.read()
            return
        while block := block + file.readline():
            yield block
            block = file.read(size)


def _read_sound_lines(text: str, kind: type[R]) -> list[tuple[int, R]] | None:
    """Reads lines as JSON arrays, which is several times faster than one by one; None if any of them has a fault."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    # No record spans two lines: JSON strings cannot contain the raw line break of the separator, and each line begins
    # and ends with a brace.
    if not (body.startswith("{") and body.endswith("}") and body.count("}\n{") == len(lines) - 1):
        return None
    adapter: TypeAdapter[list[R]] = TypeAdapter(list[kind])  # type: ignore[valid-type]
    records = list[R]()
    shared = dict[frozenset[str], set[str]]()
    for start in range(0, len(lines), LINES_AT_ONCE):
        block = lines[start : start + LINES_AT_ONCE]
        try:
            parsed = adapter.validate_json(f"[{','.join(block)}]")
        except ValidationError:
            return None
        if len(parsed) != len(block):
            return None
        _share_names_of_fields(parsed, shared)
        records += parsed
    return list(enumerate(records, start=1))


def _share_names_of_fields(records: Iterable[Record], shared: dict[frozenset[str], set[str]]) -> None:
    """Gives records with the same fields one set of the names of these fields: their own take a third of the memory.

    Nothing changes such a set, because records are frozen and their copies get a set of their own.
    """
    for record in records:
        names = record.__pydantic_fields_set__
        object.__setattr__(record, "__pydantic_fields_set__", shared.setdefault(frozenset(names), names))


def to_json_lines(records: Iterable[Record]) -> Iterator[str]:
    """Yields each record as a line: keys in the order of the record's fields, without absent values."""
    for record in records:
        yield json_line(record.model_dump(exclude_none=True, exclude_defaults=False))
