"""Reads JSON Lines files of records with the line of every fault, and writes them with a fixed order of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import Fault, FaultsError
from harness.files import UTF_16_MARKS, decode, json_line, opened, read_bytes
from harness.records import Record, explain_validation

R = TypeVar("R", bound=Record)
BLOCK = 8_000_000
"""Bytes of a large file that are in memory at once."""


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
    # Not splitlines(): it also splits at U+2028 and other characters that a JSON string may contain.
    all_lines = text.replace("\r\n", "\n").split("\n")
    lines = [(number, line) for number, line in enumerate(all_lines, start=1) if line.strip()]
    # Validating all lines as one JSON array is twice as fast. Any error falls through to the loop below, which reads
    # line by line and finds where the faults are.
    with suppress(ValidationError):
        # Two checks make sure that no record spans two lines: JSON strings cannot contain the raw line break of the
        # separator, and each line must begin and end with a brace.
        joined = ",\n".join(line for _, line in lines)
        parsed = TypeAdapter(list[kind]).validate_json(f"[{joined}]")  # type: ignore[valid-type]
        each_line_is_object = all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for _, line in lines)
        if each_line_is_object and len(parsed) == len(lines):
            return list(zip((number for number, _ in lines), parsed, strict=True)), []
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


def to_json_lines(records: Iterable[Record]) -> Iterator[str]:
    """Yields each record as a line: keys in the order of the record's fields, without absent values."""
    for record in records:
        yield json_line(record.model_dump(exclude_none=True, exclude_defaults=False))
