"""JSON as publishers write it: a list in one document, or an object a line; UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, NamedTuple

from harness.data.formats.source import FileFaults, SourceFile
from harness.errors import FaultsError
from harness.files import decode

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonRow(NamedTuple):
    """One object of a file."""

    line: int
    """Of the file, from 1; in a list, the object's number."""
    fields: dict[str, Any]


def json_text(file: SourceFile) -> str:
    """The text of a JSON file.

    Raises: FaultsError: neither UTF-8 nor UTF-16 with its mark.
    """
    if not file.data.startswith(UTF16):
        return decode(file.data, file.path)
    try:
        return file.data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise FaultsError.single(file.path, f"is not UTF-16, as its first bytes say: {error.reason}") from None


def _parsed(text: str) -> Any:
    """Raises: ValueError: not JSON, or an escape that is half a character, which no UTF-8 file can keep."""
    found = json.loads(text)
    if SURROGATE.search(text):
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("an escape such as \\ud800 stands without its other half") from None
    return found


def json_document(file: SourceFile) -> Any:
    """The one document of a file.

    Raises: FaultsError: it is not JSON.
    """
    try:
        return _parsed(json_text(file))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise FaultsError.single(
            file.path, f"is not JSON: {getattr(error, 'msg', error)}", line=line, code="not-json"
        ) from None


def json_rows(file: SourceFile, faults: FileFaults) -> list[JsonRow]:
    """The objects of a list, or of the lines of a file.

    Args:
        file: a list begins with `[`.
        faults: lines that are no object are added here.
    Raises: FaultsError: a list that is not JSON.
    """
    text = json_text(file)
    rows = list[JsonRow]()
    if text.lstrip().startswith("["):
        listed: list[tuple[int, Any]] = list(enumerate(json_document(file), start=1))
    else:
        listed = []
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                listed.append((number, _parsed(line)))
            except (ValueError, RecursionError) as error:
                faults.add(number, None, f"is not JSON: {getattr(error, 'msg', error)}", "not-json")
    for number, found in listed:
        if isinstance(found, dict):
            rows.append(JsonRow(number, found))
        else:
            faults.add(number, None, "is not a JSON object", "not-json")
    return rows


def text_of(row: JsonRow, name: str, faults: FileFaults) -> str | None:
    """A field that has to be a text; None, and a fault, where it is none."""
    found = row.fields.get(name)
    if isinstance(found, str) and found.strip():
        return found
    what = "is missing" if name not in row.fields else "is empty" if found == "" else "expected a text"
    faults.add(row.line, name, what)
    return None
