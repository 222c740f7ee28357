"""Reads the rows of labeled claims in a .jsonl, .csv, .tsv or .xlsx file, each with its first line."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.encoding import UTF_8, decode_text
from harness.data.own_tables import OWN_TABLE_SUFFIXES, OwnTable, TableOptions
from harness.errors import Fault, FaultsError
from harness.files import read_bytes
from harness.records import preview

SUFFIXES = (".jsonl", *OWN_TABLE_SUFFIXES)


class LabeledRow(NamedTuple):
    """One row: a claim to add or label."""

    line: int | None
    """Line of the file where the row begins, or number of a row in memory; from 1."""
    cells: Mapping[str, Any]
    """Column (or JSON key) to value."""
    document: str | None = None
    """Text in which the claim's text begins at `start`; None if the claim is not a span of a text in the file."""
    author: str | None = None
    """Organization or person who gave the rating, as the file states it."""
    url: str | None = None
    """Address of the page on which the rating was published."""


def read_rows(
    path: Path,
    options: TableOptions | None = None,
    *,
    names: Collection[str] = (),
    notes: list[str] | None = None,
    letters: dict[str, str] | None = None,
) -> list[LabeledRow]:
    """Read the rows of a .jsonl file, or of a .csv, .tsv or .xlsx file with a header.

    Args:
        path: the file.
        options: delimiter, encoding and sheet; None finds them.
        names: names of columns that are expected; see `OwnTable`.
        notes: list to which is appended how the table was read, where the user should know.
        letters: mapping to which the letter of each column of a sheet is added, by name.
    Raises: FaultsError: the suffix is unknown, the file has no rows, or lines cannot be read; all faults at once.
    """
    options = options or TableOptions()
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FaultsError.single(path, f"unknown suffix '{path.suffix}'; expected one of {', '.join(SUFFIXES)}")
    data = read_bytes(path)
    faults = list[Fault]()
    notes = [] if notes is None else notes
    if suffix == ".jsonl":
        text, encoding = decode_text(data, path, options.encoding)
        rows = json_rows(path, text, faults)
    else:
        table = OwnTable(path, data, options, names=names)
        rows = [LabeledRow(line, cells) for line, cells in table]
        encoding = table.encoding
        faults += table.faults
        notes += table.notes
        if letters is not None:
            letters.update(table.letters)
    if encoding != UTF_8 and options.encoding is None:
        notes.append(f"{path}: is not UTF-8; read as {encoding} (--encoding NAME sets another)")
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; expected one labeled claim per line"))
    if faults:
        raise FaultsError(faults)
    return rows


def json_rows(path: Path, text: str, faults: list[Fault]) -> list[LabeledRow]:
    """Read the rows of a JSONL text: one object per line. Appends what is no object to `faults`."""
    rows = list[LabeledRow]()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        cells = json_row(line)
        if isinstance(cells, dict):
            rows.append(LabeledRow(number, cells))
        else:
            faults.append(Fault(str(path), number, None, cells))
    return rows


class _RepeatedKey(ValueError):
    """A key that occurs twice in one JSON object."""


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    cells = dict(pairs)
    if len(cells) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return cells


def json_row(line: str) -> dict[str, Any] | str:
    """Returns the object in a line of JSON; a text says why there is none."""
    try:
        cells = json.loads(line, object_pairs_hook=_without_repeated_keys)
    except json.JSONDecodeError as error:
        return f"is not JSON: {error.msg} at column {error.colno}"
    except _RepeatedKey as error:  # Python's parser would take the last value
        return f"has the key {preview(str(error))} twice; remove or rename one of them"
    except (ValueError, RecursionError):  # a number with thousands of digits, or thousands of nested lists
        return "is nested too deeply, or contains too long a number"
    return cells if isinstance(cells, dict) else f"expected a JSON object, got {preview(cells)}"
