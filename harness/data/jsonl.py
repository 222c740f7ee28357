"""JSON Lines files of records: read with every fault at its line, written in a fixed order of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import Fault, FaultsError
from harness.files import decode, json_line, read_bytes
from harness.records import Record, explain_validation

R = TypeVar("R", bound=Record)


def read_records(path: Path, kind: type[R], data: bytes | None = None) -> tuple[list[tuple[int, R]], list[Fault]]:
    """The records of a JSONL file and the faults of the lines that are none. Empty lines are passed over.

    Args:
        path: UTF-8, one JSON object a line; LF or CRLF.
        kind: the record that each line must be.
        data: its bytes, where they are read already.
    Returns: (line number from 1, record) pairs in order; and all faults of the file.
    """
    try:
        text = decode(read_bytes(path) if data is None else data, path)
    except FaultsError as error:
        return [], list(error.faults)
    split = text.replace("\r\n", "\n").split("\n")
    lines = [(number, line) for number, line in enumerate(split, start=1) if line.strip()]
    with suppress(ValidationError):  # all at once is twice as fast; line by line where something is wrong
        # The line break keeps a text from going on in the next line; the marks at both ends keep an object from it.
        joined = ",\n".join(line for _, line in lines)
        whole = TypeAdapter(list[kind]).validate_json(f"[{joined}]")  # type: ignore[valid-type]
        objects = all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for _, line in lines)
        if objects and len(whole) == len(lines):
            return list(zip((number for number, _ in lines), whole, strict=True)), []
    records, faults = [], []
    for number, line in lines:
        try:
            records.append((number, kind.model_validate_json(line)))
        except ValidationError as error:
            faults += [
                Fault(str(path), number, ".".join(map(str, place)) or None, message, code)
                for place, message, code, _ in explain_validation(error)
            ]
    return records, faults


def to_json_lines(records: Iterable[Record]) -> Iterator[str]:
    """Each record as its line: keys in the order of the record's fields, absent values left out."""
    for record in records:
        yield json_line(record.model_dump(exclude_none=True, exclude_defaults=False))
