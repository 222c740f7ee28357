"""Reads JSON Lines files of records with the line of every fault, and writes them with a fixed order of keys."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import Fault, FaultsError
from harness.files import UTF_16_MARKS, decode, json_line, opened, read_bytes, translate_os_errors
from harness.records import Record, explain_validation

R = TypeVar("R", bound=Record)
BLOCK = 8_000_000
"""Bytes of a large file that are in memory at once."""
CUT_SHORT = re.compile(r'"(?:[^"\\]|\\.)*\\?|\\?[\w.+-]{0,5}', re.DOTALL)
"""What a reader does not understand of a line that ends too early: a string without its end, or a few characters."""
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


def cut_line(data: bytes) -> bytes:
    """Returns the last line of a file if it is the beginning of a record and nothing else; empty otherwise.

    Who was killed while appending a record leaves such a line, without a line end, and has not said that it is saved.
    """
    line = data[data.rfind(b"\n") + 1 :]
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(line)  # a character may be cut, too
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        return line if text.startswith("{") and CUT_SHORT.fullmatch(text, error.pos) else b""
    except (ValueError, RecursionError):
        return b""
    return b""


def mark_cut_line(path: Path, faults: list[Fault]) -> list[Fault]:
    """Returns the faults of a file to which records are appended; that of a cut last line says what mends it."""
    if not faults or not path.is_file() or not cut_line(data := read_bytes(path)):
        return faults
    number = data.count(b"\n") + 1
    message = (
        "is cut short: a command was killed while it added the line, and had not said that it was saved; "
        "harness check --fix, or the next harness label, removes the line"
    )
    return [*(fault for fault in faults if fault.line != number), Fault(str(path), number, None, message, "cut-line")]


def ends_cut_short(path: Path) -> bool:
    """Returns whether the last line of a file is cut short; of most files, only the last byte is read."""
    with opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return file.read() not in (b"", b"\n") and bool(cut_line(read_bytes(path)))


def drop_cut_line(path: Path) -> None:
    """Removes a cut last line. The caller keeps others from appending meanwhile.

    Raises: WriteError: the file cannot be written.
    """
    data = read_bytes(path)
    with translate_os_errors(path), path.open("rb+") as file:
        file.truncate(len(data) - len(cut_line(data)))
        os.fsync(file.fileno())


def to_json_lines(records: Iterable[Record]) -> Iterator[str]:
    """Yields each record as a line: keys in the order of the record's fields, without absent values."""
    for record in records:
        yield json_line(record.model_dump(exclude_none=True, exclude_defaults=False))


def to_json_bytes(records: Iterable[Record]) -> Iterator[bytes]:
    """Yields each record as a line, as bytes; see `to_json_lines`."""
    return map(str.encode, to_json_lines(records))
